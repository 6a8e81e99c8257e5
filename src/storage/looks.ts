import type { Look, LookEvidence } from '../domain/look.ts'
import type { Storage } from '../domain/storage.ts'
import type { Verdict } from '../domain/verdict.ts'

type LookRow = { look: number; at: number; watermark: number; evidence: string; verdict: string }

const columns = `Look AS look, toUnixTimestamp64Milli(argMin(At, o)) AS at,
  toUnixTimestamp64Milli(argMin(Watermark, o)) AS watermark`

/** Gates are asked about what is open and what ended lately. */
const mostKept = 1000

/** More than a round of any process takes: so many looks of others may follow a final one. */
const lastLooks = 127

/**
 * Look rows: written as one batch a tick, read back with the earliest row of each look, up to the first final one: a batch of
 * two looks may lose the first to the final look of another writer and leave the second behind. Newest verdicts are kept in
 * memory as long as no other writer has put a row into the table.
 */
export class Looks {
  readonly #storage: Storage
  readonly #writer: string
  /** Newest verdicts by deployment, true of the table as it was after so many inserts. */
  readonly #kept = new Map<string, Verdict>()
  #keptAt: number | null = null

  constructor(storage: Storage, writer: string) {
    this.#storage = storage
    this.#writer = writer
  }

  /**
   * Writes all or none of them. @param token unique per batch.
   * @returns the deployments of which another writer's row was there before: its looks count, and not these.
   */
  async write(looks: readonly Look[], token: string): Promise<ReadonlySet<string>> {
    if (looks.length === 0) return new Set()
    const rows = looks.map((look) => ({
      DeploymentId: look.deploymentId,
      Look: look.look,
      At: dateTime(look.at),
      Watermark: dateTime(look.watermark),
      Writer: this.#writer,
      Decision: look.verdict.decision,
      Code: look.verdict.reason.code,
      EValue: look.verdict.confidence.eValue,
      PromoteEValue: look.verdict.confidence.promoteEValue,
      Evidence: JSON.stringify(look.evidence),
      Verdict: JSON.stringify(look.verdict),
    }))
    const before = this.#keptInserts()
    await this.#storage.insertRows('looks', rows, token)
    // Whose rows stand is not known yet: until then whoever asks for these reads the table.
    const earlier = new Map(looks.map(({ deploymentId }) => [deploymentId, this.#kept.get(deploymentId)]))
    for (const id of earlier.keys()) this.#kept.delete(id)
    const own = before === null ? null : before + 1
    if (this.#keptAt === before && this.#storage.insertsInto('looks') === own) this.#keptAt = own
    const foreign = await this.#writtenByOthers(looks)
    for (const { deploymentId, verdict } of looks) {
      const known = earlier.get(deploymentId)
      if (known === undefined || known.final || known.look > verdict.look || foreign.has(deploymentId)) continue
      earlier.set(deploymentId, verdict)
      this.#keep(own, deploymentId, verdict)
    }
    return foreign
  }

  /** Forgets what another writer may have made untrue. @returns how many inserts the kept verdicts are true of. */
  #keptInserts(): number | null {
    const inserts = this.#storage.insertsInto('looks')
    if (inserts === null || inserts !== this.#keptAt) this.#kept.clear()
    this.#keptAt = inserts
    return inserts
  }

  /** Keeps a verdict that was the newest after so many inserts, unless there were more since. */
  #keep(inserts: number | null, id: string, verdict: Verdict): void {
    if (inserts === null || this.#keptInserts() !== inserts) return
    this.#kept.delete(id)
    this.#kept.set(id, verdict)
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > mostKept && oldest !== undefined) this.#kept.delete(oldest)
  }

  async #writtenByOthers(looks: readonly Look[]): Promise<ReadonlySet<string>> {
    const ids = [...new Set(looks.map(({ deploymentId }) => deploymentId))]
    const rows = await this.#storage.query<{ id: string; writer: string }>(
      `SELECT DeploymentId AS id, Look, argMin(Writer, (WrittenAt, Writer)) AS writer FROM looks
       WHERE DeploymentId IN {ids:Array(String)} AND concat(DeploymentId, '/', toString(Look)) IN {keys:Array(String)}
       GROUP BY DeploymentId, Look`,
      { ids, keys: looks.map(({ deploymentId, look }) => `${deploymentId}/${look}`) },
    )
    return new Set(rows.filter(({ writer }) => writer !== this.#writer).map(({ id }) => id))
  }

  /** A deployment's looks in order, from look `from` on up to a final one, at most `limit` of them. */
  async list(deploymentId: string, from = 0, limit = 2 ** 32): Promise<Look[]> {
    const rows = await this.#storage.query<LookRow>(
      `SELECT ${columns}, argMin(Evidence, o) AS evidence, argMin(Verdict, o) AS verdict
       FROM (SELECT *, (WrittenAt, Writer) AS o FROM looks WHERE DeploymentId = {id:String} AND Look >= {from:UInt32})
       GROUP BY Look ORDER BY Look LIMIT {limit:UInt64}`,
      { id: deploymentId, from, limit },
    )
    const looks = rows.map((row) => ({
      deploymentId,
      look: row.look,
      at: row.at,
      watermark: row.watermark,
      evidence: JSON.parse(row.evidence) as LookEvidence,
      verdict: JSON.parse(row.verdict) as Verdict,
    }))
    return upToFinal(looks, ({ verdict }) => verdict)
  }

  /** The verdicts of a deployment's looks, oldest first. */
  async verdicts(deploymentId: string): Promise<Verdict[]> {
    const rows = await this.#storage.query<{ verdict: string }>(
      `SELECT Look, argMin(Verdict, (WrittenAt, Writer)) AS verdict FROM looks
       WHERE DeploymentId = {id:String} GROUP BY Look ORDER BY Look`,
      { id: deploymentId },
    )
    return upToFinal(
      rows.map((row) => JSON.parse(row.verdict) as Verdict),
      (verdict) => verdict,
    )
  }

  /** The newest verdict of each of these deployments, by deployment id. */
  async newest(deploymentIds: readonly string[]): Promise<Map<string, Verdict>> {
    const inserts = this.#keptInserts()
    const newest = new Map<string, Verdict>()
    for (const id of deploymentIds) {
      const kept = this.#kept.get(id)
      if (kept !== undefined) newest.set(id, kept)
    }
    const read = await this.#readNewest(deploymentIds.filter((id) => !newest.has(id)))
    for (const [id, verdict] of read) {
      newest.set(id, verdict)
      this.#keep(inserts, id, verdict)
    }
    return newest
  }

  async #readNewest(deploymentIds: readonly string[]): Promise<Map<string, Verdict>> {
    if (deploymentIds.length === 0) return new Map()
    // Look numbers first: their column is small, and of each deployment one block of verdicts is read, whatever its age.
    const rows = await this.#storage.query<{ id: string; verdict: string }>(
      `SELECT id, if(countIf(isFinal) > 0, argMinIf(verdict, Look, isFinal), argMax(verdict, Look)) AS verdict
       FROM (
         SELECT DeploymentId AS id, Look, argMin(Verdict, (WrittenAt, Writer)) AS verdict,
           JSONExtractBool(verdict, 'final') AS isFinal
         FROM looks
         WHERE DeploymentId IN {ids:Array(String)} AND (DeploymentId, Look) IN (
           SELECT DeploymentId, arrayJoin(range(toUInt32(max(Look) - least(max(Look), {last:UInt32})), toUInt32(max(Look) + 1)))
           FROM looks WHERE DeploymentId IN {ids:Array(String)} GROUP BY DeploymentId)
         GROUP BY DeploymentId, Look)
       GROUP BY id`,
      { ids: deploymentIds, last: lastLooks },
    )
    return new Map(rows.map(({ id, verdict }) => [id, JSON.parse(verdict) as Verdict]))
  }
}

/** @param looks in order. */
function upToFinal<Look>(looks: readonly Look[], verdictOf: (look: Look) => Verdict): Look[] {
  const final = looks.findIndex((look) => verdictOf(look).final)
  return final < 0 ? [...looks] : looks.slice(0, final + 1)
}

/** Unix milliseconds as ClickHouse reads a DateTime64(3) in UTC; a bare number would be taken for raw ticks. */
function dateTime(at: number): string {
  return new Date(at).toISOString().slice(0, 23).replace('T', ' ')
}
