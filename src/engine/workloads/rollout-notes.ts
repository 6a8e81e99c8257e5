import type { Side } from './workload.ts'

/** What is written down of a workload, one fact each, in the order of its happening. */
export type RolloutNote =
  /** A run of the controller began: whatever was known of the one before is over. */
  | { readonly type: 'begun'; readonly at: string }
  /** The first share of the traffic was let through to a canary that nothing could be known of yet. */
  | { readonly type: 'let-in' }
  /** Per cent of the traffic that the canary gets. */
  | { readonly type: 'weight'; readonly weight: number }
  /** A deployment was opened, or found open, for this run. */
  | { readonly type: 'opened'; readonly deploymentId: string; readonly canary: Side; readonly stable: Side }
  /** The controller was told to roll this deployment back, so that what it asks later is about another attempt. */
  | { readonly type: 'told'; readonly deploymentId: string }
  /** The controller said that the run is over. */
  | { readonly type: 'ended' }

/** The deployment that was opened last for one pair of sides. */
export type Opened = {
  readonly deploymentId: string
  readonly canary: Side
  readonly stable: Side
  readonly isTold: boolean
}

/** The newest run of a workload, and the deployments of all of them. */
export type Rollout = {
  /** RFC 3339; null: no run was noticed. */
  readonly begunAt: string | null
  readonly isOver: boolean
  readonly isLetIn: boolean
  readonly weight: number | null
  /** Of this run. */
  readonly deploymentId: string | null
  /** By {@link pairKey}; the one that was opened last comes last. */
  readonly pairs: ReadonlyMap<string, Opened>
}

export const nothingNoted: Rollout = {
  begunAt: null,
  isOver: false,
  isLetIn: false,
  weight: null,
  deploymentId: null,
  pairs: new Map(),
}

/** What tells the two sides of a rollout from those of another one of the same workload. */
export function pairKey(canary: Side, stable: Side): string {
  return JSON.stringify([canary.hash ?? '', canary.version ?? '', stable.hash ?? '', stable.version ?? ''])
}

/** A workload after one more note, which was written after all others. */
export function noted(rollout: Rollout, note: RolloutNote): Rollout {
  switch (note.type) {
    case 'begun':
      return { ...rollout, begunAt: note.at, isOver: false, isLetIn: false, weight: null, deploymentId: null }
    case 'let-in':
      return { ...rollout, isLetIn: true }
    case 'weight':
      return { ...rollout, weight: note.weight }
    case 'opened': {
      const { deploymentId, canary, stable } = note
      const pairs = new Map(rollout.pairs)
      const key = pairKey(canary, stable)
      pairs.delete(key)
      return { ...rollout, deploymentId, pairs: pairs.set(key, { deploymentId, canary, stable, isTold: false }) }
    }
    case 'told': {
      const told = [...rollout.pairs].map(([key, opened]): [string, Opened] => [
        key,
        opened.deploymentId === note.deploymentId ? { ...opened, isTold: true } : opened,
      ])
      return { ...rollout, pairs: new Map(told) }
    }
    case 'ended':
      return { ...rollout, isOver: true }
  }
}
