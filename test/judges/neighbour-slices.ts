import { type ArmSlice, type Counts, emptyArm, type OwnEvidence, type Slice } from '../../src/domain/evidence.ts'
import type { MetricSpec } from '../../src/domain/template.ts'
import { type Random, random } from '../stats/random.ts'
import { quickTemplate } from './rollout.ts'

const spec = (name: string, kind: MetricSpec['kind'], side: 'own' | 'callers'): MetricSpec => ({
  ...{ name, kind, source: 'calls', query: { side }, direction: 'increase', weight: 0.1, group: 'neighbours' },
  ...{ margin: kind === 'distribution' ? 1.1 : 1.25, promoteMargin: 2, critical: false },
})

/** What neighbours say, beside the requests themselves, in one budget. */
export const neighbourTemplate = {
  ...quickTemplate,
  blockSeconds: 60,
  deadlineSeconds: 3600,
  metrics: [
    ...quickTemplate.metrics.map((metric) => ({ ...metric, weight: 0.3 })),
    spec('caller-errors', 'proportion', 'callers'),
    spec('caller-latency', 'distribution', 'callers'),
    spec('callee-errors', 'proportion', 'own'),
    spec('callee-latency', 'distribution', 'own'),
  ],
}

/** How a neighbour is in one slice, the same for both arms. */
export type Weather = {
  /** Share of its calls that fail, how long they take in seconds, and calls of an arm. */
  readonly failing: number
  readonly seconds: number
  readonly calls: number
}

/** What the canary does to a neighbour: so many times its failures, so many times its time. */
export type Harm = { readonly failing?: number; readonly seconds?: number }

/** As noisy as a service may be: its pods differ for good, and arms have bursts of their own. */
const podSd = { failing: 0.15, seconds: 0.03 }
const burst = { share: 0.01, failing: 8 }

type Pods = readonly { readonly name: string; readonly failing: number; readonly seconds: number }[]

/** Adds to slices what callers and callees say of their calls, which goes by pod as requests do. */
export function withNeighbours(options: {
  readonly seed: number
  readonly weather: (index: number) => Weather
  readonly callers?: Harm
  readonly callees?: Harm
}): (slice: Slice, index: number) => Slice {
  const source = random(options.seed)
  const pods = new Map<string, Pods>()
  const podsOf = (side: string, arm: ArmSlice): Pods => {
    const key = `${side} ${Object.keys(arm.pods).join()}`
    const known = pods.get(key) ?? Object.keys(arm.pods).map((name) => podOf(name, source))
    pods.set(key, known)
    return known
  }
  return (slice, index) => {
    const { from } = slice
    const own: Record<string, OwnEvidence> = {}
    const weather = options.weather(index)
    for (const side of ['caller', 'callee'] as const) {
      const harm = (side === 'caller' ? options.callers : options.callees) ?? {}
      const baseline = armOf(podsOf(side, slice.baseline), weather, {}, source)
      const canary = armOf(podsOf(side, slice.canary), weather, harm, source)
      own[`${side}-errors`] = { from, baseline, canary }
      own[`${side}-latency`] = { from, baseline, canary }
    }
    return { ...slice, own }
  }
}

function podOf(name: string, source: Random): Pods[number] {
  return {
    name,
    failing: Math.exp(podSd.failing * source.normal()),
    seconds: Math.exp(podSd.seconds * source.normal()),
  }
}

function armOf(pods: Pods, { failing, seconds, calls }: Weather, harm: Harm, source: Random): ArmSlice {
  const counts: Record<string, Counts> = {}
  const latency = new Map<number, number>()
  const bursts = source.uniform() < burst.share ? burst.failing : 1
  for (const pod of pods) {
    const requests = source.poisson(calls / pods.length)
    const share = Math.min(1, failing * pod.failing * bursts * (harm.failing ?? 1))
    const errors = Math.min(requests, source.poisson(requests * share))
    counts[pod.name] = { requests, errors }
    for (let call = 0; call < requests; call += 1) {
      const took = seconds * pod.seconds * (harm.seconds ?? 1) * Math.exp(0.5 * source.normal())
      const bucket = Math.floor(32 * Math.log2(took * 1e9))
      latency.set(bucket, (latency.get(bucket) ?? 0) + 1)
    }
  }
  const sum = (key: keyof Counts) => Object.values(counts).reduce((total, each) => total + each[key], 0)
  const total = { requests: sum('requests'), errors: sum('errors') }
  return {
    ...{ ...emptyArm, ...total, operations: { neighbour: total }, pods: counts },
    latency: [...latency].sort(([a], [b]) => a - b),
  }
}
