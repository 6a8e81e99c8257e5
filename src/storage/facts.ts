import { createHash } from 'node:crypto'
import type { Storage } from '../domain/storage.ts'

/** What a fact is about; a new kind is a new word here and nothing else. */
export type FactKind =
  | 'migration'
  | 'template'
  | 'deployment'
  | 'idempotency'
  | 'progress'
  | 'override'
  | 'feedback'
  | 'close'
  | 'rolled-back'
  | 'adopt'
  | 'verdict'
  | 'endpoint'
  | 'endpoint-changed'
  | 'endpoint-removed'
  | 'delivery-claim'
  | 'attempt'
  | 'deliveries-settled'
  | 'kill-switch'
  | 'backlog'
  | 'calibration-asked'
  | 'calibration'
  | 'explanation'
  | 'check'
  | 'probe'
  | 'alert'
  | 'log-template-feedback'
  | 'rollout'
  | 'canary-config'
  | 'canary-run'
  | 'canary-result'
  | 'canary-analysis'
  | 'canary-analysis-result'
  | 'metric-set-list'
  | 'metric-set-pair-list'
  | 'canary-removed'
  | 'approval-asked'
  | 'approval-answered'

export type Fact<Body> = {
  readonly kind: FactKind
  /** Unique within the kind: what `putOnce` decides. */
  readonly key: string
  /** What it belongs to, mostly a deployment id. */
  readonly subject: string
  /** RFC 3339, microseconds, by the storage's clock. */
  readonly at: string
  readonly body: Body
}

export type FactFilter = { readonly kind: FactKind; readonly key?: string; readonly subject?: string }

type FactRow = { kind: FactKind; key: string; subject: string; at: string; body: string }

const winner = `argMin(Subject, (At, Writer)) AS subject, min(At) AS first,
  formatDateTime(first, '%Y-%m-%dT%H:%i:%S.%fZ', 'UTC') AS at, argMin(Body, (At, Writer)) AS body`

/** Names the writer of this process in every row that it writes, so that it knows its own again. */
export class Facts {
  readonly #storage: Storage
  readonly #writer: string

  /** @param writer unique per process start, for example an id. */
  constructor(storage: Storage, writer: string) {
    this.#storage = storage
    this.#writer = writer
  }

  /**
   * Records a fact unless its key exists. Whoever wrote the earliest row of a key has won, whatever the number of
   * writers and however late: a repeated token is dropped by the storage, and past its memory the read-back decides.
   * @returns `won` and the body that stands, the winner's.
   */
  async putOnce<Body>(
    kind: FactKind,
    key: string,
    subject: string,
    body: Body,
  ): Promise<{ readonly won: boolean; readonly body: Body }> {
    const nonce = `${this.#writer}/${++counter}`
    const row = { Kind: kind, Key: key, Subject: subject, Writer: nonce, Body: JSON.stringify(body) }
    await this.#storage.insertRows('facts', [row], token(kind, key))
    const rows = await this.#storage.query<{ writer: string; body: string }>(
      `SELECT argMin(Writer, (At, Writer)) AS writer, argMin(Body, (At, Writer)) AS body
       FROM facts WHERE Kind = {kind:String} AND Key = {key:String} HAVING count() > 0`,
      { kind, key },
    )
    const winner = rows[0]
    if (winner === undefined) throw new Error(`fact ${kind}/${key} is not readable after it was written`)
    return { won: winner.writer === nonce, body: JSON.parse(winner.body) as Body }
  }

  /** Facts of a kind in the order of their writing; of several rows with one key only the winner. */
  async list<Body>(filter: FactFilter): Promise<Fact<Body>[]> {
    const where = ['Kind = {kind:String}']
    const params: Record<string, string> = { kind: filter.kind }
    if (filter.key !== undefined) {
      where.push('Key = {key:String}')
      params.key = filter.key
    }
    if (filter.subject !== undefined) {
      where.push('Subject = {subject:String}')
      params.subject = filter.subject
    }
    const rows = await this.#storage.query<FactRow>(
      `SELECT Kind AS kind, Key AS key, ${winner} FROM facts WHERE ${where.join(' AND ')}
       GROUP BY Kind, Key ORDER BY first, Key`,
      params,
    )
    return rows.map((row) => asFact<Body>(row))
  }

  /**
   * At most `limit` facts of these kinds of which a row was written at or after `since` (RFC 3339; '' for all), in the
   * order of their writing, each as its winner says: a fact that is older than `since` had a row repeated.
   */
  async tail(kinds: readonly FactKind[], since: string, limit: number): Promise<Fact<unknown>[]> {
    const isRecent = since === '' ? '' : 'AND At >= parseDateTime64BestEffort({since:String}, 6)'
    const rows = await this.#storage.query<FactRow>(
      `SELECT Kind AS kind, Key AS key, ${winner} FROM facts
       WHERE Kind IN {kinds:Array(String)} AND (Kind, Key) IN (
         SELECT Kind, Key FROM facts WHERE Kind IN {kinds:Array(String)} ${isRecent}
         GROUP BY Kind, Key ORDER BY min(At), Key LIMIT {limit:UInt32})
       GROUP BY Kind, Key ORDER BY first, Key`,
      { kinds, limit, ...(since === '' ? {} : { since }) },
    )
    return rows.map((row) => asFact(row))
  }

  /** How many facts were written so far; the same number again: there are no new ones. null: others may write, too. */
  get writes(): number | null {
    return this.#storage.insertsInto('facts')
  }

  /** Those of these keys that have a fact of the kind. */
  async existing(kind: FactKind, keys: readonly string[]): Promise<ReadonlySet<string>> {
    if (keys.length === 0) return new Set()
    const rows = await this.#storage.query<{ key: string }>(
      'SELECT DISTINCT Key AS key FROM facts WHERE Kind = {kind:String} AND Key IN {keys:Array(String)}',
      { kind, keys },
    )
    return new Set(rows.map(({ key }) => key))
  }

  /** The facts of a kind with these keys, those that are there, in no order. */
  async ofKeys<Body>(kind: FactKind, keys: readonly string[]): Promise<Fact<Body>[]> {
    if (keys.length === 0) return []
    const rows = await this.#storage.query<FactRow>(
      `SELECT Kind AS kind, Key AS key, ${winner} FROM facts
       WHERE Kind = {kind:String} AND Key IN {keys:Array(String)} GROUP BY Kind, Key`,
      { kind, keys },
    )
    return rows.map((row) => asFact<Body>(row))
  }

  /** At most `limit` facts of `kind` whose key has no fact of the kind `answer`, in the order of their writing. */
  async unanswered<Body>(kind: FactKind, answer: FactKind, limit: number): Promise<Fact<Body>[]> {
    const rows = await this.#storage.query<FactRow>(
      `SELECT Kind AS kind, Key AS key, ${winner} FROM facts
       WHERE Kind = {kind:String} AND Key NOT IN (SELECT Key FROM facts WHERE Kind = {answer:String})
       GROUP BY Kind, Key ORDER BY first, Key LIMIT {limit:UInt32}`,
      { kind, answer, limit },
    )
    return rows.map((row) => asFact<Body>(row))
  }

  /** Keys of a kind, the one written last first, with when that was; `subject` absent: of all subjects. */
  async newestKeys(
    kind: FactKind,
    page: { readonly subject?: string; readonly limit: number; readonly offset: number },
  ): Promise<readonly { readonly key: string; readonly at: string }[]> {
    const bySubject = page.subject === undefined ? '' : 'AND Subject = {subject:String}'
    return this.#storage.query(
      `SELECT Key AS key, min(At) AS first, formatDateTime(first, '%Y-%m-%dT%H:%i:%S.%fZ', 'UTC') AS at FROM facts
       WHERE Kind = {kind:String} ${bySubject}
       GROUP BY Key ORDER BY first DESC, Key DESC LIMIT {limit:UInt32} OFFSET {offset:UInt32}`,
      { kind, ...page },
    )
  }

  /** Those of these deployments that have a final verdict among their facts. */
  async withFinalVerdict(deploymentIds: readonly string[]): Promise<ReadonlySet<string>> {
    if (deploymentIds.length === 0) return new Set()
    const rows = await this.#storage.query<{ id: string }>(
      `SELECT DISTINCT Subject AS id FROM facts
       WHERE Kind = 'verdict' AND Subject IN {ids:Array(String)} AND JSONExtractBool(Body, 'final')`,
      { ids: deploymentIds },
    )
    return new Set(rows.map(({ id }) => id))
  }
}

function asFact<Body>(row: FactRow): Fact<Body> {
  return { kind: row.kind, key: row.key, subject: row.subject, at: row.at, body: JSON.parse(row.body) as Body }
}

let counter = 0

/** A deduplication token; a digest, so that its length is bounded. */
function token(kind: FactKind, key: string): string {
  return createHash('sha256').update(`${kind}\0${key}`).digest('hex')
}
