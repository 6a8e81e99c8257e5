import type { CohortSelector } from '../../domain/cohort.ts'
import type { Sighting } from '../../storage/workload-reader.ts'

/** Of two that followed each other, the older has been silent for so long when it is out of the way. */
const outOfTheWayMs = 60_000

/** A version is running when it answered within this time. */
const runningMs = 180_000

/** Sightings go back an hour: who was there so long ago already may have been there before, and came nobody knows when. */
const newMs = 50 * 60_000

type Seen = { readonly firstSeen: number; readonly lastSeen: number }

/** First and last time by what `keyOf` says of the rows; rows of which it says '' are left out. */
export function seenBy(rows: readonly Sighting[], keyOf: (row: Sighting) => string): ReadonlyMap<string, Seen> {
  const seen = new Map<string, Seen>()
  for (const row of rows) {
    const key = keyOf(row)
    if (key === '') continue
    const before = seen.get(key)
    seen.set(key, {
      firstSeen: Math.min(row.firstSeen, before?.firstSeen ?? row.firstSeen),
      lastSeen: Math.max(row.lastSeen, before?.lastSeen ?? row.lastSeen),
    })
  }
  return seen
}

/** The one that answers now; several when none of them is out of the way yet, none when nothing answered. */
export function newestOf(seen: ReadonlyMap<string, Seen>): readonly string[] {
  const newest = Math.max(...[...seen.values()].map(({ lastSeen }) => lastSeen))
  return [...seen].filter(([, { lastSeen }]) => lastSeen > newest - outOfTheWayMs).map(([key]) => key)
}

/** The hash of a row's replica set, also where only its pods' names tell it. */
export function hashOf({ replicaSet, podHash }: Sighting): string {
  return replicaSet === '' ? podHash : replicaSet
}

/**
 * How the pods with one hash are selected: by replica set where telemetry names it, else by the one version that they
 * and nobody of `others` have; null when neither tells them apart.
 */
export function selectorOf(
  hash: string,
  rows: readonly Sighting[],
  others: readonly Sighting[],
): CohortSelector | null {
  if (rows.some(({ replicaSet }) => replicaSet === hash)) return { match: { replicaSet: [hash] } }
  const versions = new Set(rows.map(({ version }) => version))
  const [version] = versions
  if (version === undefined || version === '' || versions.size > 1) return null
  return others.some((row) => row.version === version) ? null : { version }
}

/** Two running versions of a service of which one came after the other. */
export type VersionPair = { readonly canary: string; readonly baseline: string; readonly canarySince: number }

/**
 * The canary and the baseline of a service that tells its versions and not its replica sets: the two versions that are
 * running, the later one being the canary.
 * @returns the versions that are running when these are not two, came at once, or both so long ago that nobody knows.
 */
export function runningVersions(rows: readonly Sighting[], now: number): VersionPair | readonly string[] {
  const seen = seenBy(rows, ({ version }) => version)
  const running = [...seen].filter(([, { lastSeen }]) => lastSeen > now - runningMs)
  running.sort(([, a], [, b]) => a.firstSeen - b.firstSeen)
  const [older, newer] = running
  const versions = running.map(([version]) => version)
  if (running.length !== 2 || older === undefined || newer === undefined) return versions
  if (older[1].firstSeen === newer[1].firstSeen || newer[1].firstSeen < now - newMs) return versions
  return { canary: newer[0], baseline: older[0], canarySince: newer[1].firstSeen }
}
