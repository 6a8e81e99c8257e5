import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Browser, type BrowserContext, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pagePolicy } from '../../src/http/send-page.ts'
import { renderDeployment } from '../../src/report/deployment-page.ts'
import { renderFleet } from '../../src/report/fleet-page.ts'
import { styleSheet } from '../../src/report/style.ts'
import { reportInput, variants } from '../report/fixtures.ts'

/** Pages in a real browser, under the policy that the product sends them with. */
let browser: Browser
let server: Server
let origin: string

beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === '/assets/davy.css') {
      response.setHeader('content-type', 'text/css').end(styleSheet)
      return
    }
    response.setHeader('content-type', 'text/html; charset=utf-8').setHeader('content-security-policy', pagePolicy)
    const variant = variants.find((each) => request.url === `/${each}`)
    const inputs = variants.map((each) => reportInput(each))
    const rows = inputs.map(({ deployment, verdict }) => ({ deployment, verdict }))
    const now = inputs[0]!.now
    response.end(
      variant === undefined ? renderFleet({ deployments: rows, now }) : renderDeployment(reportInput(variant)),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-sync'],
  })
})

afterAll(async () => {
  await browser?.close()
  server?.close()
})

const looks = [
  { width: 1280, colorScheme: 'light' },
  { width: 1280, colorScheme: 'dark' },
  { width: 360, colorScheme: 'light' },
  { width: 360, colorScheme: 'dark' },
] as const

async function open(context: BrowserContext, path: string) {
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  await page.goto(`${origin}/${path}`, { waitUntil: 'load' })
  return { page, complaints }
}

type Seen = {
  readonly scrollWidth: number
  readonly background: string
  readonly heading: number
  readonly flatCharts: number
}

/** Runs in the page, where there is a DOM; a text, so that the DOM's types stay out of this program. */
const measure = `({
  scrollWidth: document.documentElement.scrollWidth,
  background: getComputedStyle(document.body).backgroundColor,
  heading: document.querySelector('h1')?.getBoundingClientRect().height ?? 0,
  flatCharts: [...document.querySelectorAll('svg[role=img]')].filter(
    (svg) => svg.checkVisibility() && svg.getBoundingClientRect().width < 20,
  ).length,
})`

describe.each(looks)('at $width px, $colorScheme', ({ width, colorScheme }) => {
  it.each([...variants, 'fleet'])(
    'the page %s fits, is styled, and the browser has nothing to say',
    async (variant) => {
      const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme })
      const { page, complaints } = await open(context, variant)
      const seen = await page.evaluate<Seen>(measure)
      expect(complaints).toEqual([])
      expect(seen.scrollWidth).toBeLessThanOrEqual(width)
      expect(seen.background).toBe(colorScheme === 'dark' ? 'rgb(15, 18, 22)' : 'rgb(251, 251, 250)')
      expect(seen.heading).toBeGreaterThan(20)
      expect(seen.flatCharts).toBe(0)
      await context.close()
    },
  )
})

it('the sentence is readable for who cannot see: one h1, and a name for every picture', async () => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } })
  const { page } = await open(context, 'rollback')
  expect(await page.locator('h1').count()).toBe(1)
  const names = await page
    .locator('svg[role=img]')
    .evaluateAll((all) => all.map((svg) => svg.getAttribute('aria-label')))
  expect(names.length).toBeGreaterThan(5)
  expect(names.filter((name) => (name ?? '').length < 10)).toEqual([])
  await context.close()
})
