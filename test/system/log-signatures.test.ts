import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Verdict } from '../../src/domain/verdict.ts'
import { type Davy, sendSpans, startDavy, until, untilStored } from '../davy.ts'
import { quick } from '../engine/lab.ts'
import { callOf } from '../http/client.ts'
import { keyValues } from '../storage/store-otlp.ts'

/*
 * A canary of which no request fails, and one in fifty logs an exception that nobody had seen: all that OTLP and the API
 * say, from the first byte to the page. The rollout lies in the last minutes, so that nobody has to wait for it.
 */
const minutes = 5
const start = Math.floor(Date.now() / 10_000) * 10_000 - minutes * 60_000 - 40_000
const service = 'checkout'
let davy: Davy
let id: string

const template = {
  ...quick,
  name: 'with-logs',
  metrics: [
    { ...quick.metrics[0]!, weight: 0.5 },
    {
      ...{ name: 'log-signatures', kind: 'signatures', source: 'logs', query: { severity: 'warn' }, group: 'logs' },
      ...{ direction: 'increase', weight: 0.1, margin: 1.5, promoteMargin: 2, critical: false },
    },
  ],
}

const call = <T>(method: string, path: string, body?: object): Promise<T> => callOf<T>(davy, method, path, body)

type LogLine = {
  readonly at: number
  readonly version: string
  readonly pod: string
  readonly severity: number
  readonly body: string
  readonly stack?: string
}

async function sendLogs(lines: readonly LogLine[]): Promise<void> {
  const byPod = Map.groupBy(lines, ({ version, pod }) => `${version} ${pod}`)
  const resourceLogs = [...byPod].map(([key, own]) => {
    const [version, pod] = key.split(' ')
    return {
      resource: {
        attributes: keyValues({ 'service.name': service, 'service.version': version!, 'k8s.pod.name': pod! }),
      },
      scopeLogs: [
        {
          logRecords: own.map(({ at, severity, body, stack }) => ({
            ...{ timeUnixNano: `${at}000000`, severityNumber: severity, body: { stringValue: body } },
            ...{ traceId: randomBytes(16).toString('hex'), spanId: randomBytes(8).toString('hex') },
            attributes: keyValues(
              stack === undefined ? {} : { 'exception.type': 'TypeError', 'exception.stacktrace': stack },
            ),
          })),
        },
      ],
    }
  })
  const response = await fetch(`${davy.otlpUrl}/v1/logs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceLogs }),
  })
  expect(response.status).toBe(200)
}

/** The line number is another one in each build of the program; the exception is the same one. */
const stackOf = (line: number) =>
  `TypeError: card is undefined\n    at charge (/app/src/pay.js:${line}:7)\n    at handle (/app/src/server.js:${line + 3}:11)`

type Listed = {
  items: {
    hash: string
    lines: number
    kind: string
    text: string
    severity: string
    requests: number
    firstVersion: string
    muted: unknown
  }[]
}

beforeAll(async () => {
  davy = await startDavy()
  await call('PUT', '/api/v1/templates/with-logs', template)
  const spans = []
  const lines: LogLine[] = []
  const pods = ['1.0', '1.0', '1.0', '1.1', '1.1'].map((version, i) => ({ version, pod: `${version}-${i}` }))
  for (let at = start - 300_000; at < start + minutes * 60_000; at += 1000) {
    for (const { version, pod } of pods) {
      if (version === '1.1' && at < start) continue
      const seconds = Math.round(at / 1000)
      for (let i = 0; i < 4; i += 1) spans.push({ service, version, pod, endAt: at + i * 200, route: 'POST /pay' })
      if (seconds % 7 === 0)
        lines.push({ at, version, pod, severity: 13, body: `payment of order ${seconds} declined by bank` })
      if (seconds % 3 === 0) lines.push({ at, version, pod, severity: 9, body: `order ${seconds} paid` })
      const isThrown = version === '1.1' && seconds % 10 === Number(pod.at(-1))
      if (isThrown)
        lines.push({ at, version, pod, severity: 17, body: `order ${seconds} failed`, stack: stackOf(seconds % 90) })
    }
  }
  await sendLogs(lines)
  await sendSpans(davy, spans)
  await untilStored(davy, service, spans.length)
  await until(
    async () => {
      const { items } = await call<Listed>('GET', `/api/v1/services/${service}/log-templates`)
      return items.reduce((sum, item) => sum + item.lines, 0) === lines.length
    },
    'counted lines',
    30_000,
  )
  const registration = {
    ...{ service, canary: { version: '1.1' }, baseline: { version: '1.0' }, template: 'with-logs' },
    startedAt: new Date(start).toISOString(),
  }
  ;({ id } = await call<{ id: string }>('POST', '/api/v1/deployments', registration))
})
afterAll(() => davy.stop())

test('an exception that only the canary throws rolls it back, and the verdict says which', async () => {
  const verdict = await until(
    async () => {
      const newest = await call<Verdict>('GET', `/api/v1/deployments/${id}/verdict`)
      return newest.decision === 'rollback' && newest
    },
    'a rollback for what is logged',
    40_000,
  )
  expect(verdict.reason.code).toBe('HARM_SHOWN')
  expect(verdict.reason.summary).toBe(
    'checkout 1.1 logs “TypeError at pay.charge ← server.handle” in 2.5% of requests against 0% for 1.0.',
  )
  const judged = verdict.metrics.find(({ name }) => name === 'log-signatures')!
  expect(judged).toMatchObject({ kind: 'signatures', finding: 'harm-shown' })
  expect(judged.where[0]).toMatchObject({ attribute: 'log.template', ratio: null, baseline: { errors: 0 } })
})

test('the list of templates says what is logged, how often, and since which version', async () => {
  const { items } = await call<Listed>('GET', `/api/v1/services/${service}/log-templates?version=1.1`)
  expect(items).toMatchObject([
    {
      kind: 'exception',
      text: 'TypeError at pay.charge ← server.handle',
      severity: 'error',
      firstVersion: '1.1',
      muted: null,
    },
    { kind: 'message', text: 'payment of order <*> declined by bank', severity: 'warn', firstVersion: '1.0' },
    { kind: 'message', text: 'order <*> paid', severity: 'info', requests: 0 },
  ])
  const old = await call<Listed>('GET', `/api/v1/services/${service}/log-templates?version=1.0`)
  expect(old.items.map(({ severity }) => severity)).toEqual(['warn', 'info'])
})

test('the API compares what both cohorts log by request', async () => {
  const { items } = await call<{ items: object[] }>('GET', `/api/v1/deployments/${id}/log-templates`)
  expect(items).toMatchObject([
    {
      ...{ text: 'TypeError at pay.charge ← server.handle', change: 'new', severity: 'error', firstVersion: '1.1' },
      ...{ baseline: { requests: 0 }, muted: null },
    },
    { text: 'payment of order <*> declined by bank', change: 'same', firstVersion: '1.0' },
  ])
})

test('the page shows what is new with an example and where its rows are', async () => {
  const page = await (await fetch(`${davy.url}/deployments/${id}`)).text()
  expect(page).toContain('One new among 2 kinds of warnings and errors.')
  const [, path] = /<a href="(\/api\/v1\/services\/checkout\/log-templates\?[^"]*)"/.exec(page) ?? []
  const { items } = await call<Listed>('GET', path!.replaceAll('&amp;', '&'))
  expect(items).toMatchObject([{ text: 'TypeError at pay.charge ← server.handle' }])
})

test('a template that somebody expects is no evidence any more, and who said so is on record', async () => {
  await expect(
    call('POST', `/api/v1/services/${service}/log-templates/${'0'.repeat(13)}1/feedback`, { reason: 'x' }),
  ).rejects.toThrow('NOT_FOUND')
  const [thrown] = (await call<Listed>('GET', `/api/v1/services/${service}/log-templates?severity=error`)).items
  const path = `/api/v1/services/${service}/log-templates/${thrown!.hash}/feedback`
  const past = { reason: 'x', expiresAt: new Date(Date.now() - 1000).toISOString() }
  await expect(call('POST', path, past)).rejects.toThrow('UNPROCESSABLE')
  const expiresAt = new Date(Date.now() + 3_600_000).toISOString()
  await call('POST', path, { verdict: 'expected', reason: 'a known defect of the bank, PAY-12', expiresAt })
  const [muted] = (await call<Listed>('GET', `/api/v1/services/${service}/log-templates?severity=error`)).items
  expect(muted).toMatchObject({ muted: { reason: 'a known defect of the bank, PAY-12', expiresAt, by: 'local' } })
  const again = await call<{ id: string }>('POST', '/api/v1/deployments', {
    ...{ service, canary: { match: { version: ['1.1'] } }, baseline: { version: '1.0' }, template: 'with-logs' },
    startedAt: new Date(start).toISOString(),
  })
  expect(again.id).not.toBe(id)
  const verdict = await until(
    async () => {
      const newest = await call<Verdict>('GET', `/api/v1/deployments/${again.id}/verdict`)
      return newest.look >= 6 * minutes - 2 && newest
    },
    'looks of the next attempt',
    40_000,
  )
  expect(verdict.decision).not.toBe('rollback')
  expect(verdict.metrics.find(({ name }) => name === 'log-signatures')!.where.map(({ value }) => value)).not.toContain(
    thrown!.text,
  )
})
