import { silenceLogE } from '../../stats/silence-evidence.ts'
import { measured, type OwnSeries } from './cut-at-removal.ts'
import type { Edge, MeshSeries, RolloutPod } from './rollout-input.ts'
import type { RolloutPolicy } from './rollout-policy.ts'

/** A canary pod on an inbound edge on which it should have been heard. */
export type Silence = {
  readonly pod: string
  readonly edge: Edge
  /** Intervals with traffic, times the share that the worst-reporting baseline pod delivered of them. */
  readonly expected: number
  /** Intervals in which the canary pod reported. */
  readonly delivered: number
  readonly isSilent: boolean
  /**
   * log of 1 / P(a harmless pod is silent | history, the baseline pods here), beta-binomial: with a silent and b
   * reporting pods of history, n baseline pods of which s are silent, (a + b + n) / (a + s). One silent pod can give no
   * more than that, however long it lasts. 0 when the pod is not silent.
   */
  readonly logE: number
}

/**
 * What each canary pod delivered on each inbound edge against what was to be expected. Expected are the intervals from
 * ready + grace on in which the mesh edge has traffic and a baseline pod is there to compare with. Without such an
 * interval there is no expectation and no finding.
 *
 * @param own all series, cut to their pods; only proportions on inbound edges count as reports
 */
export function silences({
  service,
  pods,
  own,
  mesh,
  intervalSeconds,
  policy,
}: {
  readonly service: string
  readonly pods: readonly RolloutPod[]
  readonly own: readonly OwnSeries[]
  readonly mesh: readonly MeshSeries[]
  readonly intervalSeconds: number
  readonly policy: RolloutPolicy['silence']
}): Silence[] {
  const baselines = pods.filter(({ role }) => role === 'baseline')
  const canaries = pods.filter(({ role }) => role === 'canary')
  return mesh
    .filter(({ edge }) => edge.to === service)
    .flatMap(({ edge, points }) => {
      const traffic = measured(points).map(({ at }) => at)
      const reports = reportsOn(edge, own)
      return canaries.flatMap((canary) => {
        const from = canary.readyAt + policy.graceSeconds
        const due = traffic.filter(
          (at) => at >= from && isThere(canary, at) && baselines.some((pod) => isThere(pod, at)),
        )
        const shares = baselines.flatMap((pod) => {
          const live = due.filter((at) => isThere(pod, at))
          if (live.length < policy.minimumExpected) return []
          return [deliveredOf(live, reports.get(pod.name) ?? [], intervalSeconds) / live.length]
        })
        if (shares.length === 0) return []
        const expected = due.length * Math.min(...shares)
        const delivered = deliveredOf(due, reports.get(canary.name) ?? [], intervalSeconds)
        const isSilent = expected >= policy.minimumExpected && delivered <= policy.mostDelivered * expected
        return [{ pod: canary.name, edge, expected, delivered, isSilent, logE: isSilent ? logEOf(shares, policy) : 0 }]
      })
    })
}

function reportsOn(edge: Edge, own: readonly OwnSeries[]): ReadonlyMap<string, readonly number[]> {
  const reports = new Map<string, number[]>()
  for (const { pod, series } of own) {
    if (series.kind !== 'proportion' || series.edge.from !== edge.from || series.edge.to !== edge.to) continue
    const times = measured(series.points).map(({ at }) => at)
    reports.set(pod.name, [...(reports.get(pod.name) ?? []), ...times])
  }
  return reports
}

function isThere({ readyAt, removedAt }: RolloutPod, at: number): boolean {
  return at >= readyAt && (removedAt === null || at < removedAt)
}

/** Mesh and pods are observed in the same rhythm, not at the same second: a report counts for the nearest interval. */
function deliveredOf(due: readonly number[], reports: readonly number[], intervalSeconds: number): number {
  return due.filter((at) => reports.some((report) => Math.abs(report - at) <= intervalSeconds / 2)).length
}

function logEOf(shares: readonly number[], { history, mostDelivered }: RolloutPolicy['silence']): number {
  return silenceLogE(shares.length, shares.filter((share) => share <= mostDelivered).length, history)
}
