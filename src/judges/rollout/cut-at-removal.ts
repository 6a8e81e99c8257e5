import type { PodSeries, Point, RolloutInput, RolloutPod, Seconds } from './rollout-input.ts'

/** A pod and those of its series' points that are its own. */
export type OwnSeries = { readonly pod: RolloutPod; readonly series: PodSeries }

/**
 * The series with only the points that belong to their pod: before its removal and, for a canary, from ready on. A name
 * may be handed on: after a removal some collectors carry the successor's values under the old name.
 *
 * @throws Error when a series names a pod that the rollout does not have, or its times do not ascend
 */
export function cutAtRemoval(input: Pick<RolloutInput, 'pods' | 'series'>): OwnSeries[] {
  const pods = new Map(input.pods.map((pod) => [pod.name, pod]))
  return input.series.map((series) => {
    const pod = pods.get(series.pod)
    if (pod === undefined) {
      throw new Error(`series ${series.metric}: expected a pod of the rollout, got ${JSON.stringify(series.pod)}`)
    }
    checkAscending(series)
    return { pod, series: { ...series, points: series.points.filter(({ at }) => isOwn(pod, at)) } }
  })
}

/** The moment from which no baseline pod is left; Infinity while one stays, -Infinity without baseline pods. */
export function baselineEnd(pods: readonly RolloutPod[]): Seconds {
  return Math.max(...pods.filter(({ role }) => role === 'baseline').map(({ removedAt }) => removedAt ?? Infinity))
}

/** The points that have a value. */
export function measured(points: readonly Point[]): { readonly at: Seconds; readonly value: number }[] {
  return points.flatMap(({ at, value }) => (value === null ? [] : [{ at, value }]))
}

function isOwn(pod: RolloutPod, at: Seconds): boolean {
  if (pod.removedAt !== null && at >= pod.removedAt) return false
  return pod.role === 'baseline' || at >= pod.readyAt
}

function checkAscending({ pod, metric, points }: PodSeries): void {
  for (let i = 1; i < points.length; i++) {
    if (!(points[i]!.at > points[i - 1]!.at)) {
      throw new Error(`series ${metric} of ${pod}: expected ascending times, got ${points[i]!.at} at index ${i}`)
    }
  }
}
