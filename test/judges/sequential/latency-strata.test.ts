import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ArmSlice, emptyArm, type Histogram, type Slice, stratumKey } from '../../../src/domain/evidence.ts'
import { trackLatencyStrata } from '../../../src/judges/sequential/latency-strata.ts'
import { mergeCounts, totalCount } from '../../../src/stats/log-histogram.ts'
import { type Random, random } from '../../stats/random.ts'
import { madeSlices, podNames, templateWith } from '../made-slices.ts'
import { concludeAll, quickTemplate, trialContext } from '../rollout.ts'

const latency = { ...quickTemplate.metrics[1]!, weight: 1 }

/** One operation of an arm: requests a minute and their median in seconds. */
type Load = { readonly requests: number; readonly median: number }
type Mix = Readonly<Record<string, Load>>

function durations({ requests, median }: Load, source: Random): Histogram {
  const counts = new Map<number, number>()
  for (let i = 0; i < requests; i++) {
    const bucket = Math.floor(32 * (Math.log2(median * 1e9) + 0.5 * source.normal()))
    counts.set(bucket, (counts.get(bucket) ?? 0) + 1)
  }
  return [...counts].sort(([a], [b]) => a - b)
}

function armOf(mix: Mix, pods: readonly string[], source: Random): ArmSlice {
  const latencies = Object.fromEntries(Object.entries(mix).map(([name, load]) => [name, durations(load, source)]))
  const requests = Object.values(mix).reduce((sum, load) => sum + load.requests, 0)
  return {
    requests,
    errors: 0,
    operations: Object.fromEntries(
      Object.entries(mix).map(([name, load]) => [name, { requests: load.requests, errors: 0 }]),
    ),
    pods: Object.fromEntries(pods.map((pod) => [pod, { requests: Math.ceil(requests / pods.length), errors: 0 }])),
    latency: Object.values(latencies).reduce<Histogram>(mergeCounts, []),
    latencies,
  }
}

function slicesOf(minutes: number, canary: (minute: number) => Mix, baseline: Mix, seed = 1): Slice[] {
  const source = random(seed)
  return madeSlices(minutes, (minute) => ({
    canary: armOf(canary(minute), podNames('b', 3), source),
    baseline: armOf(baseline, podNames('a', 3), source),
  }))
}

function judge(slices: readonly Slice[]) {
  return concludeAll(slices, trialContext({ template: templateWith([latency]) }))
}

const quick = 0.02
const slow = 0.3
const usual: Mix = { list: { requests: 500, median: quick }, report: { requests: 100, median: slow } }
/** The same operations, as fast as ever, with five times as many slow ones. */
const heavy: Mix = { list: { requests: 100, median: quick }, report: { requests: 500, median: slow } }

function decisionsOf(slices: readonly Slice[]): ReadonlySet<string> {
  return new Set(judge(slices).map(({ decision }) => decision))
}

describe('a canary with more of the slow operations', () => {
  test('is not rolled back for it', () => {
    expect(decisionsOf(slicesOf(20, () => heavy, usual))).toEqual(new Set(['hold']))
  })

  test('is not rolled back either when the mix changes on the way', () => {
    expect(decisionsOf(slicesOf(30, (minute) => (minute < 12 ? heavy : usual), usual))).not.toContain('rollback')
    expect(decisionsOf(slicesOf(30, (minute) => (minute < 4 ? usual : heavy), usual))).not.toContain('rollback')
  })

  test('would be rolled back if its operations were not told apart', () => {
    const blind = slicesOf(20, () => heavy, usual).map(({ canary, baseline, ...slice }) => {
      const { latencies: _c, ...c } = canary
      const { latencies: _b, ...b } = baseline
      return { ...slice, canary: c, baseline: b }
    })
    expect(decisionsOf(blind)).toContain('rollback')
  })
})

describe('a canary that is slower', () => {
  test('in one operation is found, whatever its mix', () => {
    for (const mix of [usual, heavy]) {
      const slower = { ...mix, report: { ...mix.report!, median: 2 * slow } }
      expect(judge(slicesOf(20, () => slower, usual)).at(-1)!.reason.code).toBe('HARM_SHOWN')
    }
  })

  test('under a name that the baseline does not have is found', () => {
    const renamed: Mix = { list: usual.list!, 'report-v2': { requests: 100, median: 4 * slow } }
    expect(judge(slicesOf(20, () => renamed, usual)).at(-1)!.reason.code).toBe('HARM_SHOWN')
  })

  test('in one region is found, and one that has more of a far region is not', () => {
    const near = stratumKey('list', 'eu')
    const far = stratumKey('list', 'ap')
    const both = (eu: number, ap: number, farMedian = 0.2): Mix => ({
      [near]: { requests: eu, median: quick },
      [far]: { requests: ap, median: farMedian },
    })
    expect(decisionsOf(slicesOf(20, () => both(100, 500), both(500, 100)))).not.toContain('rollback')
    expect(decisionsOf(slicesOf(20, () => both(500, 100, 0.4), both(500, 100)))).toContain('rollback')
  })
})

test('strata and rest add up to the whole, whatever comes when', () => {
  const histogram = fc
    .uniqueArray(fc.tuple(fc.integer({ min: 700, max: 720 }), fc.integer({ min: 1, max: 9 })), {
      selector: ([bucket]) => bucket,
      maxLength: 6,
    })
    .map((buckets): Histogram => buckets.toSorted(([a], [b]) => a - b))
  const name = fc.constantFrom('a', 'b', 'c', 'constructor', '__proto__', 'toString')
  const arm = fc.record({ named: fc.dictionary(name, histogram), other: histogram, isKept: fc.boolean() }).map(
    ({ named, other, isKept }): ArmSlice => ({
      ...emptyArm,
      latency: Object.values(named).reduce<Histogram>(mergeCounts, other),
      ...(isKept ? { latencies: named } : {}),
    }),
  )
  const event = fc.record({ canary: arm, baseline: arm, closes: fc.boolean() })
  fc.assert(
    fc.property(fc.array(event, { maxLength: 12 }), (events) => {
      const strata = trackLatencyStrata()
      let all: { canary: Histogram; baseline: Histogram } = { canary: [], baseline: [] }
      for (const { canary, baseline, closes } of events) {
        strata.observe({ from: 0, to: 1, canary, baseline, closesBlock: closes, step: 0 })
        all = { canary: mergeCounts(all.canary, canary.latency), baseline: mergeCounts(all.baseline, baseline.latency) }
        for (const of of ['canary', 'baseline'] as const) {
          const open = strata.open()
          expect(open.reduce<Histogram>((sum, stratum) => mergeCounts(sum, stratum[of]), [])).toEqual(all[of])
          expect(strata.whole()[of]).toEqual(all[of])
          expect(open.at(-1)![of === 'canary' ? 'nc' : 'nb']).toBe(totalCount(all[of]))
        }
        if (!closes) continue
        strata.closeBlock()
        all = { canary: [], baseline: [] }
      }
    }),
  )
})
