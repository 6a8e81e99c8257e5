import type { Arm, CohortSelector, dimensions } from '../domain/cohort.ts'
import type { SourceQuestion } from '../domain/metric-source.ts'

/** What a query may name of an arm. They may have several values, or none. */
const ofArm = ['version', 'pod', 'replicaSet'] as const

type ArmVariable = (typeof ofArm)[number]

/** What the variables of a query stand for, for one arm. */
export type QueryValues = {
  readonly service: string
  readonly namespace: string
  readonly environment: string
  /** The arm that is asked about. */
  readonly arm: Arm
  readonly arms: Readonly<Record<Arm, Readonly<Record<ArmVariable, readonly string[]>>>>
  readonly windowSeconds: number
}

/** Whoever names one of these asks each arm something else. */
export const armVariables: readonly string[] = [...ofArm, 'cohort']

/** The names that a query may have in `${…}`. */
export const queryVariables: readonly string[] = [
  ...['service', 'namespace', 'environment', 'window'],
  ...armVariables,
  ...(['canary', 'baseline'] as const).flatMap((arm) => ofArm.map((name) => `${arm}.${name}`)),
]

/** The values of one of {@link queryVariables}; none when the deployment does not tell. */
export function valuesNamed(name: string, values: QueryValues): readonly string[] {
  const { service, namespace, environment, arm, arms } = values
  if (name === 'window') return [`${values.windowSeconds}s`]
  if (name === 'cohort') return [arm]
  if (name === 'service') return [service]
  if (name === 'environment') return [environment]
  if (name === 'namespace') return namespace === '' ? [] : [namespace]
  const [first, second] = name.split('.')
  const of = second === undefined ? arms[arm] : arms[first as Arm]
  return of[(second ?? first) as ArmVariable]
}

/** What the variables stand for when one arm is asked about. */
export function valuesOf({ deployment, windows, pods }: SourceQuestion, arm: Arm): QueryValues {
  const { service, namespace, environment } = deployment
  const [first] = windows
  return {
    ...{ service, namespace, environment, arm },
    arms: {
      canary: cohortValues(deployment.canary, pods?.canary),
      baseline: cohortValues(deployment.baseline, pods?.baseline),
    },
    windowSeconds: first === undefined ? 10 : Math.round((first.to - first.from) / 1000),
  }
}

/**
 * Whether all that keeps a query from being asked is that an arm has no pods while the other one has: it may just have no
 * traffic. Where neither has any, nobody tells of pods.
 */
export function lacksOnlyPods({ name }: { readonly name: string }, pods: SourceQuestion['pods']): boolean {
  return name.endsWith('pod') && Boolean(pods?.baseline.length || pods?.canary.length)
}

function cohortValues(selector: CohortSelector | null, pods: readonly string[] = []): QueryValues['arms'][Arm] {
  const matched = (dimension: (typeof dimensions)[number]) => selector?.match?.[dimension] ?? []
  const version = selector?.version === undefined ? matched('version') : [selector.version]
  const pod = matched('pod')
  return { version, pod: pod.length > 0 ? pod : pods, replicaSet: matched('replicaSet') }
}
