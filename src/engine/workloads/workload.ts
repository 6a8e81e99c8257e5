import type { CohortSelector, Unit } from '../../domain/cohort.ts'
import type { Strategy } from '../../domain/deployment.ts'

export type Controller = 'argo-rollouts' | 'flagger'

/** What a rollout controller rolls out, by its Kubernetes name. */
export type Workload = { readonly controller: Controller; readonly namespace: string; readonly name: string }

/** One of the two sides as a controller names it: the pod-template hash, or the version that its telemetry carries. */
export type Side = { readonly hash?: string; readonly version?: string }

/** What somebody wrote down, so that it need not be learnt from telemetry. */
export type Hints = {
  readonly service?: string
  /** service.namespace, which is not Kubernetes' namespace. */
  readonly serviceNamespace?: string
  readonly environment?: string
  readonly template?: string
  readonly strategy?: Strategy
}

/** A workload as telemetry shows it: what a deployment is opened with. An absent namespace is the only one seen. */
export type Identity = {
  readonly unit: Omit<Unit, 'namespace'> & { readonly namespace?: string }
  readonly canary: CohortSelector
  /** Absent: the version with most requests. */
  readonly baseline?: CohortSelector
  /** When the canary answered first, Unix milliseconds; null: not yet. */
  readonly canarySince: number | null
}

/** A workload that nothing can be said about yet; `question` is for the person who reads it at the gate. */
export type Unidentified = { readonly question: string }

/** `controller/namespace/name`, by which facts about it are found. */
export function subjectOf({ controller, namespace, name }: Workload): string {
  return `${controller}/${namespace}/${name}`
}

/** `namespace/name`, for people. */
export function labelOf({ namespace, name }: Workload): string {
  return `${namespace}/${name}`
}
