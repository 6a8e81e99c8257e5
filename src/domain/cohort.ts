/** The rollups' dimensions, in order: a cohort may be matched by these and by nothing else. */
export const dimensions = ['namespace', 'service', 'environment', 'version', 'cohort', 'replicaSet', 'pod'] as const

export type Dimension = (typeof dimensions)[number]

/** One row's values of all dimensions; an attribute that the sender did not set is ''. */
export type Dimensions = Readonly<Record<Dimension, string>>

/** Accepted values per dimension: all named dimensions must hold, each by any of its values. */
export type CohortMatch = Partial<Readonly<Record<Dimension, readonly string[]>>>

/** How a deployment names one of its two cohorts: by version, by match, or by both (then both must hold). */
export type CohortSelector = { readonly version?: string; readonly match?: CohortMatch }

export type Arm = 'baseline' | 'canary'

/** What is deployed: one service in one environment (and namespace, '' when the telemetry has none). */
export type Unit = { readonly namespace: string; readonly service: string; readonly environment: string }

export const defaultEnvironment = 'default'

/** Whether two things belong to the same unit. */
export function isSameUnit(a: Unit, b: Unit): boolean {
  return a.namespace === b.namespace && a.service === b.service && a.environment === b.environment
}

/** Whether a row is what a selector names. What names nothing selects nothing, and no row has what is no dimension. */
function selects({ version, match = {} }: CohortSelector, row: Dimensions): boolean {
  if (version !== undefined && row.version !== version) return false
  const matched = Object.entries(match)
  if (version === undefined && matched.length === 0) return false
  return matched.every(([dimension, accepted]) => accepted.includes(row[dimension as Dimension]))
}

/**
 * The arm that a row belongs to, or null. In this order: the explicit `deployment.cohort` attribute, then the
 * deployment's selectors (canary first). A row that names another unit belongs to no arm.
 */
export function resolveArm(
  row: Dimensions,
  unit: Unit,
  selectors: { readonly canary: CohortSelector; readonly baseline: CohortSelector | null },
): Arm | null {
  if (!isSameUnit(row, unit)) return null
  if (row.cohort === 'canary' || row.cohort === 'baseline') return row.cohort
  if (selects(selectors.canary, row)) return 'canary'
  if (selectors.baseline !== null && selects(selectors.baseline, row)) return 'baseline'
  return null
}

/** What tells two cohorts apart: the version and the match, in one form however they were written. `-` for none. */
export function cohortKey(selector: CohortSelector | null): string {
  const parts = dimensions.flatMap((dimension) => {
    const accepted = selector?.match?.[dimension]
    if (accepted === undefined) return []
    return [`${dimension}=${[...new Set(accepted)].sort().map(encodeURIComponent).join('|')}`]
  })
  if (selector?.version !== undefined) parts.unshift(selector.version)
  return parts.length === 0 ? '-' : parts.join(',')
}

/** A cohort's name for people: its version, else its match, else '-'. */
export function cohortLabel(selector: CohortSelector | null): string {
  if (selector === null) return '-'
  if (selector.version !== undefined) return selector.version
  const parts = Object.entries(selector.match ?? {}).map(([key, values]) => `${key}=${values.join('|')}`)
  return parts.length === 0 ? '-' : parts.join(',')
}
