import { join } from 'node:path'
import { EmbeddedStorage } from '../../src/storage/embedded.ts'
import type { Call } from './receive.ts'

/** What came of all that was to be delivered. */
export type Findings = {
  readonly verdicts: number
  readonly calls: number
  /** Ids of verdicts that no receiver took. */
  readonly missing: readonly string[]
  /** Ids that came and belong to no verdict. */
  readonly unknown: readonly string[]
  /** Ids that came with two contents. */
  readonly altered: readonly string[]
  /** Messages that were taken again. */
  readonly twice: number
}

/**
 * Compares what a receiver saw with the verdicts that are on record since a time.
 * @param directory of a Davy that has stopped.
 * @param since RFC 3339; what was first written before it is of the endpoint's past.
 */
export async function findingsOf(directory: string, calls: readonly Call[], since: string): Promise<Findings> {
  const storage = EmbeddedStorage.open(join(directory, 'data'))
  const rows = await storage.query<{ id: string }>(
    `SELECT DISTINCT JSONExtractString(argMin(Body, (At, Writer)), 'id') AS id FROM facts
     WHERE Kind = 'verdict' GROUP BY Key HAVING min(At) >= parseDateTime64BestEffort({since:String}, 6)`,
    { since },
  )
  await storage.close()
  const written = new Set(rows.map(({ id }) => id))
  const bodies = new Map<string, Set<string>>()
  for (const { id, body } of calls) bodies.set(id, (bodies.get(id) ?? new Set()).add(body))
  const taken = calls.filter(({ isAccepted }) => isAccepted).map(({ id }) => id)
  const accepted = new Set(taken)
  return {
    ...{ verdicts: written.size, calls: calls.length, twice: taken.length - accepted.size },
    missing: [...written].filter((id) => !accepted.has(id)),
    unknown: [...bodies.keys()].filter((id) => !written.has(id)),
    altered: [...bodies].flatMap(([id, different]) => (different.size > 1 ? [id] : [])),
  }
}
