import { expect, test } from 'vitest'
import type { Template } from '../../../src/domain/template.ts'
import { isTrafficBack } from '../../../src/engine/deliveries/traffic-back.ts'
import type { TotalRow } from '../../../src/storage/rollup-reader.ts'
import { aDeployment, aVerdict } from '../samples.ts'

const endedAt = Date.UTC(2026, 10, 21, 10, 0)
const closed = { status: 'closed', outcome: 'rolled-back', endedAt: new Date(endedAt).toISOString() } as const

function row(version: string, changes: Partial<TotalRow> = {}): TotalRow {
  const where = {
    namespace: '',
    service: 'checkout',
    environment: 'default',
    version,
    cohort: '',
    replicaSet: '',
    pod: 'p',
  }
  return { ...where, requests: 500, errors: 0, ...changes }
}

type Case = {
  /** Of each minute. */
  readonly rows: readonly TotalRow[]
  /** Of the hour before the end; by default each version has its half. */
  readonly before?: readonly TotalRow[]
  readonly secondsLater?: number
  readonly runsSinceSeconds?: number
  readonly template?: Partial<Template>
  readonly code?: 'HARM_SHOWN' | 'CANARY_SILENT'
  readonly isSaid?: boolean
}

async function ask(what: Case) {
  const { rows, before = [row('1'), row('2')], secondsLater = 90, runsSinceSeconds = -3600 } = what
  const { code = 'HARM_SHOWN', isSaid = false } = what
  const sample = aDeployment(closed)
  const deployment = { ...sample, template: { ...sample.template, watermarkSeconds: 5, ...what.template } }
  const windows: (readonly [number, number])[] = []
  const counted = async (_services: readonly string[], from: number, to: number) => {
    if (to === endedAt) return before
    windows.push([(from - endedAt) / 1000, (to - endedAt) / 1000])
    return rows.map((each) => ({ ...each, requests: (each.requests * (to - from)) / 60_000 }))
  }
  const is = await isTrafficBack(
    {
      now: () => endedAt + secondsLater * 1000,
      runsSince: endedAt + runsSinceSeconds * 1000,
      facts: { existing: async (_kind, keys) => new Set(isSaid ? keys : []) },
      rollups: {
        totals: what.template?.metrics === undefined ? counted : async () => [],
        durationTotals: async (services, metrics, from, to) =>
          (await counted(services, from, to)).map((each) => ({ ...each, metric: metrics[0] ?? '' })),
      },
      standing: async () => ({ is: 'rollback', verdict: { ...aVerdict(), reason: { code, summary: '', detail: '' } } }),
    },
    deployment,
  )
  return { is, windows }
}

test('traffic is back once the canary answered nothing for a minute in which others did', async () => {
  const { is, windows } = await ask({ rows: [row('1')] })
  expect(is).toBe(true)
  expect(new Set(windows.map(String))).toEqual(new Set(['0,60']))
  expect((await ask({ rows: [row('1'), row('2')] })).is).toBe(false)
})

test('a minute that began before the rollback says nothing, and is not asked for', async () => {
  expect(await ask({ rows: [row('1')], secondsLater: 89 })).toEqual({ is: false, windows: [] })
})

/** The hour before, with so much of it the canary's. */
function share(part: number): readonly TotalRow[] {
  return [row('1', { requests: 10_000 * (1 - part) }), row('2', { requests: 10_000 * part })]
}

test.each<[string, Case]>([
  ['silence of all', { rows: [] }],
  ['requests of another environment', { rows: [row('1', { environment: 'staging' })] }],
  ['a canary that was rolled back for its silence', { rows: [row('1')], code: 'CANARY_SILENT' }],
  ['a minute in which a small share had come to nothing anyway', { rows: [row('1')], before: share(0.01) }],
  ['a minute that began before this process took telemetry', { rows: [row('1')], runsSinceSeconds: 1 }],
  ['a minute of which telemetry may still come', { rows: [row('1')], template: { watermarkSeconds: 40 } }],
])('%s is no traffic that is back', async (_name, what) => {
  expect((await ask(what)).is).toBe(false)
})

test('who says that it is done is believed', async () => {
  expect(await ask({ rows: [row('2')], isSaid: true })).toEqual({ is: true, windows: [] })
})

test.each<[string, Case, string]>([
  ['a canary that never got any, a minute is enough', { rows: [row('1')], before: [row('1')] }, '0,60'],
  ['a canary that got all, a minute is enough', { rows: [row('1')], before: [row('2')] }, '0,60'],
  ['a share of one in 200, it takes as long as ten of its requests', slowly(0.005, 400), '130,370'],
  ['a share that is next to nothing, an hour is enough', slowly(0.000_1, 3660), '30,3630'],
])('for %s', async (_name, what, last) => {
  const { is, windows } = await ask(what)
  expect([is, windows.at(-1)?.join()]).toEqual([true, last])
  expect((await ask({ ...what, rows: [...what.rows, row('2', { requests: 1 })] })).is).toBe(false)
})

/** 500 requests a minute to others. */
function slowly(part: number, seconds: number): Case {
  return { rows: [row('1')], before: share(part), secondsLater: seconds }
}

test('requests that only histograms tell are counted by them', async () => {
  const metrics = aDeployment().template.metrics.map((metric) => ({ ...metric, source: 'metrics' as const }))
  const template = { metrics } as Partial<Template>
  expect((await ask({ rows: [row('1')], template })).is).toBe(true)
  expect((await ask({ rows: [row('1'), row('2')], template })).is).toBe(false)
})
