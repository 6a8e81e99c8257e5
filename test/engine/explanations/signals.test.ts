import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Deployment } from '../../../src/domain/deployment.ts'
import type { Explanation } from '../../../src/domain/explanation.ts'
import type { Judgement, Verdict } from '../../../src/domain/verdict.ts'
import { explainVerdict } from '../../../src/engine/explanations/explain-verdict.ts'
import { CallsRollupReader } from '../../../src/storage/calls-rollup-reader.ts'
import { LogAttributesReader } from '../../../src/storage/log-attributes-reader.ts'
import { LogTemplatesReader } from '../../../src/storage/log-templates-reader.ts'
import { MetricAttributesReader } from '../../../src/storage/metric-attributes-reader.ts'
import { RollupReader } from '../../../src/storage/rollup-reader.ts'
import { SpanAttributesReader } from '../../../src/storage/span-attributes-reader.ts'
import { type Random, random } from '../../stats/random.ts'
import { type Lab, openLab, quick } from '../lab.ts'

type Arm = 'baseline' | 'canary'

let lab: Lab
let start: number
let inserts = 0
beforeAll(async () => {
  lab = await openLab()
  start = lab.now
})
afterAll(() => lab.close())

const minutes = 10
const minuteMs = 60_000
const store = (table: string, rows: readonly object[]) => lab.storage.insertRows(table, rows, `signals/${++inserts}`)
const seconds = (ms: number) => (ms / 1000).toFixed(3)
const versions = { baseline: '1', canary: '2' } as const
const sizes = { baseline: 6000, canary: 1600 } as const
const pods = { baseline: 4, canary: 2 } as const

const resourceOf = (service: string, arm: Arm, pod: number) => ({
  ...{ 'service.name': service, 'service.version': versions[arm] },
  ...{ 'k8s.pod.name': `${versions[arm]}-${pod}`, 'k8s.node.name': `node-${pod}` },
})

async function explain(service: string, metrics: readonly object[] = []) {
  const storage = lab.storage
  const deployment = {
    ...{ id: `id-${service}`, service, environment: 'default', namespace: '', strategy: 'canary', template: quick },
    ...{ canary: { version: '2' }, baseline: { version: '1' } },
    ...{ startedAt: new Date(start).toISOString(), endedAt: null },
  } as unknown as Deployment
  const verdict = {
    ...{ id: `verdict-${service}`, deploymentId: `id-${service}`, look: 60, reason: { code: 'HARM_SHOWN' } },
    ...{ metrics, decidedAt: new Date(start + minutes * minuteMs + 30_000).toISOString() },
  } as unknown as Verdict
  const options = {
    ...{ rollups: new RollupReader(storage), calls: new CallsRollupReader(storage), looks: { list: async () => [] } },
    ...{ spans: new SpanAttributesReader(storage), logs: new LogAttributesReader(storage) },
    ...{ metrics: new MetricAttributesReader(storage), places: new LogTemplatesReader(storage) },
    ...{ deployments: () => [], newest: async () => new Map<string, Verdict>(), now: () => start },
    oldestUnstoredAt: () => null,
  }
  return explainVerdict(options, deployment, verdict, false)
}

const lookOf = ({ signals }: Explanation, signal: string) => signals!.find((look) => look.signal === signal)!

type Said = Readonly<Record<string, string>>
type Behaviour = {
  /** What one record or request says of itself. */
  readonly says: (source: Random, arm: Arm) => Said
  readonly failing: (arm: Arm, said: Said) => number
}

/** Records of both versions, two of each request that names its trace; errors say no more than other records. */
async function log(service: string, { says, failing }: Behaviour, lines: { traced?: boolean } = {}) {
  const source = random(7)
  const rows = (['baseline', 'canary'] as const).flatMap((arm) =>
    Array.from({ length: sizes[arm] }, (_, index) => {
      const said = says(source, arm)
      const isError = source.uniform() < failing(arm, said)
      const resource = resourceOf(service, arm, index % pods[arm])
      const row = (severity: number, attributes: Said) => ({
        ...{ Timestamp: seconds(start + Math.floor((index / sizes[arm]) * minutes * minuteMs)), ServiceName: service },
        ...{ SeverityNumber: severity, Body: 'paid', ResourceAttributes: resource, LogAttributes: attributes },
        TraceId: lines.traced === true ? `${versions[arm]}${index}`.padStart(32, '0') : '',
      })
      const id = { 'request.id': `${arm}-${index}` }
      if (lines.traced !== true) return [row(isError ? 17 : 9, { ...said, ...id })]
      // Its access line says who it is for, and an error is logged five times.
      return [row(9, { ...said, ...id }), ...Array.from({ length: isError ? 5 : 0 }, () => row(17, {}))]
    }).flat(),
  )
  await store('otel_logs', rows)
}

const tiers = (source: Random) => ({
  'tenant.tier': source.uniform() < 0.3 ? 'gold' : 'free',
  'device.type': source.uniform() < 0.5 ? 'phone' : 'desktop',
})

describe('logs alone', () => {
  test('name the tenant tier that the additional errors come from', async () => {
    await log('tier-logs', {
      says: tiers,
      failing: (arm, said) => (arm === 'canary' && said['tenant.tier'] === 'gold' ? 0.3 : 0.02),
    })
    const made = await explain('tier-logs')
    expect(made.attributes).toMatchObject([{ signal: 'logs', attribute: 'tenant.tier', value: 'gold' }])
    expect(made.attributes[0]!.share).toBeGreaterThan(0.8)
    expect(made.attributes[0]!.baseline.requests + made.attributes[0]!.canary.requests).toBeLessThan(3000)
    expect(lookOf(made, 'logs')).toMatchObject({
      ...{ counted: sizes.baseline + sizes.canary, oneIn: 1 },
      leftOut: [{ reason: 'many-values', names: ['request.id'], more: 0 }],
    })
    expect(made.place.summary).toBe('All pods of the canary do alike: it is the version.')
  })

  test('count a request once, however often it logs its error, and know of it what any of its lines says', async () => {
    await log(
      'traced-logs',
      { says: tiers, failing: (arm, said) => (arm === 'canary' && said['tenant.tier'] === 'gold' ? 0.3 : 0.02) },
      { traced: true },
    )
    const made = await explain('traced-logs')
    expect(lookOf(made, 'logs').counted).toBe(sizes.baseline + sizes.canary)
    expect(made.attributes).toMatchObject([{ signal: 'logs', attribute: 'tenant.tier', value: 'gold' }])
    const { canary } = made.attributes[0]!
    expect(canary.errors / canary.requests).toBeGreaterThan(0.25)
    expect(canary.errors / canary.requests).toBeLessThan(0.35)
  })

  test('name no region that is bad in both versions and of which the canary has more', async () => {
    await log('mixed-logs', {
      says: (source, arm) => ({
        'cloud.region': source.uniform() < (arm === 'canary' ? 0.7 : 0.15) ? 'south' : 'north',
      }),
      failing: (_arm, said) => (said['cloud.region'] === 'south' ? 0.3 : 0.02),
    })
    const made = await explain('mixed-logs')
    expect(made.attributes).toEqual([])
    expect(lookOf(made, 'logs').counted).toBe(sizes.baseline + sizes.canary)
  })

  test('are told from one bad pod', async () => {
    const service = 'pod-logs'
    const source = random(3)
    const rows = (['baseline', 'canary'] as const).flatMap((arm) =>
      Array.from({ length: 4000 }, (_, index) => {
        const pod = index % 4
        return {
          ...{ Timestamp: seconds(start + index * 100), ServiceName: service, Body: 'paid', LogAttributes: {} },
          SeverityNumber: source.uniform() < (arm === 'canary' && pod === 2 ? 0.4 : 0.02) ? 17 : 9,
          ResourceAttributes: resourceOf(service, arm, pod),
        }
      }),
    )
    await store('otel_logs', rows)
    const { place } = await explain(service)
    expect(place).toMatchObject({ kind: 'pod', place: '2-2' })
    expect(place.summary).toMatch(/^Pod 2-2 logs errors in 4\d(\.\d)?% of its records;/)
  })
})

const bounds = [0.1, 0.25, 0.5, 1]
type Seen = { readonly count: number; readonly buckets: readonly number[] }

/** What counted requests of both versions, every 30 s, cumulative, by region and outcome: a histogram or a counter. */
async function count(
  service: string,
  behaviour: Behaviour & { slow?: Behaviour['failing'] },
  kind: 'histogram' | 'sum',
) {
  const source = random(11)
  const rows = (['baseline', 'canary'] as const).flatMap((arm) =>
    Array.from({ length: pods[arm] }, (_, pod) => {
      const series = new Map<string, Seen & { said: Said; failed: boolean }>()
      return Array.from({ length: minutes * 2 }, (_, half) => {
        for (let left = sizes[arm] / pods[arm] / minutes / 2; left > 0; left -= 1) {
          const said = behaviour.says(source, arm)
          const failed = source.uniform() < behaviour.failing(arm, said)
          const bucket = source.uniform() < (behaviour.slow?.(arm, said) ?? 0.02) ? 3 : 1
          const key = JSON.stringify([said, failed])
          const before = series.get(key) ?? { count: 0, buckets: [0, 0, 0, 0, 0], said, failed }
          const buckets = before.buckets.map((n, index) => (index === bucket ? n + 1 : n))
          series.set(key, { ...before, count: before.count + 1, buckets })
        }
        return [...series.values()].map(({ said, failed, count: total, buckets }) => ({
          ...{ ServiceName: service, ResourceAttributes: resourceOf(service, arm, pod) },
          ...{ StartTimeUnix: seconds(start - 1), TimeUnix: seconds(start + (half + 1) * 30_000 - 1000 - pod) },
          AggregationTemporality: 2,
          ...(kind === 'histogram'
            ? {
                ...{ MetricName: 'http.server.request.duration', MetricUnit: 's', Count: total },
                ...{ BucketCounts: buckets, ExplicitBounds: bounds },
                Attributes: { 'http.request.method': 'POST', ...said, ...(failed ? { 'error.type': '500' } : {}) },
              }
            : {
                ...{ MetricName: 'payments_total', Value: total, IsMonotonic: true },
                Attributes: { ...said, code: failed ? '503' : '200' },
              }),
        }))
      }).flat()
    }).flat(),
  )
  await store(kind === 'histogram' ? 'otel_metrics_histogram' : 'otel_metrics_sum', rows)
}

const regions = (source: Random) => ({ 'cloud.region': ['eu', 'us', 'asia'][Math.floor(source.uniform() * 3)]! })
const isBad = (arm: Arm, said: Said) => (arm === 'canary' && said['cloud.region'] === 'us' ? 0.3 : 0.02)

describe('metrics alone', () => {
  test('name the region that fails, by a histogram and by a sum', async () => {
    const service = 'failing-region'
    await count(service, { says: regions, failing: isBad }, 'histogram')
    await count(service, { says: regions, failing: isBad }, 'sum')
    const made = await explain(service)
    const metrics = ['http.server.request.duration', 'payments_total']
    expect(made.attributes.map(({ metric }) => metric).sort()).toEqual(metrics)
    for (const found of made.attributes) {
      expect(found).toMatchObject({ signal: 'metrics', attribute: 'cloud.region', value: 'us' })
      expect(found.share).toBeGreaterThan(0.8)
      const counted = found.baseline.requests + found.canary.requests
      // About a third; without, of a counter, what came before the first point that it can grow from.
      expect(counted / (sizes.baseline + sizes.canary)).toBeGreaterThan(0.94 / 3 - 0.02)
      expect(counted / (sizes.baseline + sizes.canary)).toBeLessThan(1 / 3 + 0.02)
    }
    const look = lookOf(made, 'metrics')
    expect(look).toMatchObject({ leftOut: [], from: start })
    expect([...look.metrics!].sort()).toEqual(metrics)
    expect(look.counted).toBeLessThanOrEqual(sizes.baseline + sizes.canary)
    expect(look.counted).toBeGreaterThan(0.94 * (sizes.baseline + sizes.canary))
  })

  test('name the region that got slow, which lies above an edge of the buckets', async () => {
    await count('slow-region', { says: regions, failing: () => 0.02, slow: isBad }, 'histogram')
    const latency = { kind: 'distribution', finding: 'harm-shown', weight: 1, eValue: 1e6, baseline: { value: 0.4 } }
    const made = await explain('slow-region', [latency as unknown as Judgement])
    expect(made.event).toEqual({ kind: 'slow', seconds: 0.4 })
    expect(made.attributes).toMatchObject([{ signal: 'metrics', attribute: 'cloud.region', value: 'us' }])
    expect(made.signals!.map(({ signal }) => signal)).toEqual(['traces', 'metrics'])
  })

  test('name no region that is bad in both versions and of which the canary has more', async () => {
    await count(
      'mixed-metrics',
      {
        says: (source, arm) => ({
          'cloud.region': source.uniform() < (arm === 'canary' ? 0.7 : 0.15) ? 'south' : 'north',
        }),
        failing: (_arm, said) => (said['cloud.region'] === 'south' ? 0.3 : 0.02),
      },
      'histogram',
    )
    const made = await explain('mixed-metrics')
    expect(made.attributes).toEqual([])
    expect(lookOf(made, 'metrics').counted).toBeGreaterThan(7500)
  })
})
