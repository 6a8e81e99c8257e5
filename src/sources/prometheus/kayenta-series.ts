import { DavyError } from '../../domain/errors.ts'
import type {
  FetchedSeries,
  SeriesDescription,
  SeriesQuery,
  SeriesSource,
  TaggedSeries,
} from '../../domain/series-source.ts'
import type { Series } from '../read-series.ts'
import type { PrometheusClient } from './client.ts'
import { kayentaQuery } from './kayenta-query.ts'

const hourMs = 3_600_000

/** A Prometheus as an account of Kayenta: queries are built and asked as there. */
export class PrometheusSeries implements SeriesSource {
  readonly type = 'prometheus'
  readonly #client: Pick<PrometheusClient, 'range' | 'instant'>
  readonly #now: () => number

  constructor(client: Pick<PrometheusClient, 'range' | 'instant'>, now: () => number) {
    this.#client = client
    this.#now = now
  }

  queryText(query: SeriesQuery): string {
    return kayentaQuery(query)
  }

  check(query: SeriesQuery): string | null {
    try {
      kayentaQuery(query)
      return null
    } catch (error) {
      if (error instanceof DavyError) return error.message
      throw error
    }
  }

  completeAt(end: number): number {
    return end
  }

  async fetch(query: SeriesQuery, signal: AbortSignal): Promise<FetchedSeries> {
    const { start, end, stepSeconds } = query.scope
    const text = kayentaQuery(query)
    const series = await this.#client.range(text, start, end, stepSeconds * 1000, signal).catch(refused)
    return { series: series.map((one) => onGrid(one, start, end, stepSeconds * 1000)), query: text }
  }

  async describe(filter: string, limit: number, signal: AbortSignal): Promise<readonly SeriesDescription[]> {
    const quoted = filter.replaceAll(/[^\w:]/g, '.')
    const query = `count by (__name__) ({__name__=~"(?i).*${quoted}.*"})`
    const series = await this.#client.instant(query, Math.floor(this.#now() / hourMs) * hourMs, signal)
    const names = series.flatMap(({ labels: { __name__: name } }) => (name === undefined ? [] : [name]))
    return [...new Set(names)]
      .sort()
      .slice(0, limit)
      .map((name) => ({ name }))
  }
}

/**
 * The points of a series on the steps of its window, from the start to and with the end. Kayenta leaves points out that
 * are missing and fills up with NaN to what the window holds without its end: so of a series with gaps, one is less.
 */
function onGrid({ labels, samples }: Series, start: number, end: number, stepMs: number): TaggedSeries {
  const values = new Array<number>(Math.floor((end - start) / stepMs) + 1).fill(Number.NaN)
  const isSet = values.map(() => false)
  for (const [at, value] of samples) {
    const step = Math.round((at - start) / stepMs)
    if (step < 0 || step >= values.length) continue
    values[step] = value
    isSet[step] = true
  }
  const gap = isSet.lastIndexOf(false)
  if (gap !== -1) values.splice(gap, 1)
  const { __name__: _name, ...tags } = labels
  return { tags, startAt: start, stepMs, values }
}

/** Asking again what was refused helps nobody: of an error that has a status of the 4xx, only these two may pass. */
const passing: readonly string[] = ['408', '429']

function refused(error: unknown): never {
  // The client's errors carry no more of the answer than its words, so that nothing secret comes with them.
  const [, status] = error instanceof DavyError ? (/^status (4\d\d)\b/.exec(error.got ?? '') ?? []) : []
  if (!(error instanceof DavyError) || status === undefined || passing.includes(status)) throw error
  throw new DavyError('UNPROCESSABLE', error.message, { ...(error.got === undefined ? {} : { got: error.got }) })
}
