import { type Noise, podCount } from './cells.ts'
import type { RandomSource } from './random-source.ts'

export const tickSeconds = 10

/** Share of requests that fail where nothing is wrong. */
const errorRate = 0.005

/** Standard deviation of a pod's own effect on the log of its error rate; it lasts as long as the pod. */
const podDeviation = { iid: 0, od: 0.15, extra: 0.15, uneven: 0.5 } as const satisfies Record<Noise, number>
/**
 * A pod by itself fails so many times as often for a while. Once an hour: then a test that takes requests for independent
 * rolls back about as many healthy canaries as it is known to, 9% with one pod in 20 at 500 requests a second.
 */
const burst = { factor: 8, ticks: 3, perHour: 1 }
/** The same for all pods at once. */
const incident = { factor: 5, ticks: 12, perHour: 1 }
/** The common error rate swings so far around its mean, once an hour. */
const drift = { share: 0.4, ticks: 360 }
/** A failed request is tried again and fails again with this probability, so 1.5 errors on average, and phi = 2. */
const retryShare = 1 / 3

/** No pod fails more than this share, however many causes meet. */
const mostErrors = 0.95

/** What to generate; the first `canaryPods` of all pods fail `ratio` times as often as they would. */
export type TrafficPlan = {
  readonly noise: Noise
  readonly requestsPerSecond: number
  readonly canaryPods: number
  readonly ratio: number
  readonly ticks: number
}

/** Counts per pod and tick, at tick * podCount + pod. */
export type Traffic = { readonly ticks: number; readonly requests: Int32Array; readonly errors: Int32Array }

/**
 * Requests of 20 pods in ticks of 10 s. `iid`: Poisson numbers of requests, each failing by itself with the same
 * probability. `od` (overdispersed): pods differ by sd 15%, each fails 8 times as often for 30 s now and then, failures
 * come in clumps of 1.5 (retries), the common rate drifts by 40% both ways and rises to 5 times for two minutes in shared
 * incidents. Pods and phases are drawn anew by each call.
 */
export function generateTraffic(plan: TrafficPlan, random: RandomSource): Traffic {
  const { noise, requestsPerSecond, canaryPods, ratio, ticks } = plan
  const isNoisy = noise !== 'iid'
  const perTick = (requestsPerSecond * tickSeconds) / podCount
  const own = Array.from({ length: podCount }, (_, pod) => {
    const effect = isNoisy ? Math.exp(podDeviation[noise] * random.normal()) : 1
    return errorRate * effect * (pod < canaryPods ? ratio : 1)
  })
  const common = isNoisy ? commonFactors(ticks, random) : null
  const bursts = own.map(() => (isNoisy ? spells(ticks, burst, random) : null))
  const requests = new Int32Array(ticks * podCount)
  const errors = new Int32Array(ticks * podCount)
  for (let tick = 0; tick < ticks; tick++) {
    for (let pod = 0; pod < podCount; pod++) {
      const share = Math.min(mostErrors, own[pod]! * (common?.[tick] ?? 1) * (bursts[pod]?.[tick] ?? 1))
      const counts = countsOf(noise, perTick, share, random)
      requests[tick * podCount + pod] = counts.requests
      errors[tick * podCount + pod] = counts.errors
    }
  }
  return { ticks, requests, errors }
}

/** One pod in one tick, of `mean` requests of which a `share` fails. */
function countsOf(
  noise: Noise,
  mean: number,
  share: number,
  random: RandomSource,
): { readonly requests: number; readonly errors: number } {
  if (noise === 'od' || noise === 'uneven') {
    const requests = random.poisson(mean)
    return { requests, errors: Math.min(requests, withRetries(requests * share, random)) }
  }
  const errors = noise === 'iid' ? random.poisson(mean * share) : withRetries(mean * share, random)
  return { requests: errors + random.poisson(mean * (1 - share)), errors }
}

function commonFactors(ticks: number, random: RandomSource): Float64Array {
  const factors = spells(ticks, incident, random)
  const phase = random.uniform()
  return factors.map(
    (factor, tick) => factor * (1 + drift.share * Math.sin(2 * Math.PI * (tick / drift.ticks + phase))),
  )
}

/** 1, and `factor` during spells that begin at random. */
function spells(
  ticks: number,
  { factor, ticks: length, perHour }: { readonly factor: number; readonly ticks: number; readonly perHour: number },
  random: RandomSource,
): Float64Array {
  const factors = new Float64Array(ticks).fill(1)
  const mean = 3600 / tickSeconds / perHour
  // A spell may have begun before the first tick.
  for (let start = -length + waiting(mean, random); start < ticks; start += waiting(mean, random)) {
    factors.fill(factor, Math.max(0, Math.floor(start)), Math.max(0, Math.floor(start) + length))
  }
  return factors
}

function waiting(mean: number, random: RandomSource): number {
  return -mean * Math.log(1 - random.uniform())
}

/** Failures with this mean that come in clumps. */
function withRetries(mean: number, random: RandomSource): number {
  let failed = random.poisson(mean * (1 - retryShare))
  for (let open = failed; open > 0; open--) while (random.uniform() < retryShare) failed++
  return failed
}
