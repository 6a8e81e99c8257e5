import { rollupRow } from '../lab.ts'

/** Pods of one replica set as rollups know them. */
export type Pods = {
  readonly service?: string
  readonly environment?: string
  readonly version?: string
  /** Deployment or Rollout: the first part of the pods' names. */
  readonly owner: string
  readonly hash: string
  /** Whether telemetry names the replica set, or only the pod. */
  readonly namesReplicaSet?: boolean
}

/** Two requests in each of these ticks, from two pods. */
export function podRows(pods: Pods, ticks: readonly number[]): Record<string, unknown>[] {
  const { owner, hash, namesReplicaSet = true, ...behaviour } = { version: '', ...pods }
  return ticks.flatMap((at) =>
    ['x7k2p', 'q9w4z'].map((suffix) => ({
      ...rollupRow(behaviour, at, { pod: `${owner}-${hash}-${suffix}`, operation: 'GET /', status: 'Unset' }, [0.02]),
      ReplicaSet: namesReplicaSet ? hash : '',
    })),
  )
}
