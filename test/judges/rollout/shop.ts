import type {
  MeshSeries,
  PodScatter,
  PodSeries,
  RolloutInput,
  RolloutPod,
} from '../../../src/judges/rollout/rollout-input.ts'

/** An invented shop: minute 0 starts the baseline pods, minute 20 the canary, minute 40 is now. */
const minute = 60
export const changeMinute = 20
const lastMinute = 40

/** What a pod reports in a minute of the rollout. null = nothing to measure; undefined = no point at all. */
export type Report = (at: { readonly minute: number; readonly pod: string }) => number | null | undefined

export type Shop = {
  readonly service?: string
  readonly baselines?: number
  readonly canaries?: number
  /** Minutes of removal by pod name. */
  readonly removed?: Readonly<Record<string, number>>
  readonly success?: Report
  readonly latency?: Report
  readonly cpu?: Report
  readonly readyMinute?: number
  readonly lastMinute?: number
  readonly mesh?: readonly MeshSeries[]
}

/** Levels of both versions a few percent apart, so that no two pods have equal values. */
export function steady(level: number): Report {
  return ({ minute: m, pod }) => level * (1 + 0.01 * Math.sin(m * 1.7 + pod.charCodeAt(1) * 2.3 + pod.charCodeAt(3)))
}

/** An edge of the mesh, minute by minute. */
export function edge(from: string, to: string, success: (m: number) => number | null): MeshSeries {
  return {
    edge: { from, to },
    points: Array.from({ length: lastMinute + 1 }, (_, m) => ({ at: m * minute, value: success(m) })),
  }
}

/** A rollout of one or more canary pods beside three baseline pods, called by `front`; healthy unless told otherwise. */
export function rollout(shop: Shop = {}): RolloutInput {
  const service = shop.service ?? 'cart'
  const ready = shop.readyMinute ?? changeMinute + 1
  const pods: RolloutPod[] = [
    ...names('v1', shop.baselines ?? 3).map((name) => podOf(name, 'baseline', 0, shop)),
    ...names('v2', shop.canaries ?? 1).map((name) => podOf(name, 'canary', ready * minute, shop)),
  ]
  return {
    service,
    changeStart: changeMinute * minute,
    intervalSeconds: minute,
    pods,
    series: pods.flatMap((pod): PodSeries[] => {
      const base = { pod: pod.name }
      return [
        {
          ...base,
          kind: 'proportion',
          metric: 'success',
          direction: 'decrease',
          edge: { from: 'front', to: service },
          points: pointsOf(pod, shop.success ?? (() => 1), shop),
        },
        {
          ...base,
          kind: 'gauge',
          metric: 'latency',
          direction: 'increase',
          points: pointsOf(pod, shop.latency ?? steady(20), shop),
        },
        {
          ...base,
          kind: 'gauge',
          metric: 'cpu',
          direction: 'increase',
          points: pointsOf(pod, shop.cpu ?? steady(40), shop),
        },
      ]
    }),
    mesh: shop.mesh ?? [edge('front', service, () => 1)],
  }
}

/** What other rollouts taught: pods of one version lie five percent apart. */
export const history: readonly PodScatter[] = ['latency', 'cpu'].map((metric) => ({
  service: 'cart',
  metric,
  squares: 40 * 0.05 ** 2,
  freedom: 40,
}))

function names(version: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${version}-${'abcdef'[i]}`)
}

function podOf(name: string, role: RolloutPod['role'], readyAt: number, shop: Shop): RolloutPod {
  const removed = shop.removed?.[name]
  return { name, role, readyAt, removedAt: removed === undefined ? null : removed * minute }
}

function pointsOf(pod: RolloutPod, report: Report, shop: Shop) {
  const first = pod.readyAt / minute
  const last = shop.lastMinute ?? lastMinute
  return Array.from({ length: last - first + 1 }, (_, i) => first + i).flatMap((m) => {
    const value = report({ minute: m, pod: pod.name })
    return value === undefined ? [] : [{ at: m * minute, value }]
  })
}
