import { describe, expect, test } from 'vitest'
import type { ByPod, EdgeSightings, Slice } from '../../../src/domain/evidence.ts'
import type { MetricSpec } from '../../../src/domain/template.ts'
import { random } from '../../stats/random.ts'
import { type CallingService, calledSlices } from '../called-slices.ts'
import { madeArm, madeSlices, podNames, templateWith } from '../made-slices.ts'
import { isEverShown } from '../metric-alone.ts'
import { concludeAll, trialContext } from '../rollout.ts'

const edges = (reading: 'new' | 'vanished'): MetricSpec => ({
  ...{ name: `${reading}-edges`, kind: 'edges', reading, source: 'spans', direction: 'increase', weight: 1 },
  ...{ group: 'calls', margin: 1.5, promoteMargin: 2, critical: false },
})

type Calls = Readonly<Record<string, ByPod<number>>>
type Told = { readonly fresh?: Calls; readonly known?: Calls; readonly served?: number; readonly calls?: number }

/** Each arm of two pods has 1,000 requests a minute, in all of its twelve ten seconds unless told otherwise. */
function slicesOf(minutes: number, canary: (minute: number) => Told, baseline: (minute: number) => Told): Slice[] {
  const arm = (name: string, { fresh = {}, known = {}, served = 12, calls = 1 }: Told) => {
    const sightings: EdgeSightings = {
      ...{ served, calls, fresh },
      known: Object.fromEntries(
        Object.entries(known).map(([edge, pods]) => [edge, { expected: served * 80, served, pods }]),
      ),
    }
    return { ...madeArm({ requests: 1000, errors: 0 }, podNames(name, 2)), edges: sightings }
  }
  return madeSlices(minutes, (minute) => ({ canary: arm('c', canary(minute)), baseline: arm('b', baseline(minute)) }))
}

function judge(reading: 'new' | 'vanished', slices: readonly Slice[], more: Partial<MetricSpec> = {}) {
  return concludeAll(slices, trialContext({ template: templateWith([{ ...edges(reading), ...more }]) }))
}

const [inCanary, inBaseline] = [
  { 'c-0': 6, 'c-1': 6 },
  { 'b-0': 6, 'b-1': 6 },
]

describe('an edge that only the canary calls', () => {
  const audit = (pods: ByPod<number>): Told => ({ fresh: { 'kafka audit': pods } })

  test('is evidence once it recurs, and the verdict says which it is', () => {
    const verdicts = judge(
      'new',
      slicesOf(
        8,
        () => audit(inCanary),
        () => ({}),
      ),
    )
    expect(verdicts.slice(0, 2).map(({ metrics }) => metrics[0]!.eValue)).toEqual([1, 1])
    const last = verdicts.at(-1)!
    expect(last.decision).toBe('rollback')
    expect(last.reason.summary).toBe('checkout 2.4.1 calls “kafka audit”, which 2.4.0 does not call.')
    expect(last.metrics[0]).toMatchObject({ kind: 'edges', finding: 'harm-shown', baseline: { value: 0 } })
    expect(last.metrics[0]!.where).toMatchObject([
      { attribute: 'new edge', value: 'kafka audit', ratio: null, baseline: { errors: 0 } },
    ])
  })

  test.each([
    ['in one minute only', (minute: number) => (minute < 2 ? audit(inCanary) : {})],
    ['from one of two pods', () => audit({ 'c-0': 6 })],
    ['that is another one for each pod', () => ({ fresh: { 'node-1': { 'c-0': 6 }, 'node-2': { 'c-1': 6 } } })],
  ])('%s is no evidence', (_, canary: (minute: number) => Told) => {
    const verdicts = judge(
      'new',
      slicesOf(12, canary, () => ({})),
    )
    for (const { metrics } of verdicts) expect(metrics[0]!.eValue).toBeLessThanOrEqual(1)
  })

  test('is no evidence when the baseline begins to call it too', () => {
    const verdicts = judge(
      'new',
      slicesOf(
        12,
        () => audit(inCanary),
        () => audit(inBaseline),
      ),
    )
    for (const { metrics } of verdicts) expect(metrics[0]!.eValue).toBeLessThan(2)
    expect(verdicts.at(-1)!.metrics[0]!.where).toEqual([])
  })

  test('may be called like a property that every object has', () => {
    const verdicts = judge(
      'new',
      slicesOf(
        8,
        () => ({ fresh: { constructor: inCanary } }),
        () => ({}),
      ),
    )
    expect(verdicts.at(-1)!.decision).toBe('rollback')
  })
})

describe('an edge that the canary no longer calls', () => {
  const known = (pods: ByPod<number>, more: Partial<Told> = {}): Told => ({
    known: { payments: pods, stock: {} },
    ...more,
  })

  test('is evidence, and the verdict says which it is', () => {
    const last = judge(
      'vanished',
      slicesOf(
        12,
        () => known({}),
        () => known(inBaseline),
      ),
    ).at(-1)!
    expect(last.decision).toBe('rollback')
    expect(last.reason.summary).toBe('checkout 2.4.1 no longer calls “payments”, which 2.4.0 calls.')
    expect(last.metrics[0]).toMatchObject({ finding: 'harm-shown', canary: { value: 0 }, effect: { ratio: null } })
    expect(last.metrics[0]!.where).toMatchObject([{ attribute: 'vanished edge', value: 'payments', ratio: 0 }])
  })

  test.each([
    ['whose operations the canary does not serve', known({}, { served: 0 }), 'no-data'],
    ['while it reports no call at all, which is lost telemetry', known({}, { calls: 0 }), 'no-data'],
    ['when it calls it a fifth as often', known({ 'c-0': 1, 'c-1': 1 }), 'undecided'],
  ])('%s is no evidence', (_, canary, finding) => {
    const verdicts = judge(
      'vanished',
      slicesOf(
        15,
        () => canary,
        () => known({ 'b-0': 5, 'b-1': 5 }),
      ),
    )
    for (const { metrics } of verdicts) expect(metrics[0]!.eValue).toBeLessThanOrEqual(1)
    expect(verdicts.at(-1)!.metrics[0]!.finding).toBe(finding)
  })

  test('is no evidence when one of several pods of the baseline alone calls it', () => {
    const verdicts = judge(
      'vanished',
      slicesOf(
        15,
        () => known({}),
        () => known({ 'b-1': 6 }),
      ),
    )
    for (const { metrics } of verdicts) expect(metrics[0]!.eValue).toBeLessThanOrEqual(1)
  })

  test('is ruled out where every edge is called as often', () => {
    const both = (pods: ByPod<number>): Told => ({ known: { payments: pods, stock: pods } })
    const last = judge(
      'vanished',
      slicesOf(
        15,
        () => both(inCanary),
        () => both(inBaseline),
      ),
      // With two pods in each arm their own effects leave smaller harm possible for ever.
      { promoteMargin: 5 },
    ).at(-1)!
    expect(last.metrics[0]!.finding).toBe('harm-ruled-out')
  })
})

test('arms that nobody asked about are no data', () => {
  const unasked = madeSlices(3, () => ({
    canary: madeArm({ requests: 9, errors: 0 }, ['c']),
    baseline: madeArm({ requests: 9, errors: 0 }, ['b']),
  }))
  for (const reading of ['new', 'vanished'] as const) {
    expect(judge(reading, unasked).at(-1)!.metrics[0]!.finding).toBe('no-data')
  }
})

/** Flags that are switched for both, hosts that come, fallbacks, agents of nodes, and pods that are not alike in anything. */
const service: CallingService = {
  ...{ minutes: 6, canaryPods: 2, baselinePods: 4, canaryRps: 10, baselineRps: 20, tauPod: 0.3 },
  ...{ known: [1, 0.03, 0.0003], newAnHour: 20, bursts: 0.1, hasAgents: true, hasRefresh: true },
}
/** A canary that has most of the traffic, on more pods. */
const ramped: CallingService = { ...service, canaryPods: 4, baselinePods: 2, canaryRps: 40 }
/** Some requests a minute. */
const idle: CallingService = { ...service, canaryRps: 0.1, baselineRps: 0.3 }

/** How many of some releases are ever rolled back with the whole budget of one metric. */
function shown(reading: 'new' | 'vanished', of: CallingService, runs: number): number {
  return Array.from({ length: runs }, (_, run) =>
    isEverShown(edges(reading), calledSlices(of, random(run + 1))),
  ).filter(Boolean).length
}

test.each(['new', 'vanished'] as const)(
  'harmless releases are left alone, whatever edges come and go (%s)',
  (reading) => {
    const all = shown(reading, service, 20) + shown(reading, ramped, 10) + shown(reading, idle, 10)
    expect(all).toBe(0)
  },
)

test('an edge that one in a hundred requests of the canary calls is found within minutes', () => {
  expect(shown('new', { ...service, added: 0.01 }, 4)).toBe(4)
})

test('one of several edges that has vanished is found within minutes', () => {
  expect(shown('vanished', { ...service, removed: 1 }, 4)).toBe(4)
})
