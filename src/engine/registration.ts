import { type CohortSelector, cohortKey, cohortLabel, type Unit } from '../domain/cohort.ts'
import type { Strategy } from '../domain/deployment.ts'
import { DavyError } from '../domain/errors.ts'

const hourMs = 3_600_000

/** What somebody asks to be judged. Absent values are found out from the telemetry, or are the defaults. */
export type Registration = {
  readonly namespace?: string
  readonly service: string
  readonly environment?: string
  readonly strategy?: Strategy
  readonly canary: CohortSelector
  readonly baseline?: CohortSelector
  /** Whether the baseline is what a rollout controller replaces, and nobody's choice. */
  readonly isFromController?: true
  readonly template?: string
  /** RFC 3339. */
  readonly startedAt?: string
  readonly plannedWeight?: number
}

/**
 * The namespace of a service when the caller named none: the only one that its telemetry shows, '' when it shows none.
 * @throws DavyError UNPROCESSABLE when it shows several, and none of them is ''.
 */
export function onlyNamespace(versions: readonly Unit[], unit: Omit<Unit, 'namespace'>): string {
  const seen = new Set(versions.filter((row) => row.environment === unit.environment).map((row) => row.namespace))
  const [only] = seen
  if (only === undefined || seen.has('')) return ''
  if (seen.size === 1) return only
  throw new DavyError('UNPROCESSABLE', `Which ${unit.service}? Its telemetry shows several namespaces.`, {
    expected: `namespace: one of ${[...seen].sort().join(', ')}`,
    where: 'namespace',
  })
}

/** @throws DavyError UNPROCESSABLE when the canary is named by nothing, or both cohorts are the same. */
export function checkCohorts(canary: CohortSelector, baseline: CohortSelector | undefined): void {
  if (canary.version === undefined && canary.match === undefined) {
    throw new DavyError('UNPROCESSABLE', 'The canary is named by nothing.', {
      expected: 'canary.version or canary.match',
      where: 'canary',
    })
  }
  if (baseline === undefined || cohortKey(baseline) !== cohortKey(canary)) return
  throw new DavyError('UNPROCESSABLE', 'Canary and baseline are the same cohort, so nothing can be compared.', {
    expected: 'two different versions, or matches that do not overlap',
    got: cohortLabel(canary),
    where: 'baseline',
  })
}

/**
 * When the registered deployment started, RFC 3339 in UTC; now when it does not say.
 * @throws DavyError UNPROCESSABLE when that is no time, more than a day ago or more than an hour ahead.
 */
export function startOf(registration: Pick<Registration, 'startedAt'>, now: number): string {
  if (registration.startedAt === undefined) return new Date(now).toISOString()
  const at = Date.parse(registration.startedAt)
  if (at >= now - 24 * hourMs && at <= now + hourMs) return new Date(at).toISOString()
  throw new DavyError('UNPROCESSABLE', 'The deployment starts too long ago or too far ahead to be followed.', {
    expected: 'a time within the last 24 hours; POST /api/v1/analyses judges what is older',
    got: registration.startedAt.slice(0, 64),
    where: 'startedAt',
  })
}
