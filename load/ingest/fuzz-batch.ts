import type { Storage } from '../../src/domain/storage.ts'
import { Ingest } from '../../src/engine/ingest/ingest.ts'
import { insertPlans } from '../../src/engine/ingest/insert-plans.ts'
import type { Signal } from '../../src/engine/ingest/signals.ts'
import { newId } from '../../src/platform/ids.ts'
import type { BodyMaker, TakenBody } from './fuzz-makers.ts'

/** A body on its way into the storage. `index` is null for a good neighbour. */
export type Entry = { readonly maker: BodyMaker<Signal>; readonly taken: TakenBody; readonly index: number | null }

/** Something that must not be, in a sentence. */
export type Finding = string

const shownRows = 3

/** The real way into the storage: segments, fdatasync, INSERT, sifting, quarantine. */
export class FuzzStorage {
  readonly #storage: Storage
  readonly #ingest: Ingest
  readonly #troubles: Finding[]

  private constructor(storage: Storage, ingest: Ingest, troubles: Finding[]) {
    this.#storage = storage
    this.#ingest = ingest
    this.#troubles = troubles
  }

  /** @param directory of the segments. */
  static async open(storage: Storage, directory: string): Promise<FuzzStorage> {
    const troubles: Finding[] = []
    const ingest = await Ingest.open({
      directory,
      limits: { maxBytes: 16 * 2 ** 20, maxAgeMs: 60_000, backlogMaxBytes: 2 ** 32 },
      plans: insertPlans(storage),
      newId: () => newId(Date.now()),
      now: Date.now,
      events: {
        stored: () => undefined,
        recovered: () => undefined,
        retrying: (signal, segment, error) => {
          // A segment that waits for a better time: over fuzzed bodies there is none.
          if (troubles.push(`${signal}: the INSERT of segment ${segment.id} failed: ${error.message}`) > 20) throw error
        },
        quarantined: (signal, file, error) => troubles.push(`${signal}: ${file} was put aside: ${error.message}`),
        unsealed: (signal, id, error) => troubles.push(`${signal}: segment ${id} was not sealed: ${error.message}`),
      },
    })
    return new FuzzStorage(storage, ingest, troubles)
  }

  /** Stores a batch and compares every row with what was sent. Afterwards the tables are empty again. */
  async store(entries: readonly Entry[]): Promise<readonly Finding[]> {
    await Promise.all(
      entries.map(({ maker, taken }) => this.#ingest.accept(maker.signal, taken.body, taken.kinds.keys())),
    )
    await this.#ingest.flush()
    const findings = this.#troubles.splice(0)
    for (const [sql, sent] of sentByTable(entries)) findings.push(...(await this.#compare(sql, sent)))
    await this.#empty()
    return findings
  }

  async close(): Promise<void> {
    await this.#ingest.close(60_000)
  }

  async #compare(sql: string, sent: readonly Sent[]): Promise<readonly Finding[]> {
    const stored = new Map<string, number>()
    for (const { row } of await this.#storage.query<{ row: string }>(sql)) stored.set(row, (stored.get(row) ?? 0) + 1)
    const findings: Finding[] = []
    for (const { maker, taken, index, kind } of sent) {
      const rows = taken.kinds.has(kind) ? maker.rowsOf(kind, taken.body) : []
      if (rows.length !== (taken.kinds.get(kind) ?? 0)) {
        findings.push(`${maker.name} ${index}: ${taken.kinds.get(kind)} ${kind} were counted, ${rows.length} are there`)
      }
      for (const row of rows) {
        const left = stored.get(row) ?? 0
        const who = index === null ? 'A GOOD NEIGHBOUR' : `body ${index}`
        if (left === 0) findings.push(`${maker.name}: ${who} has no row ${row} of ${kind}`)
        else if (left === 1) stored.delete(row)
        else stored.set(row, left - 1)
      }
    }
    if (stored.size > 0) {
      const shown = [...stored.keys()].slice(0, shownRows).join('; ')
      findings.push(`${sent[0]?.kind}: ${stored.size} rows that nobody sent, like ${shown}`)
    }
    return findings
  }

  async #empty(): Promise<void> {
    const tables = await this.#storage.query<{ name: string }>(
      "SELECT name FROM system.tables WHERE database = currentDatabase() AND match(name, '^(otel|rollup)_') AND engine NOT LIKE '%View'",
    )
    for (const { name } of tables) await this.#storage.command(`TRUNCATE TABLE ${name}`)
  }
}

type Sent = Entry & { readonly kind: string }

/** By what a table is asked: two ways in may fill the same. Tables that nothing was sent to are asked too. */
function sentByTable(entries: readonly Entry[]): ReadonlyMap<string, readonly Sent[]> {
  const sent = new Map<string, Sent[]>()
  for (const entry of entries) {
    for (const { kind, sql } of entry.maker.tables) {
      const list = sent.get(sql)
      if (list === undefined) sent.set(sql, [{ ...entry, kind }])
      else list.push({ ...entry, kind })
    }
  }
  return sent
}
