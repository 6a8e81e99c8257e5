import { chiSquareQuantile } from '../../stats/chi-square-quantile.ts'
import { cutAtRemoval, measured } from './cut-at-removal.ts'
import { podLevel } from './pod-level.ts'
import type { PodScatter, RolloutInput } from './rollout-input.ts'
import type { RolloutPolicy } from './rollout-policy.ts'

/** Below this freedom a service's own scatter says too little, and that of all services is taken. */
const enoughFreedom = 5

/**
 * How far the baseline pods of one rollout lie apart before the change, per gauge: what {@link spreadOf} pools over
 * other rollouts. No label is needed, because pods of one version under one balancer should be alike.
 */
export function podScatter(
  input: Pick<RolloutInput, 'service' | 'changeStart' | 'pods' | 'series'>,
  policy: RolloutPolicy['gauges'],
): PodScatter[] {
  const levels = new Map<string, number[]>()
  for (const { pod, series } of cutAtRemoval(input)) {
    if (pod.role !== 'baseline' || series.kind !== 'gauge') continue
    const before = measured(series.points).filter(({ at }) => at < input.changeStart)
    const level = podLevel(before, pod.readyAt + policy.warmUpSeconds, Infinity, policy.minimumPoints)
    if (level === null) continue
    levels.set(series.metric, [...(levels.get(series.metric) ?? []), level])
  }
  return [...levels].flatMap(([metric, of]) => {
    if (of.length < 2) return []
    const mean = of.reduce((sum, level) => sum + level, 0) / of.length
    const squares = of.reduce((sum, level) => sum + (level - mean) ** 2, 0)
    return [{ service: input.service, metric, squares, freedom: of.length - 1 }]
  })
}

/**
 * Standard deviation of a pod's own log level, an upper confidence bound: sd^2 <= squares / chi^2(1 - confidence).
 * Pools the service's rollouts, or those of all services when the service has too few.
 *
 * @returns null when nothing is known of the metric
 */
export function spreadOf(
  history: readonly PodScatter[],
  service: string,
  metric: string,
  confidence: number,
): number | null {
  const ofMetric = history.filter((scatter) => scatter.metric === metric)
  const own = pooled(ofMetric.filter((scatter) => scatter.service === service))
  const { squares, freedom } = own.freedom >= enoughFreedom ? own : pooled(ofMetric)
  if (freedom === 0 || squares === 0) return null
  return Math.sqrt(squares / chiSquareQuantile(1 - confidence, freedom))
}

function pooled(scatters: readonly PodScatter[]): { readonly squares: number; readonly freedom: number } {
  return {
    squares: scatters.reduce((sum, { squares }) => sum + squares, 0),
    freedom: scatters.reduce((sum, { freedom }) => sum + freedom, 0),
  }
}
