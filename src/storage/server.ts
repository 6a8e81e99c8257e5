import { open } from 'node:fs/promises'
import { type ClickHouseClient, ClickHouseError, ClickHouseLogLevel, createClient } from '@clickhouse/client'
import { DavyError } from '../domain/errors.ts'
import { type FileInsert, type QueryParams, type Storage, StorageError } from '../domain/storage.ts'
import { Semaphore } from '../platform/semaphore.ts'
import { deduplicated } from './deduplicated.ts'
import { stopping } from './stopping.ts'

/** Statements that may run at once; the rest wait here instead of in the client's queue, whose timeouts tick. */
const connections = 10

/** A ClickHouse server or cluster behind its HTTP interface, through the official client. */
export class ServerStorage implements Storage {
  readonly kind = 'server'
  readonly #client: ClickHouseClient
  readonly #where: string
  readonly #statements = new Semaphore(connections)
  #insertSelectSettings: Promise<Readonly<Record<string, string | number>>> | null = null
  #closing: Promise<void> | null = null

  private constructor(client: ClickHouseClient, where: string) {
    this.#client = client
    this.#where = where
  }

  /** @param url `http(s)://[user[:password]@]host:port[/database]`; the `cluster` parameter is the dialect's. */
  static open(url: URL): ServerStorage {
    const bare = new URL(url)
    bare.searchParams.delete('cluster')
    const client = createClient({
      url: bare,
      request_timeout: 60_000,
      max_open_connections: connections,
      application: 'davy',
      // What fails is thrown, and logged by those who asked.
      log: { level: ClickHouseLogLevel.OFF },
      clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
    })
    return new ServerStorage(client, url.host)
  }

  async query<Row>(sql: string, params: QueryParams = {}, signal?: AbortSignal): Promise<Row[]> {
    return this.#guard(async () => {
      signal?.throwIfAborted()
      const result = await this.#client.query({
        query: sql,
        query_params: params,
        format: 'JSONEachRow',
        ...(signal === undefined ? {} : { abort_signal: signal }),
      })
      return result.json<Row>()
    }, signal)
  }

  async command(sql: string, params: QueryParams = {}): Promise<void> {
    await this.#guard(() => this.#client.command({ query: sql, query_params: params }))
  }

  async insertRows(table: string, rows: readonly object[], token: string): Promise<void> {
    await this.#guard(() =>
      this.#client.insert({
        table,
        values: rows,
        format: 'JSONEachRow',
        clickhouse_settings: { ...deduplicated(token), async_insert: 0 },
      }),
    )
  }

  insertsInto(): null {
    return null
  }

  async insertFile(insert: FileInsert): Promise<void> {
    const source = `input('${insert.structure.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}')`
    const insertSelectSettings = await this.#insertSelect()
    const file = await open(insert.file)
    try {
      await this.#guard(async () => {
        const { stream } = await this.#client.exec({
          query: `${insert.sql.replace('{source}', () => source)} FORMAT Protobuf`,
          values: file.createReadStream({ autoClose: false }),
          clickhouse_settings: {
            ...insert.settings,
            ...insertSelectSettings,
            ...deduplicated(insert.token),
            format_schema_source: 'string',
            format_schema: insert.schema,
            format_schema_message_name: insert.message,
            async_insert: 0,
          },
        })
        // The answer is empty, and its connection is free again only when it was read.
        for await (const _ of stream);
      })
    } finally {
      await file.close()
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#statements.idle().then(() => this.#client.close())
    return this.#closing
  }

  /**
   * What makes a server keep a token's promise for INSERT … SELECT: some versions ignore the token unless they are told
   * (ClickHouse issue 99115), and neither setting exists in all of them.
   */
  #insertSelect(): Promise<Readonly<Record<string, string | number>>> {
    this.#insertSelectSettings ??= this.query<{ name: string }>(
      "SELECT name FROM system.settings WHERE name IN ('deduplicate_insert_select', 'insert_select_deduplicate')",
    ).then((rows) => {
      const names = rows.map(({ name }) => name)
      if (names.includes('deduplicate_insert_select')) {
        return { deduplicate_insert_select: 'enable_even_for_bad_queries' }
      }
      return names.includes('insert_select_deduplicate') ? { insert_select_deduplicate: 1 } : {}
    })
    this.#insertSelectSettings.catch(() => {
      this.#insertSelectSettings = null
    })
    return this.#insertSelectSettings
  }

  async #guard<T>(statement: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#closing !== null) throw stopping()
    return this.#statements.run(async () => {
      try {
        return await statement()
      } catch (cause) {
        if (signal?.aborted === true) throw signal.reason
        if (cause instanceof ClickHouseError) throw new StorageError(Number(cause.code), cause.message, cause)
        throw new DavyError('STORAGE_DOWN', `The ClickHouse server at ${this.#where} does not answer.`, {
          expected: 'a reachable ClickHouse HTTP interface',
          where: 'DAVY_STORAGE_URL',
          retryAfterSeconds: 5,
          cause,
        })
      }
    })
  }
}
