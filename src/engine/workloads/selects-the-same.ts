import { type CohortSelector, cohortKey, isSameUnit } from '../../domain/cohort.ts'
import type { Deployment } from '../../domain/deployment.ts'
import type { Sighting, WorkloadReader } from '../../storage/workload-reader.ts'
import { hashOf } from './live-sides.ts'
import type { Identity, Side } from './workload.ts'

const hourMs = 3_600_000

/** Whether the pods with this hash, and no others of the service, carry the one version that the selector names. */
function isVersionOf(rows: readonly Sighting[], selector: CohortSelector | null, { hash }: Side): boolean {
  const version = selector?.version
  if (hash === undefined || version === undefined || version === '' || selector?.match !== undefined) return false
  const own = rows.filter((row) => hashOf(row) === hash)
  return own.length > 0 && rows.every((row) => (hashOf(row) === hash) === (row.version === version))
}

/**
 * Whether a deployment that is, or was, open selects by other words the very pods that its controller names: what Davy
 * noticed by itself selects by versions, which must be those of the two replica sets alone now.
 * @param sides the canary's and the baseline's.
 */
export async function selectsTheSame(
  reader: Pick<WorkloadReader, 'sightings'>,
  known: Deployment,
  {
    identity,
    sides,
    now,
  }: { readonly identity: Identity; readonly sides: readonly [Side, Side]; readonly now: number },
): Promise<boolean> {
  const isSaid = cohortKey(known.canary) === cohortKey(identity.canary)
  if (isSaid && (identity.baseline === undefined || cohortKey(known.baseline) === cohortKey(identity.baseline)))
    return true
  const service = identity.unit.service
  const seen = await reader.sightings({ services: [service], from: now - hourMs, to: now + 60_000 })
  const rows = seen.filter((row) => isSameUnit(row, known))
  const [canary, stable] = sides
  return isVersionOf(rows, known.canary, canary) && isVersionOf(rows, known.baseline, stable)
}
