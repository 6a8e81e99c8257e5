import { type CohortMatch, type Dimension, defaultEnvironment, dimensions } from '../../domain/cohort.ts'
import { DavyError } from '../../domain/errors.ts'
import { histogramScale } from '../../domain/evidence.ts'
import type { FetchedSeries, SeriesDescription, SeriesQuery, SeriesSource } from '../../domain/series-source.ts'
import { bucketMiddle, exponentialGamma, quantileBucket } from '../../stats/log-histogram.ts'
import type { CohortSeriesReader, CohortWindow, RequestStep } from '../../storage/cohort-series-reader.ts'
import type { EvidenceSignal } from '../request-source.ts'

const tickMs = 10_000
/** Telemetry of the last seconds is still on its way, as in every look. */
const watermarkMs = 20_000
const hourMs = 3_600_000

/** What `metricName` may be, and what its values are. */
const davyMetrics = {
  'request-rate': 'requests a second; 0 where the cohort rests between two requests',
  'error-rate': 'failed requests as a share of all; missing without requests',
  latency: 'the `quantile` (0.95 if absent) of durations in seconds; missing without requests',
  gauge: 'the level of the gauge `instrument`, mean over pods',
} as const

const fields = ['type', 'serviceType', 'metricName', 'service', 'operation', 'quantile', 'instrument']

type Asked = {
  readonly metric: keyof typeof davyMetrics
  readonly quantile: number
  readonly instrument: string
  readonly operation: string | undefined
  readonly match: CohortMatch & { readonly service: readonly string[] }
}

export type DavySeriesOptions = {
  readonly reader: CohortSeriesReader
  /** Since when telemetry has been waiting for storage; null when all is stored. */
  readonly oldestUnstoredAt: (signals: readonly EvidenceSignal[]) => number | null
  readonly now: () => number
}

/**
 * Davy's own telemetry as an account. The scope is a version, or `dimension=value` with commas between several; the
 * location is the environment; the service is the query's, a parameter of the scope, or the application.
 */
export class DavySeries implements SeriesSource {
  readonly type = 'davy'
  readonly #o: DavySeriesOptions

  constructor(options: DavySeriesOptions) {
    this.#o = options
  }

  queryText(query: SeriesQuery): string {
    return textOf(askedOf(query))
  }

  check(query: SeriesQuery): string | null {
    try {
      askedOf(query)
      return null
    } catch (error) {
      if (error instanceof DavyError) return error.message
      throw error
    }
  }

  completeAt(end: number, askedAt: number, now: number): number | null {
    const complete = end + watermarkMs
    if (now < complete) return complete
    const oldest = this.#o.oldestUnstoredAt(['traces', 'metrics'])
    // What waits is known by when it came, which may be long after what it tells of.
    return oldest !== null && oldest <= Math.max(complete, askedAt) ? null : complete
  }

  async fetch(query: SeriesQuery, signal: AbortSignal): Promise<FetchedSeries> {
    const asked = askedOf(query)
    const window = windowOf(query, asked)
    await this.#checkNamespaces(window, signal)
    const values =
      asked.metric === 'gauge' ? await this.#levels(window, asked, signal) : await this.#requests(window, asked, signal)
    const series = values === null ? [] : [{ tags: {}, startAt: window.from, stepMs: window.stepMs, values }]
    return { series, query: textOf(asked) }
  }

  async describe(filter: string, limit: number, signal: AbortSignal): Promise<readonly SeriesDescription[]> {
    const own = Object.entries(davyMetrics).filter(([name]) => name.includes(filter.toLowerCase()))
    const gauges = await this.#o.reader.gauges(filter, this.#o.now() - hourMs, limit, signal)
    return [
      ...own.map(([name, description]) => ({ name, description })),
      ...gauges.map(({ name, service }) => ({ name, metricName: 'gauge', instrument: name, service })),
    ].slice(0, limit)
  }

  async #requests(window: CohortWindow, asked: Asked, signal: AbortSignal): Promise<readonly number[] | null> {
    const rows = await this.#o.reader.requests(window, asked.operation, signal)
    const reading = (row: RequestStep): number => {
      if (asked.metric === 'request-rate') return row.requests / (window.stepMs / 1000)
      return asked.metric === 'error-rate' ? row.errors / row.requests : quantileOf(row, asked.quantile)
    }
    const values = onSteps(window, rows, reading)
    if (asked.metric !== 'request-rate' || values === null) return values
    const first = values.findIndex((value) => !Number.isNaN(value))
    const last = values.findLastIndex((value) => !Number.isNaN(value))
    return values.map((value, i) => (Number.isNaN(value) && i > first && i < last ? 0 : value))
  }

  async #levels(window: CohortWindow, { instrument }: Asked, signal: AbortSignal): Promise<readonly number[] | null> {
    return onSteps(window, await this.#o.reader.levels(window, instrument, signal), ({ level }) => level)
  }

  async #checkNamespaces(window: CohortWindow, signal: AbortSignal): Promise<void> {
    if (window.match.namespace !== undefined) return
    const seen = await this.#o.reader.namespaces(window, signal)
    if (seen.length < 2) return
    throw new DavyError('VALIDATION', `Which ${window.match.service[0]}? Its telemetry shows several namespaces.`, {
      expected: `extendedScopeParams.namespace: one of ${seen.map((each) => JSON.stringify(each)).join(', ')}`,
    })
  }
}

/** Values by step, NaN where there is no row; null without any row. */
function onSteps<Row extends { readonly at: number }>(
  { from, to, stepMs }: CohortWindow,
  rows: readonly Row[],
  reading: (row: Row) => number,
): readonly number[] | null {
  if (rows.length === 0) return null
  // A step that the window cuts off is none: its rate would be that of a shorter time.
  const values = new Array<number>(Math.floor((to - from) / stepMs)).fill(Number.NaN)
  for (const row of rows) if (row.at + stepMs <= to) values[(row.at - from) / stepMs] = reading(row)
  return values
}

function quantileOf({ latency }: RequestStep, quantile: number): number {
  const counts = Object.entries(latency).map(([bucket, count]) => [Number(bucket), count] as const)
  const bucket = quantileBucket(
    counts.sort(([a], [b]) => a - b),
    quantile,
  )
  return bucket === null ? Number.NaN : bucketMiddle(bucket, exponentialGamma(histogramScale)) / 1e9
}

/** Rollups know ten seconds and nothing finer: a smaller step becomes one tick, an odd one the next whole tick. */
function windowOf({ scope }: SeriesQuery, { match }: Asked): CohortWindow {
  const from = Math.floor(scope.start / tickMs) * tickMs
  const to = Math.max(from + tickMs, Math.floor(scope.end / tickMs) * tickMs)
  const stepMs = Math.max(1, Math.ceil((scope.stepSeconds * 1000) / tickMs)) * tickMs
  return { match, from, to, stepMs: Math.min(stepMs, to - from) }
}

/** @throws DavyError VALIDATION for a query or a scope that nothing can be read by. */
function askedOf({ metricName, query, scope, application }: SeriesQuery): Asked {
  const refuse = (expected: string, got: unknown): never => {
    const said = JSON.stringify(got) ?? 'nothing'
    throw new DavyError('VALIDATION', `Metric ${metricName}: expected ${expected}, got ${said}.`, {
      expected,
      got: said,
    })
  }
  const unknown = Object.keys(query).find((field) => !fields.includes(field))
  if (unknown !== undefined) refuse(`a query of type davy with ${fields.join(', ')}`, unknown)
  const metric = query.metricName as keyof typeof davyMetrics
  if (!Object.hasOwn(davyMetrics, String(metric))) refuse(`metricName ${Object.keys(davyMetrics).join(', ')}`, metric)
  const { quantile = 0.95, instrument, operation, service } = query
  if (typeof quantile !== 'number' || !(quantile > 0 && quantile < 1)) refuse('a quantile between 0 and 1', quantile)
  if (metric === 'gauge' && !isName(instrument)) refuse('the instrument of the gauge', instrument)
  if (operation !== undefined && !isName(operation)) refuse('an operation by name', operation)
  const name = service ?? scope.parameters.service ?? application
  if (!isName(name)) refuse('a service: of the query, of extendedScopeParams, or as the application', name)
  const cohort = cohortOf(scope.scope) ?? refuse(`a version or ${dimensions.join('=…, ')}=…`, scope.scope)
  const environment = scope.location || scope.parameters.environment || defaultEnvironment
  const { namespace } = scope.parameters
  return {
    ...{
      metric,
      quantile: quantile as number,
      instrument: String(instrument),
      operation: operation as string | undefined,
    },
    match: {
      ...{ service: [name as string], environment: [environment] },
      ...(namespace === undefined ? {} : { namespace: [namespace] }),
      ...cohort,
    },
  }
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

/** What a scope selects: `2.4.1` is a version, `replicaSet=abc,pod=x` several dimensions; null: neither. */
function cohortOf(scope: string): CohortMatch | null {
  if (scope === '') return null
  if (!scope.includes('=')) return { version: [scope] }
  const parts = scope.split(',').map((part) => part.split('='))
  const isMatch = parts.every(([name, value, more]) => {
    return dimensions.includes(name as Dimension) && isName(value) && more === undefined
  })
  if (!isMatch) return null
  const match: Partial<Record<Dimension, readonly string[]>> = {}
  for (const [name, value] of parts as [Dimension, string][]) match[name] = [...(match[name] ?? []), value]
  return match
}

function textOf({ metric, quantile, instrument, operation, match }: Asked): string {
  const parts = Object.entries(match).map(([name, values]) => `${name}=${values.join('|')}`)
  if (operation !== undefined) parts.push(`operation=${operation}`)
  const of = metric === 'latency' ? `latency[${quantile}]` : metric === 'gauge' ? `gauge[${instrument}]` : metric
  return `${of}{${parts.join(', ')}}`
}
