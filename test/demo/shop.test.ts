import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createProcesses, type Processes } from '../../deploy/demo/processes.ts'
import { prices } from '../../deploy/demo/shop/catalogue.ts'
import { type Shop, startShop } from '../../deploy/demo/shop-fleet.ts'

type Span = {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  kind: number
  status: { code?: number }
  attributes: { key: string; value: Record<string, unknown> }[]
  resource: Record<string, unknown>
}

const server = 2
const client = 3
const error = 2
const spans: Span[] = []

function plainAttributes(attributes: Span['attributes']): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))
}

const sink = createServer(async (request, response) => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const body = JSON.parse(Buffer.concat(chunks).toString())
  for (const { resource, scopeSpans } of body.resourceSpans) {
    for (const scope of scopeSpans) {
      for (const span of scope.spans) spans.push({ ...span, resource: plainAttributes(resource.attributes) })
    }
  }
  response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
})

const folder = mkdtempSync(join(tmpdir(), 'davy-demo-test-'))
const crashes: Error[] = []
const processes: Processes = createProcesses((crash) => crashes.push(crash))
const signal = AbortSignal.timeout(30_000)
let shop: Shop
const answers: { path: string; status: number; body: { version?: string } }[] = []

async function ask(path: string, body?: object): Promise<void> {
  const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
  const response = await fetch(shop.origin + path, { ...init, headers: { connection: 'close' } })
  answers.push({ path, status: response.status, body: (await response.json()) as { version?: string } })
}

beforeAll(async () => {
  await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve))
  shop = await startShop(processes, folder, `http://127.0.0.1:${(sink.address() as AddressInfo).port}`, signal)
  await ask('/cart')
  await Promise.all([shop.startVersion('2.0.0'), shop.startVersion('2.0.1')])
  await shop.split({ '2.0.1': 100 })
  for (let turn = 0; turn < 3; turn++) await ask('/cart')
  for (let item = 0; item < prices.length; item++) await ask('/pay', { item })
  await shop.split({ '2.0.0': 100 })
  for (let item = 0; item < prices.length; item++) await ask('/pay', { item })
  // Stopping sends what the processes have not sent yet.
  await processes.stopAll()
})

afterAll(async () => {
  await processes.stopAll()
  sink.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('the shop', () => {
  const ofCheckout = (version: string) =>
    spans.filter(({ kind, resource }) => kind === server && resource['service.version'] === version)

  it('stops every process without a crash', () => {
    expect(crashes).toEqual([])
  })

  it('answers 503 while no version takes traffic', () => {
    expect(answers[0]).toMatchObject({ path: '/cart', status: 503 })
  })

  it('sends all traffic to the version that has all the weight, over all three of its processes', () => {
    expect(answers.slice(1, 4).map(({ body }) => body.version)).toEqual(['2.0.1', '2.0.1', '2.0.1'])
    const instances = ofCheckout('2.0.1').map(({ resource }) => resource['service.instance.id'])
    expect(new Set(instances)).toEqual(new Set(['checkout-2.0.1-1', 'checkout-2.0.1-2', 'checkout-2.0.1-3']))
  })

  it('names service, namespace and environment in every span', () => {
    for (const { resource } of spans) {
      expect(resource).toMatchObject({ 'service.namespace': 'shop', 'deployment.environment.name': 'demo' })
      expect(['gateway', 'checkout', 'payments']).toContain(resource['service.name'])
    }
  })

  it('makes one SERVER span a request, named by method and route', () => {
    const pay = ofCheckout('2.0.0')
    expect(pay).toHaveLength(prices.length)
    for (const span of pay) {
      expect(span.name).toBe('POST /pay')
      expect(plainAttributes(span.attributes)).toMatchObject({ 'http.request.method': 'POST', 'http.route': '/pay' })
    }
  })

  it('marks a 5xx and a declined card as errors at the checkout, and nothing else', () => {
    for (const span of [...ofCheckout('2.0.0'), ...ofCheckout('2.0.1')]) {
      const status = plainAttributes(span.attributes)['http.response.status_code']
      expect([200, 402, 502]).toContain(status)
      expect(span.status.code === error).toBe(status !== 200)
    }
  })

  it('fails at 10 of the 23 prices in 2.0.1 and at none in 2.0.0', () => {
    const failed = (version: string) =>
      ofCheckout(version).filter(({ attributes }) => plainAttributes(attributes)['http.response.status_code'] === 502)
    expect(failed('2.0.1')).toHaveLength(10)
    expect(failed('2.0.0')).toHaveLength(0)
  })

  it('carries the trace through gateway, checkout and payments', () => {
    const payments = spans.filter(({ kind, name }) => kind === server && name === 'POST /payments')
    expect(payments).toHaveLength(2 * prices.length)
    for (const span of payments) {
      const trace = spans.filter(({ traceId }) => traceId === span.traceId)
      expect(trace.map(({ name, kind }) => `${kind} ${name}`).toSorted()).toEqual([
        `${server} POST /pay`,
        `${server} POST /pay`,
        `${server} POST /payments`,
        `${client} POST /pay`,
        `${client} POST /payments`,
      ])
      expect(trace.find(({ spanId }) => spanId === span.parentSpanId)?.kind).toBe(client)
    }
  })
})

describe('a process of the demo', () => {
  it('that ends before it is ready is an error with the end of its log', async () => {
    const file = join(folder, 'broken.mjs')
    writeFileSync(file, "console.error('no lamp oil'); process.exit(3)")
    const heard: Error[] = []
    const starting = createProcesses((crash) => heard.push(crash)).start(
      { name: 'the lamp', file: pathToFileURL(file), logFile: join(folder, 'broken.log') },
      signal,
    )
    await expect(starting).rejects.toThrow(/the lamp ended \(exit code 3\).*no lamp oil/s)
    expect(heard).toHaveLength(1)
  })
})
