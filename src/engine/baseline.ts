import { type CohortSelector, isSameUnit, type Unit } from '../domain/cohort.ts'
import type { VersionRow } from '../storage/rollup-reader.ts'

/**
 * The version to compare with when nobody named one: the one with most requests in the unit during the hour before
 * the start. Versions whose last verdict was a rollback do not count, and a tie is no answer: null, never a guess.
 * @param versions what answered requests during that hour.
 * @param rolledBack versions of the unit whose last verdict was a rollback.
 */
export function chooseBaseline(
  unit: Unit,
  canary: CohortSelector,
  versions: readonly VersionRow[],
  rolledBack: ReadonlySet<string>,
): VersionRow | null {
  const isCanary = (version: string): boolean =>
    version === canary.version || canary.match?.version?.includes(version) === true
  const candidates = versions
    .filter((row) => isSameUnit(row, unit) && row.version !== '')
    .filter((row) => !isCanary(row.version) && !rolledBack.has(row.version))
    .sort((a, b) => b.requests - a.requests)
  const [first, second] = candidates
  if (first === undefined || first.requests === second?.requests) return null
  return first
}
