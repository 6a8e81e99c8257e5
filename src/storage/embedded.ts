import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { formatQueryParams } from '@clickhouse/client-common'
import { type ChdbResult, drainPending, Session } from 'chdb'
import { DavyError } from '../domain/errors.ts'
import { type FileInsert, type QueryParams, type Storage, StorageError } from '../domain/storage.ts'
import { Semaphore } from '../platform/semaphore.ts'
import { deduplicated } from './deduplicated.ts'
import { stopping } from './stopping.ts'

export type EmbeddedOptions = {
  /** Ceiling of the engine's memory; a statement beyond it fails instead of the process. */
  readonly maxMemoryBytes?: number
  /** INSERTs from segment files that may run at once. */
  readonly lanes?: number
  /** Other statements that may run at once. Lanes and queries each hold a libuv thread while they run. */
  readonly queries?: number
}

/**
 * ClickHouse inside this process, through chDB: the one file that knows chDB. What shaped it:
 * one statement at a time runs on a connection, so each statement gets a session of its own (0.2 ms); `SET` stays on
 * its session and leaks nowhere; binary data never goes inline, since inline data ends at the first empty line and the
 * rest would run as SQL; a query in flight at exit crashes the process, so `close` drains first.
 */
export class EmbeddedStorage implements Storage {
  readonly kind = 'embedded'
  readonly #path: string
  /** Holds the engine open, and is the only session that may carry engine arguments. */
  readonly #keeper: Session
  readonly #lanes: Semaphore
  readonly #queries: Semaphore
  readonly #schemaFiles = new Map<string, string>()
  readonly #inserts = new Map<string, number>()
  #closing: Promise<void> | null = null

  private constructor(path: string, keeper: Session, options: EmbeddedOptions) {
    this.#path = path
    this.#keeper = keeper
    this.#lanes = new Semaphore(options.lanes ?? 2)
    this.#queries = new Semaphore(options.queries ?? 4)
  }

  /**
   * Opens or creates the data directory.
   * @throws DavyError STORAGE_DOWN when it cannot be opened, for example because another process has it open.
   */
  static open(directory: string, options: EmbeddedOptions = {}): EmbeddedStorage {
    const path = resolve(directory)
    try {
      mkdirSync(path, { recursive: true })
      const keeper = new Session(path, {
        connectionArgs: [
          `--max_server_memory_usage=${options.maxMemoryBytes ?? 4 * 2 ** 30}`,
          // What readers ask for again is of the last minutes: caches for more only fill up, for hours, with what is gone.
          `--mark_cache_size=${64 * 2 ** 20}`,
          `--primary_index_cache_size=${64 * 2 ** 20}`,
          `--index_mark_cache_size=${32 * 2 ** 20}`,
          `--query_condition_cache_size=${16 * 2 ** 20}`,
          // A thread that waits for work for ever holds memory and three open files: a rush would leave hundreds.
          '--max_thread_pool_free_size=16',
          '--output_format_json_quote_64bit_integers=0',
        ],
      })
      return new EmbeddedStorage(path, keeper, options)
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause)
      throw new DavyError(
        'STORAGE_DOWN',
        `The embedded ClickHouse in ${path} cannot be opened: ${firstLine(message)}`,
        {
          expected: 'a directory that can be written and that no other process has open',
          where: 'DAVY_STORAGE_URL',
          cause,
        },
      )
    }
  }

  async query<Row>(sql: string, params: QueryParams = {}, signal?: AbortSignal): Promise<Row[]> {
    const result = await this.#run(this.#queries, sql, params, signal)
    return await parseRows<Row>(result.text())
  }

  async command(sql: string, params: QueryParams = {}): Promise<void> {
    await this.#run(this.#queries, sql, params)
  }

  async insertFile(insert: FileInsert): Promise<void> {
    const source = `file(${quote(resolve(insert.file))}, 'Protobuf', ${quote(insert.structure)})`
    const settings = Object.entries({
      ...insert.settings,
      format_schema: `${this.#schemaFile(insert.schema)}:${insert.message}`,
      ...deduplicated(insert.token),
      // An engine that could not tell a repeated INSERT … SELECT would rather refuse it.
      deduplicate_insert_select: 'force_enable',
    }).map(([name, value]) => `${name} = ${typeof value === 'number' ? value : quote(value)}`)
    await this.#run(this.#lanes, `${insert.sql.replace('{source}', () => source)} SETTINGS ${settings.join(', ')}`, {})
  }

  /** The schema as a file: given as a string, the engine would leave a `__cache__` in the working directory. */
  #schemaFile(schema: string): string {
    const known = this.#schemaFiles.get(schema)
    if (known !== undefined) return known
    const directory = join(this.#path, 'format_schemas')
    mkdirSync(directory, { recursive: true })
    const file = join(directory, `${createHash('sha256').update(schema).digest('hex').slice(0, 16)}.proto`)
    writeFileSync(file, schema)
    this.#schemaFiles.set(schema, file)
    return file
  }

  async insertRows(table: string, rows: readonly object[], token: string): Promise<void> {
    // JSON text has no empty line in it, so inline data is safe here, and only here.
    const values = await writeRows(rows)
    try {
      await this.#inSession(this.#queries, (session) =>
        session.insert({ table, values, format: 'JSONEachRow', settings: { ...deduplicated(token), async_insert: 0 } }),
      )
    } finally {
      this.#inserts.set(table, this.insertsInto(table) + 1)
    }
  }

  /** The engine's directory is locked: nobody else writes. */
  insertsInto(table: string): number {
    return this.#inserts.get(table) ?? 0
  }

  close(): Promise<void> {
    this.#closing ??= this.#drain()
    return this.#closing
  }

  async #drain(): Promise<void> {
    await Promise.all([this.#lanes.idle(), this.#queries.idle()])
    this.#keeper.close()
    await drainPending()
  }

  async #run(lane: Semaphore, sql: string, params: QueryParams, signal?: AbortSignal): Promise<ChdbResult> {
    const text = bindParams(params) + sql
    return this.#inSession(lane, (session) => session.queryAsync(text, { format: 'JSONEachRow' }), signal)
  }

  async #inSession<T>(lane: Semaphore, statement: (session: Session) => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#closing !== null) throw stopping()
    return lane.run(async () => {
      signal?.throwIfAborted()
      let session: Session | undefined
      try {
        session = new Session(this.#path)
        return await statement(session)
      } catch (cause) {
        throw asStorageError(cause)
      } finally {
        session?.close()
      }
    })
  }
}

/** A parameter's value as the text that ClickHouse expects, in `SET` statements in front of the query. */
function bindParams(params: QueryParams): string {
  return Object.entries(params)
    .map(([name, value]) => `SET param_${name} = ${quote(formatQueryParams({ value }))};`)
    .join('')
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}

/** So much is read or written in a few milliseconds; then others have their turn. */
const charactersOfTurn = 512 * 1024
const rowsOfTurn = 1000

/** JSONEachRow text as rows. */
async function parseRows<Row>(text: string): Promise<Row[]> {
  const rows: Row[] = []
  let turn = charactersOfTurn
  for (let from = 0, to = 0; from < text.length; from = to + 1) {
    const end = text.indexOf('\n', from)
    to = end < 0 ? text.length : end
    if (to > from) rows.push(JSON.parse(text.slice(from, to)) as Row)
    if (to < turn) continue
    turn = to + charactersOfTurn
    await setImmediate()
  }
  return rows
}

/** Rows as JSONEachRow text, without an empty line. */
async function writeRows(rows: readonly object[]): Promise<Buffer> {
  const parts: Buffer[] = []
  for (let from = 0; from < rows.length; from += rowsOfTurn) {
    if (from > 0) await setImmediate()
    parts.push(
      Buffer.from(
        `${rows
          .slice(from, from + rowsOfTurn)
          .map((row) => JSON.stringify(row))
          .join('\n')}\n`,
      ),
    )
  }
  return Buffer.concat(parts)
}

function asStorageError(cause: unknown): Error {
  const message = cause instanceof Error ? cause.message : String(cause)
  const code = (cause as { clickhouseCode?: number }).clickhouseCode
  return new StorageError(typeof code === 'number' ? code : 0, firstLine(message), cause)
}

function firstLine(message: string): string {
  const end = message.indexOf('\n')
  return (end === -1 ? message : message.slice(0, end)).slice(0, 500)
}
