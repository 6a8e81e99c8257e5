import { gaugeLogE } from '../../stats/gauge-evidence.ts'
import { baselineEnd, measured, type OwnSeries } from './cut-at-removal.ts'
import { podLevel } from './pod-level.ts'
import { floorDeviations, type MetricEvidence } from './proportion-evidence.ts'
import type { RolloutPolicy } from './rollout-policy.ts'

/**
 * Evidence for "the canary pods' level is beyond the margin", worse than both
 *
 * - the baseline pods at the same time (cancels what befalls everybody), and
 * - the baseline pods at the same age before the change (cancels warm-up),
 *
 * so the lesser of the two e-values. A pod is one observation, its median log level; d is the difference of the arms'
 * means less log(1 + margin), with variance sd^2 (1 / canary pods + 1 / baseline pods).
 *
 * @param own one gauge's series, cut to their pods
 * @param spread standard deviation of one pod's log level, above 0
 * @returns null when no canary pod can be compared both ways
 */
export function gaugeComparison({
  metric,
  own,
  changeStart,
  spread,
  margin,
  policy,
}: {
  readonly metric: string
  readonly own: readonly OwnSeries[]
  readonly changeStart: number
  readonly spread: number
  readonly margin: number
  readonly policy: RolloutPolicy['gauges']
}): MetricEvidence | null {
  const { warmUpSeconds, minimumPoints } = policy
  const until = baselineEnd(own.map(({ pod }) => pod))
  const canaries = own.flatMap(({ pod, series }) => {
    if (pod.role !== 'canary') return []
    const points = measured(series.points).filter(({ at }) => at < until)
    const from = pod.readyAt + warmUpSeconds
    const level = podLevel(points, from, Infinity, minimumPoints)
    const last = points.at(-1)?.at
    return level === null || last === undefined ? [] : [{ level, from, to: last + 1, oldest: last + 1 - pod.readyAt }]
  })
  if (canaries.length === 0) return null
  const from = Math.min(...canaries.map((canary) => canary.from))
  const to = Math.max(...canaries.map((canary) => canary.to))
  const oldest = Math.max(...canaries.map((canary) => canary.oldest))
  const baselines = own.flatMap(({ pod, series }) =>
    pod.role === 'baseline' ? [{ pod, points: measured(series.points) }] : [],
  )
  const concurrent = baselines.map(({ points }) => podLevel(points, from, to, minimumPoints))
  const sameAge = baselines.map(({ pod, points }) => {
    const before = points.filter(({ at }) => at < changeStart)
    return podLevel(before, pod.readyAt + warmUpSeconds, pod.readyAt + oldest, minimumPoints)
  })
  const sign = own[0]!.series.direction === 'increase' ? 1 : -1
  const level = mean(canaries.map((canary) => canary.level))
  const against = [concurrent, sameAge].map((levels) => {
    const known = levels.filter((one) => one !== null)
    if (known.length === 0) return null
    const excess = sign * (level - mean(known))
    const variance = spread ** 2 * (1 / canaries.length + 1 / known.length)
    return {
      excess,
      variance,
      logE: gaugeLogE({ d: excess - Math.log1p(margin), v: variance, tau: 0, rho: policy.rho }),
    }
  })
  const known = against.filter((one) => one !== null)
  if (known.length < against.length) return null
  const least = known.reduce((a, b) => (b.logE < a.logE ? b : a))
  return {
    metric,
    logE: least.logE,
    compared: canaries.length,
    ratio: Math.exp(least.excess),
    floor: (1 + margin) * Math.exp(floorDeviations * Math.sqrt(least.variance)),
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
