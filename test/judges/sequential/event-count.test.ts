import { describe, expect, test } from 'vitest'
import type { Slice } from '../../../src/domain/evidence.ts'
import type { MetricSpec } from '../../../src/domain/template.ts'
import type { Conclusion } from '../../../src/domain/verdict.ts'
import { random } from '../../stats/random.ts'
import { madeArm, madeSlices, podNames, templateWith } from '../made-slices.ts'
import { isEverShown } from '../metric-alone.ts'
import { concludeAll, trialContext } from '../rollout.ts'

const instrument = 'k8s.container.restarts'

const restarts: MetricSpec = {
  name: 'restarts',
  kind: 'count',
  source: 'metrics',
  instruments: ['container.restarts', instrument],
  direction: 'increase',
  weight: 1,
  group: 'saturation',
  margin: 1,
  promoteMargin: 2,
  critical: false,
}

const pods = { canary: podNames('b', 1), baseline: podNames('a', 19) }

type Events = (minute: number, pod: string) => number

/** One slice a minute; every pod reports its counter, and has requests. */
function slicesOf(minutes: number, events: Events, of: Record<'canary' | 'baseline', string[]> = pods): Slice[] {
  const arm = (names: string[], minute: number) =>
    madeArm({ requests: 100 * names.length, errors: 0 }, names, {
      events: { [instrument]: Object.fromEntries(names.map((pod) => [pod, events(minute, pod)])) },
    })
  return madeSlices(minutes, (minute) => ({ canary: arm(of.canary, minute), baseline: arm(of.baseline, minute) }))
}

function judge(slices: readonly Slice[], spec = restarts): Conclusion[] {
  return concludeAll(slices, trialContext({ template: templateWith([spec]) }))
}

/** The canary's pod restarts in these minutes and no other pod ever does. */
const at =
  (...minutes: number[]): Events =>
  (minute, pod) =>
    pod === 'b-0' && minutes.includes(minute) ? 1 : 0

describe('restarts', () => {
  test('of the canary alone, at a share of 5%, are likely harm after two and shown after three', () => {
    const events = judge(slicesOf(10, at(1, 4, 7)))
    const codes = events.map(({ reason }) => reason.code)
    expect(codes.slice(1, 4)).not.toContain('HARM_LIKELY')
    expect(codes[4]).toBe('HARM_LIKELY')
    expect(codes[7]).toBe('HARM_SHOWN')
    expect(events[7]).toMatchObject({ decision: 'rollback', score: 0 })
    expect(events[7]!.reason.summary).toBe('checkout 2.4.1: restarts are 22.5 per pod and hour against 0 for 2.4.0.')
  })

  test('take one more where they have a tenth of the budget', () => {
    const spec = { ...restarts, weight: 0.1 }
    const codes = judge(slicesOf(13, at(1, 4, 7, 10)), spec).map(({ decision }) => decision)
    expect(codes.indexOf('rollback')).toBe(10)
  })

  test('in a loop count once a minute and pod', () => {
    const once = judge(slicesOf(8, at(2, 3)))
    const loop = judge(slicesOf(8, (minute, pod) => 40 * at(2, 3)(minute, pod)))
    expect(loop).toEqual(once)
    const tens = slicesOf(8, at(2, 3)).flatMap((slice) =>
      [0, 1].map((half) => ({
        ...slice,
        from: slice.from + half * 30_000,
        to: slice.from + (half + 1) * 30_000,
        closesBlock: half === 1,
      })),
    )
    expect(judge(tens).at(-1)!.metrics[0]!.canary.samples).toBe(2)
  })

  test('that neither version has are evidence of nothing', () => {
    const [judgement] = judge(slicesOf(30, () => 0)).at(-1)!.metrics
    expect(judgement).toMatchObject({
      finding: 'undecided',
      eValue: expect.closeTo(1),
      promoteEValue: expect.closeTo(1),
      canary: { value: 0, samples: 0 },
      baseline: { value: 0, samples: 0 },
      effect: { ratio: null, low: 0, high: null },
    })
  })

  test('of both versions at the same rate show nothing, and in time that they did not double', () => {
    const everybody: Events = (minute, pod) => ((minute + Number(pod.slice(2))) % 5 === 0 ? 1 : 0)
    const equal = { canary: podNames('b', 5), baseline: podNames('a', 5) }
    const conclusions = judge(slicesOf(60, everybody, equal))
    expect(conclusions.some(({ decision }) => decision === 'rollback')).toBe(false)
    expect(conclusions.at(-1)!.metrics[0]).toMatchObject({ finding: 'harm-ruled-out', canary: { value: 12 } })
  })

  test('are counted by one instrument for the whole deployment, the one that the baseline reported first', () => {
    const slices = slicesOf(12, at(3)).map((slice, index) => {
      if (index < 6) return slice
      // Now there is one that the template names earlier, and it says far more.
      const more = (names: string[], value: number) => Object.fromEntries(names.map((pod) => [pod, value]))
      const events = (arm: 'canary' | 'baseline', value: number) => ({
        ...slice[arm],
        events: { ...slice[arm].events, 'container.restarts': more(pods[arm], value) },
      })
      return { ...slice, canary: events('canary', 1), baseline: events('baseline', 0) }
    })
    expect(judge(slices).at(-1)!.metrics[0]!.canary.samples).toBe(1)
  })

  test('that only the canary has an instrument for are not judged', () => {
    const slices = slicesOf(6, at(1, 2, 3)).map((slice) => ({ ...slice, baseline: { ...slice.baseline, events: {} } }))
    expect(judge(slices).at(-1)!.metrics[0]).toMatchObject({ finding: 'no-data', eValue: expect.closeTo(1) })
  })

  test('of a pod that reports only now and then count for the time that it runs', () => {
    // The canary's pod has few requests, and its counter comes every other minute.
    const rare = (minutes: number): Slice[] =>
      slicesOf(minutes, (minute, pod) => ((minute + Number(pod.slice(2))) % 10 === 0 ? 1 : 0)).flatMap(
        (slice, minute) =>
          Array.from({ length: 6 }, (_, tick) => {
            const speaks = tick === 0
            const silent = { ...slice.canary, requests: 0, pods: {}, events: {} }
            return {
              ...slice,
              from: slice.from + tick * 10_000,
              to: slice.from + (tick + 1) * 10_000,
              canary: speaks && minute % 2 === 0 ? slice.canary : silent,
              baseline: speaks ? slice.baseline : { ...slice.baseline, events: {} },
              closesBlock: tick === 5,
            }
          }),
      )
    const [judgement] = judge(rare(40)).at(-1)!.metrics
    expect(judgement!.effect.ratio).toBeGreaterThan(0.6)
    expect(judgement!.effect.ratio).toBeLessThan(1.5)
  })
})

describe('harmless restarts of pods that are not alike', () => {
  test.each([
    { canary: 1, baseline: 9, perHour: 0.5 },
    { canary: 2, baseline: 18, perHour: 6 },
    { canary: 5, baseline: 5, perHour: 6 },
  ])('$perHour an hour and pod, $canary against $baseline, are shown harmful in at most 1% of rollouts', (cell) => {
    const runs = 100
    let shown = 0
    for (let seed = 1; seed <= runs; seed++) {
      const source = random(seed)
      const of = { canary: podNames('b', cell.canary), baseline: podNames('a', cell.baseline) }
      const rates = new Map([...of.canary, ...of.baseline].map((pod) => [pod, Math.exp(0.25 * source.normal())]))
      const perMinute = cell.perHour / 60
      // Every pod restarts more often in some minutes, all pods together, as when a node or a database is busy.
      let shared = 1
      const slices = slicesOf(
        40,
        (_, pod) => {
          if (pod === of.canary[0]) shared = source.uniform() < 0.05 ? 5 : 1
          return source.poisson(perMinute * shared * rates.get(pod)!)
        },
        of,
      )
      if (isEverShown(restarts, slices)) shown += 1
    }
    expect(shown / runs).toBeLessThanOrEqual(0.01)
  })
})
