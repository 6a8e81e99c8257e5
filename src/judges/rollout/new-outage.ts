import { percentile } from '../../stats/percentile.ts'
import { measured } from './cut-at-removal.ts'
import type { Edge, MeshSeries, Point } from './rollout-input.ts'
import type { RolloutPolicy } from './rollout-policy.ts'

/** An edge that was healthy until the canary and is out for both versions since. */
export type Outage = {
  readonly edge: Edge
  readonly since: number
  /** failing: the callee answers wrongly. idle: nobody calls it any more, or what little is served is right. */
  readonly kind: 'failing' | 'idle'
}

/**
 * Outages that began after the first canary was ready, on edges of the service or of a service that it calls or is called
 * by; earliest first. An idle interval of an edge that never was idle counts as served by nobody.
 */
export function newOutages(
  service: string,
  firstCanaryReady: number,
  mesh: readonly MeshSeries[],
  policy: RolloutPolicy['outage'],
): Outage[] {
  const near = new Set([service])
  for (const { edge } of mesh) {
    if (edge.from === service) near.add(edge.to)
    if (edge.to === service) near.add(edge.from)
  }
  return mesh
    .filter(({ edge }) => near.has(edge.from) || near.has(edge.to))
    .flatMap(({ edge, points }) => {
      const outage = outageIn(points, firstCanaryReady, policy)
      return outage === null ? [] : [{ edge, ...outage }]
    })
    .sort((a, b) => a.since - b.since)
}

function outageIn(
  points: readonly Point[],
  from: number,
  { healthyShare, brokenShare, intervals }: RolloutPolicy['outage'],
): Omit<Outage, 'edge'> | null {
  const before = points.filter(({ at }) => at < from)
  const healthy = before.filter(({ value }) => value !== null && value >= healthyShare)
  if (before.length < intervals || healthy.length < healthyShare * before.length) return null
  const after = points.filter(({ at }) => at >= from)
  for (let i = 0; i + intervals <= after.length; i++) {
    const window = after.slice(i, i + intervals)
    if ((after[i]!.value ?? 0) >= brokenShare || median(window.map(({ value }) => value ?? 0)) >= brokenShare) continue
    const served = measured(window).map(({ value }) => value)
    return { since: after[i]!.at, kind: served.length > 0 && median(served) < brokenShare ? 'failing' : 'idle' }
  }
  return null
}

function median(values: readonly number[]): number {
  return percentile(Float64Array.from(values).sort(), 50)
}
