import { DavyError } from '../../domain/errors.ts'
import type { SeriesQuery, TaggedSeries } from '../../domain/series-source.ts'
import type { DescribedPair } from '../../judges/kayenta/pair-series.ts'
import { checkJson } from '../../platform/check-json.ts'
import type { Accounts } from './accounts.ts'
import type { CanaryRuns, ListKind } from './canary-runs.ts'
import { pairListSchema } from './canary-schemas.ts'
import { withoutNulls } from './plain-json.ts'

/** Lists of series and of pairs of them: those of runs, and those that somebody fetches or brings. */
export class SeriesLists {
  readonly #runs: CanaryRuns
  readonly #accounts: Accounts
  readonly #newId: () => string

  constructor(runs: CanaryRuns, accounts: Accounts, newId: () => string) {
    this.#runs = runs
    this.#accounts = accounts
    this.#newId = newId
  }

  /**
   * Reads one metric of one scope from an account of a type; `dryRun` reads nothing and keeps nothing.
   * @returns the query, or the id of the list that is kept
   * @throws DavyError VALIDATION, and what the source throws
   */
  async fetch(
    type: string,
    asked: { readonly account: string | undefined; readonly query: SeriesQuery; readonly dryRun: boolean },
    signal: AbortSignal,
  ): Promise<{ readonly query: string } | { readonly metricSetListId: string }> {
    const { name, source } = this.#accounts.resolve(asked.account, [type])
    if (source.type !== type) {
      throw new DavyError('VALIDATION', `The account ${name} is of type ${source.type}, not ${type}.`)
    }
    const fault = source.check(asked.query)
    if (fault !== null) throw new DavyError('VALIDATION', fault)
    if (asked.dryRun) return { query: source.queryText(asked.query) }
    const { series, query } = await source.fetch(asked.query, signal)
    const metricSetListId = this.#newId()
    const sets = series.map((one) => metricSetOf(asked.query.metricName, one, query))
    await this.#runs.keep('metric-set-list', metricSetListId, sets)
    return { metricSetListId }
  }

  /** The items of a list. @throws DavyError NOT_FOUND */
  async get(kind: ListKind, id: string): Promise<readonly unknown[]> {
    const items = await this.#runs.kept(kind, id)
    if (items === null) throw new DavyError('NOT_FOUND', `There is no list '${id}'.`, { where: '{id}' })
    return items
  }

  /** One pair of a list. @throws DavyError NOT_FOUND */
  async pair(id: string, pairId: string): Promise<unknown> {
    const pairs = (await this.get('metric-set-pair-list', id)) as readonly DescribedPair[]
    const pair = pairs.find((each) => each.id === pairId)
    if (pair === undefined) throw new DavyError('NOT_FOUND', `There is no pair '${pairId}' in list '${id}'.`)
    return pair
  }

  /** The newest 1,000 lists of a kind. */
  async list(kind: ListKind): Promise<readonly object[]> {
    return (await this.#runs.lists(kind)).map(({ key, at }) => {
      const updatedTimestamp = Date.parse(at)
      return { id: key, updatedTimestamp, updatedTimestampIso: new Date(updatedTimestamp).toISOString() }
    })
  }

  /** Keeps a list that comes with the request. @returns its id. @throws DavyError VALIDATION */
  async keep(kind: ListKind, body: unknown): Promise<string> {
    const items = withoutNulls(body)
    if (!Array.isArray(items)) throw new DavyError('VALIDATION', 'The body should be a list.', { expected: 'a list' })
    if (kind === 'metric-set-pair-list') checkJson(pairListSchema, items, 'the body')
    const id = this.#newId()
    await this.#runs.keep(kind, id, items)
    return id
  }

  /** @throws DavyError NOT_FOUND */
  async remove(kind: ListKind, id: string): Promise<void> {
    await this.get(kind, id)
    await this.#runs.remove(kind, id)
  }
}

/** A series as Kayenta keeps it. */
function metricSetOf(name: string, { tags, startAt, stepMs, values }: TaggedSeries, query: string): object {
  const endAt = startAt + values.length * stepMs
  return {
    ...{ name, tags, stepMillis: stepMs, values },
    ...{ startTimeMillis: startAt, startTimeIso: new Date(startAt).toISOString() },
    ...{ endTimeMillis: endAt, endTimeIso: new Date(endAt).toISOString() },
    attributes: { query },
  }
}
