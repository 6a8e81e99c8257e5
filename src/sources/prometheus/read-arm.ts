import type { Arm } from '../../domain/cohort.ts'
import { DavyError } from '../../domain/errors.ts'
import { type ArmSlice, emptyArm, histogramScale, type PodReadings } from '../../domain/evidence.ts'
import { sortedRecord } from '../../domain/sorted-record.ts'
import type { MetricSpec } from '../../domain/template.ts'
import { DurationSum, RequestCounts } from './arm-sums.ts'
import { durationIncreases } from './bucket-increases.ts'
import { completeQuery } from './check-query.ts'
import type { PrometheusClient } from './client.ts'
import { type Increase, increasesOf, knownSince, targetOf } from './increases.ts'
import type { PrometheusQuery } from './query-schema.ts'
import type { Series } from './read-series.ts'

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
  readonly fill: (query: string | Readonly<Record<Arm, string>>) => string | null
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
      return readProportion({ ...question, query: completeQuery(kind, query) })
    case 'distribution':
      return readDistribution({ ...question, query: completeQuery(kind, query) })
    case 'gauge':
      return readGauge({ ...question, query: completeQuery(kind, query) })
    case 'count':
      return readCount({ ...question, query: completeQuery(kind, query) })
    default:
      throw new Error(`metric ${question.metric.name}: Prometheus is not asked for kind ${kind}`)
  }
}

async function readProportion(asked: Asked<'proportion'>): Promise<readonly ArmSlice[]> {
  const { query, metric } = asked
  const [total, errors] = await Promise.all([rawSeries(asked, query.total), rawSeries(asked, query.errors)])
  if (total.length === 0 && errors.length > 0) {
    throw new DavyError(
      'SOURCE_DOWN',
      `The queries of ${metric.name} contradict each other: \`errors\` finds series and \`total\` none.`,
      {
        expected: 'series of total wherever there are series of errors',
        got: `${errors.length} series of errors and none of total`,
      },
    )
  }
  const since = knownSince([...total, ...errors], query.podLabel)
  const counts = asked.windows.map(() => new RequestCounts())
  for (const [list, isError] of [
    [total, false],
    [errors, true],
  ] as const) {
    for (const one of list) {
      const pod = one.labels[query.podLabel] ?? ''
      const operation = query.operationLabel === undefined ? null : (one.labels[query.operationLabel] ?? '')
      for (const { at, by } of growth(one, since, query)) {
        windowAt(asked, at, counts)?.add(
          pod,
          operation,
          isError ? { requests: 0, errors: by } : { requests: by, errors: 0 },
        )
      }
    }
  }
  return counts.map((each) => each.slice())
}

async function readDistribution(asked: Asked<'distribution'>): Promise<readonly ArmSlice[]> {
  const { query } = asked
  const series = await rawSeries(asked, query.durations)
  const { podLabel, operationLabel } = query
  const grid = { scale: histogramScale, unit: query.unit === 's' ? 1e9 : 1e6 }
  const sums = asked.windows.map(() => new DurationSum())
  for (const { at, count, placed, labels } of durationIncreases(series, {
    grid,
    podLabel,
    since: knownSince(series, podLabel),
  })) {
    const operation = operationLabel === undefined ? null : (labels[operationLabel] ?? '')
    windowAt(asked, at, sums)?.add(labels[podLabel] ?? '', operation, count, placed)
  }
  return sums.map((sum) => sum.slice())
}

async function readGauge(asked: Asked<'gauge'>): Promise<readonly ArmSlice[]> {
  const { query, windows, client, signal, metric } = asked
  const [first, last] = [windows[0], windows.at(-1)]
  const text = asked.fill(query.level)
  const gauges = windows.map(() => new Map<string, PodReadings>())
  if (text !== null && first !== undefined && last !== undefined) {
    const delay = query.delaySeconds * 1000
    const series = await client.range(
      text,
      first.from - delay + stepMs / 2,
      last.to - delay - stepMs / 2,
      stepMs,
      signal,
    )
    for (const { labels, samples } of series) {
      const pod = labels[query.podLabel] ?? ''
      for (const [at, value] of samples) {
        const readings = Number.isFinite(value) ? windowAt(asked, at, gauges) : undefined
        readings?.set(pod, plusReading(readings.get(pod), value))
      }
    }
  }
  return gauges.map((byPod) =>
    byPod.size === 0 ? emptyArm : { ...emptyArm, gauges: { [metric.name]: sortedRecord(byPod) } },
  )
}

async function readCount(asked: Asked<'count'>): Promise<readonly ArmSlice[]> {
  const { query, metric } = asked
  const series = await rawSeries(asked, query.events)
  const since = knownSince(series, query.podLabel)
  const events = asked.windows.map(() => new Map<string, number>())
  for (const one of series) {
    const pod = one.labels[query.podLabel] ?? ''
    for (const { at, by } of growth(one, since, query)) {
      const byPod = windowAt(asked, at, events)
      byPod?.set(pod, (byPod.get(pod) ?? 0) + by)
    }
  }
  return events.map((byPod) =>
    byPod.size === 0 ? emptyArm : { ...emptyArm, events: { [metric.name]: sortedRecord(byPod) } },
  )
}

/** The raw samples of the series, from a while before the first window to the end of the last one. */
async function rawSeries(
  { windows, client, signal, fill, query }: Asked<'proportion' | 'distribution' | 'count'>,
  selector: string | Readonly<Record<Arm, string>>,
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
  return joined(parts)
}

/** Series whose samples came in parts that follow one another. */
function joined(parts: readonly (readonly Series[])[]): readonly Series[] {
  const [only] = parts
  if (parts.length === 1 && only !== undefined) return only
  const byLabels = Map.groupBy(parts.flat(), ({ labels }) => JSON.stringify(Object.entries(labels).sort()))
  return [...byLabels.values()].map((same) => ({
    labels: same[0]!.labels,
    samples: distinct(same.flatMap(({ samples }) => samples)),
    histograms: distinct(same.flatMap(({ histograms }) => histograms)),
  }))
}

/** Where two parts meet, servers of one kind count a sample to both. */
function distinct<Item extends readonly [at: number, value: unknown]>(items: readonly Item[]): readonly Item[] {
  return items.filter(([at], index) => index === 0 || items[index - 1]![0] < at)
}

function growth(
  one: Series,
  since: ReadonlyMap<string, number>,
  { podLabel, temporality }: PrometheusQuery['proportion' | 'count'],
): Increase[] {
  const first = since.get(targetOf(one, podLabel)) ?? Number.POSITIVE_INFINITY
  return increasesOf(one.samples, temporality, (at) => first < at)
}

/** What belongs to the window that a sample lies in. */
function windowAt<Value>(
  { windows, since, query }: Asked<keyof PrometheusQuery>,
  sampledAt: number,
  of: readonly Value[],
): Value | undefined {
  if (sampledAt < since) return undefined
  const at = sampledAt + query.delaySeconds * 1000
  const index = windows.findIndex(({ from, to }) => at >= from && at < to)
  return index === -1 ? undefined : of[index]
}

function plusReading(a: PodReadings | undefined, value: number): PodReadings {
  if (a === undefined) return { count: 1, sum: value, min: value, max: value }
  return { count: a.count + 1, sum: a.sum + value, min: Math.min(a.min, value), max: Math.max(a.max, value) }
}
