import type { CohortSelector, Unit } from './cohort.ts'
import type { Template } from './template.ts'

export const strategies = [
  'canary',
  'blue-green',
  'rolling',
  'shadow',
  'ab-test',
  'feature-flag',
  'migration',
  'config',
] as const

export type Strategy = (typeof strategies)[number]

export type Outcome = 'promoted' | 'rolled-back' | 'aborted' | 'expired' | 'superseded'

/** One step of a rollout as its controller told it. */
export type Progress = { readonly at: string; readonly weight: number | null; readonly step: string | null }

/** A person's word over the engine's. */
export type Override = {
  readonly at: string
  readonly decision: 'promote' | 'hold' | 'rollback'
  readonly reason: string
  readonly by: string
}

/** One change of one service in one environment. Times are RFC 3339 in UTC. */
export type Deployment = Unit & {
  readonly id: string
  /** Unit, strategy, canary and baseline in one string; among open deployments it is unique. */
  readonly key: string
  /** 1 for the first deployment of this key, k for the k-th. */
  readonly attempt: number
  readonly strategy: Strategy
  readonly canary: CohortSelector
  /** null: nothing to compare with was found. */
  readonly baseline: CohortSelector | null
  readonly baselineFrom: 'registered' | 'controller' | 'traffic' | 'none'
  readonly origin: 'api' | 'detected'
  readonly mode: 'observe' | 'enforce'
  /** The template as it was when the deployment opened; weights never change after. */
  readonly template: Template
  readonly templateDigest: string
  readonly plannedWeight: number | null
  readonly startedAt: string
  readonly createdAt: string
  readonly status: 'open' | 'closed'
  readonly outcome: Outcome | null
  readonly endedAt: string | null
  readonly progress: readonly Progress[]
  readonly override: Override | null
  readonly supersededBy: string | null
}
