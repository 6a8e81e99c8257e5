import type { Histogram } from '../../domain/evidence.ts'
import type { MetricNulls } from '../../domain/null-parameters.ts'
import { isQueried, type MetricSpec, type Template } from '../../domain/template.ts'
import { totalCount } from '../../stats/log-histogram.ts'
import { ratioInformation, smallestDetectableRatio } from '../../stats/power.ts'
import { ratioPrior } from '../../stats/ratio-process.ts'
import { armTau } from './cold-start.ts'
import { secondsUntilBelow } from './floor-forecast.ts'
import { latencyDetectable, latencySecondsToRuleOut } from './latency-power.ts'
import { latencySpec } from './latency-spec.ts'
import { metricNull } from './metric-null.ts'
import type { Look } from './metric-trial.ts'
import { secondsFor } from './ratio-forecast.ts'

/** What a rollout is expected to look like. */
export type PowerInput = {
  readonly template: Template
  /** Of canary and baseline together. */
  readonly requestsPerSecond: number
  /** Share of the baseline's requests that fail, below 1. */
  readonly errorRate: number
  /** Pods that serve at once, both arms together. */
  readonly pods: number
  readonly nulls?: MetricNulls
  /** The baseline's durations over any time; without them metrics of durations are not planned. */
  readonly latency?: Histogram
  /** Per cent of the traffic that the canary gets, each between 0 and 100. */
  readonly weights: readonly number[]
  /** Harm to be found: the canary's error rate over the baseline's. */
  readonly ratios: readonly number[]
}

/** Seconds from the canary's first request to the verdict, about; null: not with so few pods, or never by policy. */
type Seconds = number | null

type HarmPlan = { readonly ratio: number; readonly errorRate: number; readonly seconds: Seconds }

type MetricPlan = {
  readonly name: string
  readonly critical: boolean
  /** When the canary is as good as the baseline. */
  readonly secondsToRuleOut: Seconds
  /** The smallest harmful ratio that the deadline's data would reliably show; null: none. */
  readonly smallestDetectable: number | null
  /** Per ratio asked for, in order; [] for durations. */
  readonly harms: readonly HarmPlan[]
}

export type WeightPlan = {
  readonly weight: number
  readonly pods: { readonly canary: number; readonly baseline: number }
  /** When the canary is as good as the baseline, for all critical metrics that could be planned. */
  readonly secondsToPromote: Seconds
  readonly metrics: readonly MetricPlan[]
  /** Metrics that could not be planned; a critical one among them may take longer than `secondsToPromote`. */
  readonly unplanned: readonly Pick<MetricSpec, 'name' | 'critical'>[]
}

/**
 * About how long a decision will take, before there is a canary: the forecasts that a running trial makes of its
 * counts, made of expected counts. Real ones lie within -30% and +50% of it. A share of no errors counts as half an
 * error until the deadline, as in all forecasts.
 *
 * @throws RangeError for rates, weights or pods that are none
 */
export function planPower(input: PowerInput): WeightPlan[] {
  const { requestsPerSecond, errorRate, pods, weights, ratios } = input
  const check = (name: string, value: number, isRight: boolean, expected: string): void => {
    if (!isRight) throw new RangeError(`${name}: expected ${expected}, got ${value}`)
  }
  check('requestsPerSecond', requestsPerSecond, requestsPerSecond > 0 && requestsPerSecond < 1e9, 'a rate above 0')
  check('errorRate', errorRate, errorRate >= 0 && errorRate < 1, 'a share from 0, below 1')
  check('pods', pods, Number.isFinite(pods) && pods >= 2, 'at least one for each arm')
  for (const weight of weights) check('weights', weight, weight > 0 && weight < 100, 'per cent between 0 and 100')
  for (const ratio of ratios) check('ratios', ratio, ratio > 1 && Number.isFinite(ratio), 'a ratio above 1')
  return weights.map((weight) => planWeight(input, weight))
}

function planWeight(input: PowerInput, weight: number): WeightPlan {
  const { template, requestsPerSecond } = input
  const share = weight / 100
  const canary = Math.min(Math.max(1, Math.round(input.pods * share)), Math.ceil(input.pods) - 1)
  const pods = { canary, baseline: Math.max(1, Math.round(input.pods) - canary) }
  const metrics: MetricPlan[] = []
  const unplanned: Pick<MetricSpec, 'name' | 'critical'>[] = []
  for (const spec of template.metrics) {
    const look = lookOf(input, spec, pods)
    const plan = planMetric(input, spec, share, look)
    if (plan === null) unplanned.push({ name: spec.name, critical: spec.critical })
    else metrics.push(plan)
  }
  const proofs = metrics.filter(({ critical }) => critical).map(({ secondsToRuleOut }) => secondsToRuleOut)
  const minimum = template.minimum.requests / (requestsPerSecond * share)
  const known = proofs.filter((seconds) => seconds !== null)
  const isProven = proofs.length > 0 && known.length === proofs.length
  const secondsToPromote = isProven ? Math.max(template.minimum.seconds, minimum, ...known) : null
  return { weight, pods, secondsToPromote, metrics, unplanned }
}

/** null: what it would see of such a metric is not known beforehand. */
function planMetric(input: PowerInput, spec: MetricSpec, share: number, look: Look): MetricPlan | null {
  if (isQueried(spec)) return null
  if (spec.kind === 'proportion') return planErrors(input, spec, share, look)
  return spec.kind === 'distribution' ? planLatency(input, spec, share, look) : null
}

/** What a trial would know at its deadline. */
function lookOf({ template, nulls }: PowerInput, spec: MetricSpec, pods: Look['pods']): Look {
  const { parameters } = metricNull(nulls, spec.name)
  return {
    budget: { alpha: template.alpha, alphaPromote: template.alphaPromote },
    parameters,
    priors: [ratioPrior(armTau(parameters.tauPod, pods.canary, pods.baseline))],
    intervals: [],
    pods,
    seconds: template.deadlineSeconds,
  }
}

/** From evidence to the verdict: before it the warm-up, behind it the watermark. */
function untilVerdict({ template }: PowerInput, seconds: Seconds): Seconds {
  return seconds === null ? null : template.warmUpSeconds + seconds + template.watermarkSeconds
}

function planErrors(input: PowerInput, spec: MetricSpec, share: number, look: Look): MetricPlan {
  const { alpha, alphaPromote } = look.budget
  const { phi } = look.parameters
  const requests = input.requestsPerSecond * look.seconds
  const rate = Math.max(input.errorRate, 0.5 / requests)
  const [xc, xb] = [rate * share * requests, rate * (1 - share) * requests]
  const harms = input.ratios.map((ratio): HarmPlan => {
    const errorRate = Math.min(1, rate * ratio)
    const distance = Math.log(errorRate / rate / spec.margin)
    const isBelowFloor = errorRate - rate < (spec.rollbackFloor ?? 0)
    const seconds = isBelowFloor
      ? null
      : secondsFor(distance, errorRate * share * requests, xb, look, alpha * spec.weight)
    return { ratio, errorRate, seconds: untilVerdict(input, seconds) }
  })
  const byRatio = secondsFor(Math.log(spec.promoteMargin), xc, xb, look, alphaPromote)
  const floor = spec.promoteFloor ?? 0
  const byFloor =
    floor > 0 ? secondsUntilBelow(input.errorRate, input.requestsPerSecond * share, floor, alphaPromote, phi) : null
  const proofs = [byRatio, byFloor].filter((seconds) => seconds !== null)
  const detectable = smallestDetectableRatio(spec.margin, look.priors[0]!.tau, alpha * spec.weight, (ratio) =>
    ratioInformation(Math.min(1, rate * ratio) * share * requests, xb, phi),
  )
  return {
    name: spec.name,
    critical: spec.critical,
    secondsToRuleOut: untilVerdict(input, proofs.length === 0 ? null : Math.min(...proofs)),
    // A canary cannot fail more than all of its requests.
    smallestDetectable: detectable === null || detectable * rate > 1 ? null : detectable,
    harms,
  }
}

function planLatency(input: PowerInput, spec: MetricSpec, share: number, look: Look): MetricPlan | null {
  const { latency = [], requestsPerSecond } = input
  const total = totalCount(latency)
  if (total === 0) return null
  const scale = (requestsPerSecond * look.seconds) / total
  const part = (factor: number): Histogram => latency.map(([bucket, count]) => [bucket, count * scale * factor])
  const pair = { canary: part(share), baseline: part(1 - share) }
  const own = latencySpec(spec)
  return {
    name: spec.name,
    critical: spec.critical,
    secondsToRuleOut: untilVerdict(input, latencySecondsToRuleOut(own, pair, look)),
    smallestDetectable: latencyDetectable(own, pair, look),
    harms: [],
  }
}
