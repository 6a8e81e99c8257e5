import { afterAll, beforeAll, expect, test } from 'vitest'
import type { SourceQuestion } from '../../../src/domain/metric-source.ts'
import type { MetricSpec } from '../../../src/domain/template.ts'
import { openLogs } from '../../../src/engine/logs/open-logs.ts'
import { createLogger } from '../../../src/platform/logger.ts'
import { RollupReader } from '../../../src/storage/rollup-reader.ts'
import { type LogLab, openLogLab } from './log-lab.ts'

const start = Math.floor(Date.now() / 60_000) * 60_000 - 1_800_000
const now = start + 600_000
let lab: LogLab
let ids = 0
let unstored: number | null = null

function logsOf() {
  return openLogs({
    ...{ storage: lab.storage, facts: lab.facts, rollups: new RollupReader(lab.storage), now: () => now },
    log: createLogger('silent', { write: () => {} }),
    newId: () => `feedback-${++ids}`,
    oldestUnstoredAt: () => unstored,
    ...{ retentionDays: 7, offset: 0 },
  })
}

const metric: MetricSpec = {
  ...{ name: 'logs', kind: 'signatures', source: 'logs', direction: 'increase', weight: 0.1, group: 'logs' },
  ...{ margin: 1.5, promoteMargin: 2, critical: false },
}

function question(changes: Partial<MetricSpec> = {}): SourceQuestion {
  return {
    deployment: {
      ...{ id: 'd', namespace: '', service: 'shop', environment: 'default', strategy: 'canary' },
      ...{ canary: { version: '2' }, baseline: { version: '1' }, startedAt: new Date(start).toISOString() },
    },
    metric: { ...metric, ...changes },
    windows: [
      { from: start, to: start + 10_000 },
      { from: start + 10_000, to: start + 20_000 },
    ],
  }
}

const ask = (changes?: Partial<MetricSpec>) => logsOf().source.ask(question(changes), AbortSignal.timeout(30_000))

beforeAll(async () => {
  lab = await openLogLab()
  const trace = (i: number) => i.toString(16).padStart(32, '0')
  await lab.storeSpans(
    Array.from({ length: 40 }, (_, i) => ({
      at: start + 250 * i,
      version: i % 4 === 0 ? '2' : '1',
      pod: i % 4 === 0 ? 'c' : 'b',
      traceId: trace(i),
    })),
  )
  const error = (at: number, version: string | undefined, body: string, traceId: string, pod?: string) => ({
    ...{ at, severity: 17, body, traceId },
    ...(version === undefined ? {} : { version }),
    ...(pod === undefined ? {} : { pod }),
  })
  await lab.store([
    error(start - 60_000, '1', 'card 1 refused', trace(900)),
    error(start - 50_000, '2', 'disk 9 is full', trace(901)),
    // Twice in one request, once in another, and once each by a line that only its trace or its pod places.
    ...[0, 0, 4].map((i) => error(start + 100, '2', `disk ${i} is full`, trace(i), 'c')),
    error(start + 200, undefined, 'disk 5 is full', trace(8)),
    error(start + 300, undefined, 'disk 6 is full', 'f'.repeat(32), 'c'),
    error(start + 400, '1', 'card 2 refused', trace(1), 'b'),
    { at: start + 500, version: '2', severity: 13, body: 'slow', traceId: trace(12), pod: 'c' },
  ])
})
afterAll(() => lab.close())

test('each window has the requests of both arms, and those that logged an error by what they logged', async () => {
  const [first, second] = await ask()
  expect(first!.canary).toMatchObject({ requests: 10, pods: { c: { requests: 10 } } })
  expect(first!.baseline).toMatchObject({ requests: 30 })
  const [disk] = Object.values(first!.canary.signatures!)
  expect(disk).toEqual({ text: 'disk <*> is full', severity: 17, isKnown: false, pods: { c: 4 } })
  expect(Object.values(first!.baseline.signatures!)).toEqual([
    { text: 'card <*> refused', severity: 17, isKnown: true, pods: { b: 1 } },
  ])
  expect(second!).toMatchObject({ canary: { requests: 0, signatures: {} }, baseline: { requests: 0, signatures: {} } })
})

test('warnings count where they are asked for', async () => {
  const [first] = await ask({ query: { severity: 'warn' } })
  expect(
    Object.values(first!.canary.signatures!)
      .map(({ text }) => text)
      .sort(),
  ).toEqual(['disk <*> is full', 'slow'])
})

test('as a proportion, requests that log an error fail', async () => {
  const [first] = await ask({ kind: 'proportion' })
  expect(first!.canary).toMatchObject({ requests: 10, errors: 4 })
  expect(first!.baseline).toMatchObject({ requests: 30, errors: 1 })
})

test('what somebody expects is no evidence until it expires, and all that was said stays on record', async () => {
  const late = { at: start + 11_000, severity: 17, body: 'disk 7 is full', version: '2', pod: 'c', traceId: '' }
  await lab.store([late])
  const { templates } = logsOf()
  const [disk] = await templates.list({ service: 'shop' }, { from: start, to: now, severity: 17 })
  const said = { service: 'shop', hash: disk!.template.hash, verdict: 'expected', reason: 'PAY-12', by: 'ana' } as const
  await templates.say({ ...said, expiresAt: new Date(start + 10_000).toISOString() }, now)
  const [during, after] = await ask()
  expect(during!.canary.signatures).toEqual({})
  expect(Object.values(after!.canary.signatures!)).toMatchObject([{ text: 'disk <*> is full', pods: { c: 1 } }])
  await templates.say({ ...said, verdict: 'unexpected', expiresAt: new Date(now + 1000).toISOString() }, now)
  expect(Object.keys((await ask())[0]!.canary.signatures!)).toHaveLength(1)
  const record = await lab.facts.list<object>({ kind: 'log-template-feedback' })
  const { hash } = disk!.template
  expect(record.map(({ body }) => body)).toMatchObject([
    { verdict: 'expected', hash, text: 'disk <*> is full', reason: 'PAY-12', by: 'ana' },
    { verdict: 'unexpected', hash, by: 'ana' },
  ])
})

test('lines that wait for storage are a source that cannot be asked, not silence', async () => {
  unstored = start + 5000
  await expect(ask()).rejects.toThrow('not counted yet')
  unstored = null
})
