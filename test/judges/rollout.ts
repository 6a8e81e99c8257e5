import type { ArmSlice, Counts, Slice } from '../../src/domain/evidence.ts'
import type { TrialContext } from '../../src/domain/judge.ts'
import type { Template } from '../../src/domain/template.ts'
import type { Conclusion } from '../../src/domain/verdict.ts'
import { openTrial } from '../../src/judges/sequential/open-trial.ts'
import { type Random, random } from '../stats/random.ts'

export const startedAt = Date.UTC(2026, 10, 21, 10, 0, 0)

/** A quick template: three times the errors and half as slow again are what must be ruled out. */
export const quickTemplate: Template = {
  name: 'quick',
  alpha: 0.01,
  alphaPromote: 0.05,
  lookSeconds: 10,
  blockSeconds: 30,
  watermarkSeconds: 5,
  warmUpSeconds: 0,
  minimum: { seconds: 30, requests: 500 },
  exposureMode: false,
  deadlineSeconds: 600,
  onDeadline: 'hold',
  onSilence: 'hold',
  metrics: [
    {
      name: 'error-rate',
      kind: 'proportion',
      source: 'spans',
      direction: 'increase',
      weight: 0.5,
      group: 'errors',
      margin: 1.25,
      promoteMargin: 3,
      promoteFloor: 0.005,
      rollbackFloor: 0.001,
      critical: true,
    },
    {
      name: 'latency',
      kind: 'distribution',
      source: 'spans',
      direction: 'increase',
      weight: 0.5,
      group: 'latency',
      margin: 1.1,
      promoteMargin: 1.5,
      critical: true,
    },
  ],
}

export function trialContext(changes: Partial<TrialContext> = {}): TrialContext {
  return {
    service: 'checkout',
    baselineLabel: '2.4.0',
    canaryLabel: '2.4.1',
    hasBaseline: true,
    startedAt,
    attempt: 1,
    template: quickTemplate,
    reference: [],
    ...changes,
  }
}

/** How one arm behaves. */
export type Behaviour = {
  readonly rps: number
  readonly pods: readonly string[]
  /** Share of failed requests per operation, and the operation's share of the traffic. */
  readonly operations: Readonly<Record<string, { readonly share: number; readonly failing: number }>>
  /** Median seconds and sigma of log-normal durations. */
  readonly median: number
  readonly sigma: number
  /** Standard deviations of the pods' own effects on log error rate and log duration. */
  readonly podErrors: number
  readonly podLatency: number
}

export const shop: Behaviour = {
  rps: 75,
  pods: ['a-1', 'a-2', 'a-3'],
  operations: {
    'GET /': { share: 0.4, failing: 0 },
    'GET /cart': { share: 0.35, failing: 0.002 },
    'POST /pay': { share: 0.25, failing: 0.0772 },
  },
  median: 0.04,
  sigma: 0.5,
  podErrors: 0.1,
  podLatency: 0.03,
}

export const canaryPods = ['b-1', 'b-2', 'b-3']

/** The shop's rates with `POST /pay` failing so often that the whole fails `share` of its requests. */
export function failing(share: number): Behaviour['operations'] {
  const rest = 0.35 * 0.002
  return { ...shop.operations, 'POST /pay': { share: 0.25, failing: (share - rest) / 0.25 } }
}

type PodEffects = ReadonlyMap<string, { readonly errors: number; readonly latency: number }>

function podEffects(behaviour: Behaviour, source: Random): PodEffects {
  return new Map(
    behaviour.pods.map((pod) => [
      pod,
      {
        errors: Math.exp(behaviour.podErrors * source.normal()),
        latency: Math.exp(behaviour.podLatency * source.normal()),
      },
    ]),
  )
}

const lastBucket = 1500

function armSlice(behaviour: Behaviour, effects: PodEffects, seconds: number, source: Random): ArmSlice {
  const names = Object.keys(behaviour.operations)
  const byOperation = names.map(() => ({ requests: 0, errors: 0 }))
  const buckets = new Uint32Array(lastBucket)
  const pods: Record<string, Counts> = {}
  const scale = behaviour.sigma / Math.LN2
  for (const [pod, effect] of effects) {
    const middle = Math.log2(behaviour.median * effect.latency * 1e9)
    const before = sum(byOperation)
    for (const [i, name] of names.entries()) {
      const { share, failing } = behaviour.operations[name]!
      const requests = source.poisson((behaviour.rps * seconds * share) / behaviour.pods.length)
      byOperation[i]!.requests += requests
      for (let k = 0; k < requests; k++) {
        if (source.uniform() < failing * effect.errors) byOperation[i]!.errors++
        buckets[Math.floor(32 * (middle + scale * source.normal()))]!++
      }
    }
    const after = sum(byOperation)
    pods[pod] = { requests: after.requests - before.requests, errors: after.errors - before.errors }
  }
  const latency = Array.from(buckets, (count, bucket) => [bucket, count] as const).filter(([, count]) => count > 0)
  return {
    ...sum(byOperation),
    operations: Object.fromEntries(names.map((name, i) => [name, byOperation[i]!])),
    pods,
    latency,
  }
}

function sum(counts: readonly Counts[]): Counts {
  return {
    requests: counts.reduce((total, { requests }) => total + requests, 0),
    errors: counts.reduce((total, { errors }) => total + errors, 0),
  }
}

/** Slices, of 10 s unless told, in which both arms run side by side; blocks of 30 s are closed. */
export function rollout(options: {
  readonly seed: number
  readonly seconds: number
  readonly canary?: Partial<Behaviour>
  readonly baseline?: Partial<Behaviour>
  readonly sliceSeconds?: number
  readonly change?: (slice: Slice, index: number) => Slice
}): Slice[] {
  const source = random(options.seed)
  const baseline = { ...shop, ...options.baseline }
  const canary = { ...shop, pods: canaryPods, ...options.canary }
  const effects = { baseline: podEffects(baseline, source), canary: podEffects(canary, source) }
  const seconds = options.sliceSeconds ?? 10
  return Array.from({ length: Math.floor(options.seconds / seconds) }, (_, index) => {
    const slice: Slice = {
      from: startedAt + index * seconds * 1000,
      to: startedAt + (index + 1) * seconds * 1000,
      baseline: armSlice(baseline, effects.baseline, seconds, source),
      canary: armSlice(canary, effects.canary, seconds, source),
      closesBlock: ((index + 1) * seconds) % quickTemplate.blockSeconds === 0,
      step: 0,
    }
    return options.change?.(slice, index) ?? slice
  })
}

/** The conclusions after every slice, at the slice's end plus the watermark. */
export function concludeAll(slices: readonly Slice[], context: TrialContext = trialContext()): Conclusion[] {
  const trial = openTrial(context)
  return slices.map((slice) => {
    trial.observe(slice)
    return trial.conclude(slice.to + context.template.watermarkSeconds * 1000)
  })
}
