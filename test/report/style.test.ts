import { expect, it } from 'vitest'
import { renderDeployment } from '../../src/report/deployment-page.ts'
import { renderFleet } from '../../src/report/fleet-page.ts'
import { styleSheet } from '../../src/report/style.ts'
import { tokens } from '../../src/report/style-tokens.ts'
import { reportInput, variants } from './fixtures.ts'
import { fleetOf } from './hostile.ts'
import { classesOf } from './tags.ts'

it('every class that a page uses is styled', () => {
  const inputs = variants.map((variant) => reportInput(variant))
  const pages = [...inputs.map(renderDeployment), renderFleet(fleetOf(inputs, Date.parse('2026-11-21T10:15:00Z')))]
  // These only name what a rule reaches in another way.
  const unstyled = new Set(['chart', 'metrics', 'quantiles', 'zone'])
  const used = new Set(pages.flatMap((page) => [...classesOf(page)]))
  const missing = [...used].filter(
    (name) => !unstyled.has(name) && !new RegExp(`\\.${name}(?![\\w-])`).test(styleSheet),
  )
  expect(missing).toEqual([])
  expect(used.size).toBeGreaterThan(80)
})

it('closes every brace and loads nothing from elsewhere', () => {
  expect(styleSheet.match(/\{/g)?.length).toBe(styleSheet.match(/\}/g)?.length)
  expect(styleSheet).not.toMatch(/url\(|@import|<|javascript/i)
})

type Palette = Readonly<Record<string, string>>

function palette(block: string): Palette {
  return Object.fromEntries(
    [...block.matchAll(/--([\w-]+): (#[0-9a-f]{3,8});/g)].map((match) => [match[1]!, match[2]!]),
  )
}

function luminance(colour: string): number {
  const digits = colour.length === 4 ? [...colour.slice(1)].map((digit) => digit + digit).join('') : colour.slice(1, 7)
  const [red, green, blue] = [0, 2, 4].map((at) => {
    const channel = Number.parseInt(digits.slice(at, at + 2), 16) / 255
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!
}

function contrast(a: string, b: string): number {
  const [dark, light] = [luminance(a), luminance(b)].toSorted((x, y) => x - y)
  return (light! + 0.05) / (dark! + 0.05)
}

const [light, dark] = tokens.split('@media').slice(0, 2).map(palette)

it.each([
  ['light', light!],
  ['dark', dark!],
])('text has a contrast of 4.5 and marks of 3, %s', (_, colours) => {
  const texts = [
    'ink',
    'ink-2',
    'ink-3',
    'base-text',
    'canary-text',
    'promote-text',
    'hold-text',
    'rollback-text',
    'link',
  ]
  const marks = ['base', 'canary', 'promote', 'hold', 'rollback']
  for (const name of texts) expect([name, contrast(colours[name]!, colours.surface!) >= 4.5]).toEqual([name, true])
  for (const name of marks) expect([name, contrast(colours[name]!, colours.surface!) >= 3]).toEqual([name, true])
  for (const state of ['promote', 'hold', 'rollback']) {
    expect([state, contrast(colours[`${state}-on`]!, colours[`${state}-fill`]!) >= 4.5]).toEqual([state, true])
  }
})
