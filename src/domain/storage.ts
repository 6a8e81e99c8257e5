/** Parameters of a query, bound by name and type (`{name:Type}` in the SQL), never pasted. */
export type QueryParams = Readonly<Record<string, string | number | boolean | readonly string[] | readonly number[]>>

/**
 * ClickHouse, embedded or served. One SQL text fits both. Errors are DavyError STORAGE_DOWN when nothing answers,
 * StorageError otherwise.
 */
export interface Storage {
  readonly kind: 'embedded' | 'server'
  /** Rows of a SELECT as objects; 64-bit integers come as numbers (exact below 2^53). */
  query<Row>(sql: string, params?: QueryParams, signal?: AbortSignal): Promise<Row[]>
  /** A statement without rows: DDL, or an INSERT … SELECT of typed parameters. */
  command(sql: string, params?: QueryParams): Promise<void>
  /** INSERT of a few rows as objects, all or none; with the same `token` again nothing is written twice. */
  insertRows(table: string, rows: readonly object[], token: string): Promise<void>
  /**
   * How many `insertRows` into this table have ended, well or not: as long as it stays the same, what was read from the
   * table before is still all that is there. null where other processes may write, too.
   */
  insertsInto(table: string): number | null
  /**
   * INSERT from a file of length-delimited protobuf messages. `sql` holds `{source}` where the rows come from;
   * `structure` and `schema` describe the message. Nothing is written when it fails; with the same `token` again,
   * nothing is written twice, in the table and in the rollups that hang on it.
   */
  insertFile(insert: FileInsert): Promise<void>
  /** Refuses new work, waits for what runs, closes. Idempotent. */
  close(): Promise<void>
}

export type FileInsert = {
  readonly sql: string
  readonly file: string
  readonly structure: string
  readonly schema: string
  readonly message: string
  /** Settings that the statement needs besides the format schema. */
  readonly settings: Readonly<Record<string, string | number>>
  readonly token: string
}

/** ClickHouse refused a statement. `serverCode` is its numeric error code. */
export class StorageError extends Error {
  override readonly name = 'StorageError'
  readonly serverCode: number

  constructor(serverCode: number, message: string, cause?: unknown) {
    super(message, { cause })
    this.serverCode = serverCode
  }
}
