import type { ArmSlice } from '../../domain/evidence.ts'
import type { MetricSpec } from '../../domain/template.ts'
import type { ArmText, FillText } from '../arm-text.ts'
import { completeQuery } from '../checked-query.ts'
import { joinedSeries } from '../joined-series.ts'
import type { Series } from '../read-series.ts'
import { countDurations, countEvents, countRequests, readLevels, type SeriesReading } from '../slices-of-series.ts'
import type { PrometheusClient } from './client.ts'
import { type PrometheusQuery, querySchemas } from './query-schema.ts'

/** So far back a sample is looked for that the first one of a window grew from. */
const lookbackMs = 300_000

/** Raw samples of more time are read in parts. */
const chunkMs = 900_000

/** How often an expression is evaluated. */
const stepMs = 10_000

type Window = { readonly from: number; readonly to: number }

/** One arm of one metric, to be read in some windows that lie side by side. Times are Unix milliseconds. */
export type ArmQuestion = {
  readonly client: Pick<PrometheusClient, 'instant' | 'range'>
  readonly metric: MetricSpec
  readonly windows: readonly Window[]
  /** Nothing that is told of before this counts. */
  readonly since: number
  /** Fills in the variables; null: of this arm nothing can be asked yet. */
  readonly fill: FillText
  readonly signal: AbortSignal
}

type Asked<Kind extends keyof PrometheusQuery> = ArmQuestion & { readonly query: PrometheusQuery[Kind] }

/**
 * What Prometheus knows of one arm, window by window. Each increase counts in the window of the sample that told of it,
 * so nothing counts twice and a scrape interval that is longer than a window leaves windows empty and loses nothing.
 * @throws DavyError SOURCE_DOWN
 */
export function readArm(question: ArmQuestion): Promise<readonly ArmSlice[]> {
  const { kind, query } = question.metric
  switch (kind) {
    case 'proportion':
      return readProportion({ ...question, query: completeQuery(querySchemas, kind, query) })
    case 'distribution':
      return readDistribution({ ...question, query: completeQuery(querySchemas, kind, query) })
    case 'gauge':
      return readGauge({ ...question, query: completeQuery(querySchemas, kind, query) })
    case 'count':
      return readCount({ ...question, query: completeQuery(querySchemas, kind, query) })
    default:
      throw new Error(`metric ${question.metric.name}: Prometheus is not asked for kind ${kind}`)
  }
}

async function readProportion(asked: Asked<'proportion'>): Promise<readonly ArmSlice[]> {
  const { query, metric } = asked
  const [total, errors] = await Promise.all([rawSeries(asked, query.total), rawSeries(asked, query.errors)])
  return countRequests(metric.name, { total, errors }, { ...readingOf(asked), temporality: query.temporality })
}

async function readDistribution(asked: Asked<'distribution'>): Promise<readonly ArmSlice[]> {
  const { query } = asked
  return countDurations(await rawSeries(asked, query.durations), query.unit, readingOf(asked))
}

async function readGauge(asked: Asked<'gauge'>): Promise<readonly ArmSlice[]> {
  const { query, windows, client, signal, metric } = asked
  const [first, last] = [windows[0], windows.at(-1)]
  const text = asked.fill(query.level)
  const delay = query.delaySeconds * 1000
  const series =
    text === null || first === undefined || last === undefined
      ? []
      : await client.range(text, first.from - delay + stepMs / 2, last.to - delay - stepMs / 2, stepMs, signal)
  return readLevels(metric.name, series, readingOf(asked))
}

async function readCount(asked: Asked<'count'>): Promise<readonly ArmSlice[]> {
  const { query, metric } = asked
  const series = await rawSeries(asked, query.events)
  return countEvents(metric.name, series, { ...readingOf(asked), temporality: query.temporality })
}

function readingOf({ windows, since, query }: Asked<keyof PrometheusQuery>): SeriesReading {
  const { podLabel, delaySeconds } = query
  const { operationLabel } = query as { readonly operationLabel?: string }
  return { windows, since, podLabel, delaySeconds, ...(operationLabel === undefined ? {} : { operationLabel }) }
}

/** The raw samples of the series, from a while before the first window to the end of the last one. */
async function rawSeries(
  { windows, client, signal, fill, query }: Asked<'proportion' | 'distribution' | 'count'>,
  selector: ArmText,
): Promise<readonly Series[]> {
  const [first, last] = [windows[0], windows.at(-1)]
  const text = fill(selector)
  if (text === null || first === undefined || last === undefined) return []
  const delay = query.delaySeconds * 1000
  const parts: (readonly Series[])[] = []
  for (let from = first.from - lookbackMs; from < last.to; from += chunkMs) {
    const to = Math.min(last.to, from + chunkMs)
    parts.push(await client.instant(`${text}[${to - from}ms]`, to - delay - 1, signal))
  }
  return joinedSeries(parts)
}
