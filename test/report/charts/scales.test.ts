import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { balance } from '../../../src/report/charts/balance.ts'
import { ratioX } from '../../../src/report/charts/ratio-axis.ts'
import { thinned } from '../../../src/report/charts/thinned.ts'
import { timeScale, timeTicks } from '../../../src/report/charts/time-scale.ts'
import { valueTicks } from '../../../src/report/charts/value-ticks.ts'

describe('the ratio axis', () => {
  it('places 1.05 and 14 on one width', () => {
    const places = [0.5, 0.8, 1, 1.25, 2, 4, 12, 32].map((ratio) => Math.round(ratioX(ratio) * 1000) / 10)
    expect(places).toEqual([0, 18.1, 35.6, 53, 71.1, 83.4, 94, 100])
  })

  it('never leaves the width and never turns back', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1e6, noNaN: true }),
        fc.double({ min: 0, max: 1e6, noNaN: true }),
        (a, b) => {
          const [low, high] = [ratioX(Math.min(a, b)), ratioX(Math.max(a, b))]
          expect(low).toBeGreaterThanOrEqual(0)
          expect(high).toBeLessThanOrEqual(1)
          expect(low).toBeLessThanOrEqual(high)
        },
      ),
    )
  })
})

describe('the balance', () => {
  const budgets = { falseRollbackRate: 0.01, falsePromoteRate: 0.05 }

  it('draws nothing for evidence at or below 1', () => {
    const { markup } = balance({ ...budgets, eValue: 0.9, promoteEValue: 1 })
    expect(markup).not.toMatch(/<rect class="f-/)
    expect(markup).toContain('aria-label="evidence that harm is ruled out 1 of 20; evidence of harm 0.9 of 100"')
  })

  it('is amber from the pause line and red from the line that decides', () => {
    expect(balance({ ...budgets, eValue: 9, promoteEValue: 1 }).markup).toContain('<rect class="f-quiet"')
    expect(balance({ ...budgets, eValue: 10, promoteEValue: 1 }).markup).toContain('<rect class="f-hold"')
    expect(balance({ ...budgets, eValue: 100, promoteEValue: 1 }).markup).toContain('<rect class="f-rollback"')
  })

  it('ends in an arrow beyond its end, however much evidence there is', () => {
    expect(balance({ ...budgets, eValue: 1e300, promoteEValue: 1 }).markup).toContain('<polygon class="f-rollback"')
    expect(balance({ ...budgets, eValue: 1, promoteEValue: 1e300 }).markup).toContain('<polygon class="f-promote"')
    expect(balance({ ...budgets, eValue: 110, promoteEValue: 1 }).markup).not.toContain('<polygon')
  })

  it('a smaller budget moves the line, not the bar’s meaning', () => {
    const { markup } = balance({ falseRollbackRate: 0.0025, falsePromoteRate: 0.05, eValue: 100, promoteEValue: 1 })
    expect(markup).toContain('evidence of harm 100 of 400')
    expect(markup).toContain('<rect class="f-hold"')
  })
})

it('a long line keeps its lowest and its highest point', () => {
  const points = Array.from(
    { length: 20_000 },
    (_, index) => [index / 20_000, index === 7777 ? -90 : Math.sin(index)] as const,
  )
  const kept = thinned(points)
  expect(kept.length).toBeLessThanOrEqual(1002)
  expect(Math.min(...kept.map(([, y]) => y))).toBe(-90)
  expect(kept.map(([x]) => x)).toEqual(kept.map(([x]) => x).toSorted((a, b) => a - b))
})

it('times are labelled at round moments, seven at most, for any span', () => {
  const from = Date.parse('2026-11-21T09:51:40Z')
  for (const seconds of [0, 5, 40, 510, 5_400, 86_400, 2_000_000]) {
    const ticks = timeTicks(timeScale(from, from + seconds * 1000), 5)
    expect(ticks.length).toBeLessThanOrEqual(7)
    if (seconds >= 510) expect(ticks.length).toBeGreaterThanOrEqual(2)
  }
  expect(timeTicks(timeScale(from, from + 510_000)).map(({ label }) => label)).toEqual([
    '09:52',
    '09:54',
    '09:56',
    '09:58',
    '10:00',
  ])
})

it('values are labelled at round steps from 0', () => {
  expect(valueTicks(0.132, 3)).toEqual([0, 0.05, 0.1])
  expect(valueTicks(40, 4)).toEqual([0, 10, 20, 30, 40])
  expect(valueTicks(0.0007, 3).length).toBeLessThanOrEqual(4)
})
