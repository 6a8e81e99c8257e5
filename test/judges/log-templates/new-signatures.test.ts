import { expect, test } from 'vitest'
import {
  type NoveltyEvidence,
  type PodSignatures,
  type SignatureMinute,
  trackNewSignatures,
} from '../../../src/judges/log-templates/new-signatures.ts'
import { seededRandom } from '../../../src/judges/sequential/seeded-random.ts'

const alarm = Math.log(100)
const dictionary = new Set(['ready', 'request served', 'cache is cold'])

type Rates = Readonly<Record<string, number>>

/** Each pod logs a signature in a minute with the probability that its arm's rates give, times the pod's own effect. */
function simulate(
  seed: number,
  rates: { canary: Rates; baseline: Rates },
  pods: { canary: number; baseline: number },
  minutes = 60,
): { highest: number; last: NoveltyEvidence; alarmAt: number } {
  const random = seededRandom(seed)
  const effect = new Map<string, number>()
  const tracker = trackNewSignatures(dictionary)
  function arm(name: 'canary' | 'baseline'): PodSignatures[] {
    return Array.from({ length: pods[name] }, (_, i) => {
      const pod = `${name}-${i}`
      if (!effect.has(pod)) effect.set(pod, Math.exp(0.2 * normal(random)))
      const signatures = Object.entries(rates[name])
        .filter(([, rate]) => random() < rate * effect.get(pod)!)
        .map(([signature]) => signature)
      return { pod, signatures }
    })
  }
  let [highest, alarmAt] = [-Infinity, Infinity]
  for (let minute = 1; minute <= minutes; minute += 1) {
    tracker.add({ canary: arm('canary'), baseline: arm('baseline') })
    const { logE } = tracker.evidence()
    highest = Math.max(highest, logE)
    if (logE >= alarm) alarmAt = Math.min(alarmAt, minute)
  }
  return { highest, last: tracker.evidence(), alarmAt }
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

const usual: Rates = { ready: 1, 'request served': 0.9, 'cache is cold': 0.1, 'disk slow': 0.02, 'odd header': 0.05 }

test.each([
  ['1 of 10 pods', { canary: 1, baseline: 9 }],
  ['2 of 20 pods', { canary: 2, baseline: 18 }],
  ['half of 10 pods', { canary: 5, baseline: 5 }],
])('equal arms alarm in at most 1%% of hours: %s', (_, pods) => {
  const alarms = Array.from({ length: 60 }, (_, seed) =>
    simulate(seed, { canary: usual, baseline: usual }, pods),
  ).filter(({ highest }) => highest >= alarm)
  expect(alarms).toHaveLength(0)
})

test('finds a new signature that the canary logs in every second minute', () => {
  const canary = { ...usual, 'null pointer': 0.5 }
  const runs = Array.from({ length: 20 }, (_, seed) =>
    simulate(seed, { canary, baseline: usual }, { canary: 1, baseline: 9 }),
  )
  expect(runs.filter(({ alarmAt }) => alarmAt <= 40).length).toBeGreaterThanOrEqual(19)
  const [strongest] = runs[0]!.last.signatures
  expect(strongest).toMatchObject({ signature: 'null pointer', kind: 'new', baselinePodMinutes: 0, canaryPods: 1 })
})

test('finds a known signature that the canary no longer logs', () => {
  const { 'request served': _, ...canary } = usual
  const runs = Array.from({ length: 10 }, (_, seed) =>
    simulate(seed, { canary, baseline: usual }, { canary: 2, baseline: 8 }),
  )
  expect(runs.every(({ alarmAt }) => alarmAt < 60)).toBe(true)
  expect(runs[0]!.last.signatures[0]).toMatchObject({
    signature: 'request served',
    kind: 'vanished',
    canaryPodMinutes: 0,
  })
  expect(runs[0]!.last.anyNewLogE).toBeLessThan(1)
})

test('the minute that discovers a signature says nothing about it', () => {
  const tracker = trackNewSignatures(dictionary)
  const quiet = pods('baseline', 9, [])
  tracker.add({ canary: pods('canary', 9, ['null pointer']), baseline: quiet })
  expect(tracker.evidence().signatures).toEqual([
    { signature: 'null pointer', kind: 'new', logE: 0, canaryPodMinutes: 0, baselinePodMinutes: 0, canaryPods: 9 },
  ])
  expect(tracker.evidence().anyNewLogE).toBeGreaterThan(0)
  tracker.add({ canary: pods('canary', 9, ['null pointer']), baseline: quiet })
  expect(tracker.evidence().signatures[0]!.logE).toBeGreaterThan(0)
})

test('a pod that repeats itself counts once a minute', () => {
  const once: SignatureMinute = { canary: pods('canary', 1, ['x']), baseline: pods('baseline', 1, ['y']) }
  const often: SignatureMinute = {
    canary: pods('canary', 1, ['x', 'x', 'x']),
    baseline: pods('baseline', 1, ['y', 'y']),
  }
  const [one, other] = [trackNewSignatures(dictionary), trackNewSignatures(dictionary)]
  for (let minute = 0; minute < 5; minute += 1) {
    one.add(once)
    other.add(often)
  }
  expect(other.evidence()).toEqual(one.evidence())
})

test('says nothing without minutes, without a baseline, and without signatures', () => {
  const tracker = trackNewSignatures(dictionary)
  expect(tracker.evidence()).toEqual({ logE: 0, anyNewLogE: 0, signatures: [] })
  tracker.add({ canary: pods('canary', 2, ['x']), baseline: [] })
  tracker.add({ canary: pods('canary', 2, []), baseline: pods('baseline', 2, []) })
  expect(tracker.evidence().logE).toBeCloseTo(0, 12)
})

test('refuses a pod that is twice in a minute', () => {
  expect(() => trackNewSignatures(dictionary).add({ canary: pods('a', 1, []), baseline: pods('a', 1, []) })).toThrow(
    'got a-0 again',
  )
})

function pods(name: string, count: number, signatures: readonly string[]): PodSignatures[] {
  return Array.from({ length: count }, (_, i) => ({ pod: `${name}-${i}`, signatures }))
}
