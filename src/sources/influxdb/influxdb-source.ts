import type { Arm } from '../../domain/cohort.ts'
import type { ArmSlice } from '../../domain/evidence.ts'
import type { MetricSource, SourceQuestion } from '../../domain/metric-source.ts'
import type { InfluxDbAccount } from '../../platform/config-sources.ts'
import { AccountApi } from '../account-api.ts'
import { answerByArm } from '../answer-by-arm.ts'
import { type FillText, shownTexts, unasked } from '../arm-text.ts'
import type { Temporality } from '../increases.ts'
import { joinedSeries } from '../joined-series.ts'
import type { Series } from '../read-series.ts'
import {
  countDurations,
  countEvents,
  countRequests,
  exactDurations,
  readLevels,
  type SeriesReading,
  sumDurations,
} from '../slices-of-series.ts'
import {
  checkInfluxDbQuery,
  completeInfluxDbQuery,
  conditionsOf,
  type InfluxDbKind,
  influxDbKinds,
  type Points,
} from './influxdb-query.ts'
import { influxql, quotedName } from './influxql.ts'
import { readResults } from './read-results.ts'

const system = 'InfluxDB'

/** So far back a point is looked for that the first one of a window grew from. */
const lookbackMs = 300_000

/** So much time is asked for at once. */
const partMs = 3_600_000

/** How points are made into samples: added up, counted or averaged in each 10 s, or as they are. */
type Reading = 'sums' | 'points' | 'means' | 'each' | 'cumulative'

/** Asks one InfluxDB in InfluxQL over `/query`, which 1.x, 2.x and 3.x answer. */
export function createInfluxDbSource({
  tokenFile,
  ...account
}: InfluxDbAccount & { readonly url: string }): MetricSource & { close(): Promise<void> } {
  const credentials = tokenFile === undefined ? {} : { bearerTokenFile: tokenFile }
  const api = new AccountApi({ ...account, ...credentials }, { name: system, tokenScheme: 'Token' })
  return {
    kinds: influxDbKinds,
    check: (metric) => checkInfluxDbQuery(metric, account.database),
    show: (question) => {
      const of = question.metric.query as Readonly<Record<string, Points>>
      const named = conditionsOf(question.metric).map(
        ([key, text]) => [`${key}, ${of[key]!.field} of ${of[key]!.measurement},`, text] as const,
      )
      return shownTexts(question, named, influxql)
    },
    async ask(question, signal) {
      const { metric, windows } = question
      const fault = checkInfluxDbQuery(metric, account.database)
      if (fault !== null) throw unasked(system, metric.name, `expected ${fault.expected}, got ${fault.got}`)
      return answerByArm(question, { system, language: influxql }, ({ arm, fill, since }) => {
        const query = completeInfluxDbQuery(metric.kind as InfluxDbKind, metric.query)
        const { podTag: podLabel, delaySeconds, database = account.database } = query
        const operationLabel = 'operationTag' in query ? query.operationTag : undefined
        const reading: SeriesReading = { windows, since, podLabel, delaySeconds, operationLabel }
        const select = async (statement: string): Promise<readonly Series[]> => {
          const asked = new URLSearchParams({ db: database!, q: statement, epoch: 'ms' })
          // By GET nothing can be changed, whatever a condition says.
          return readResults(await api.get('/query', asked, signal))
        }
        return readArm(question, reading, pointsReader({ reading, arm, fill, select, policy: query.retentionPolicy }))
      })
    },
    close: () => api.close(),
  }
}

type ReadPoints = (points: Points, how: Reading) => Promise<readonly Series[]>

async function readArm(
  { metric }: SourceQuestion,
  reading: SeriesReading,
  read: ReadPoints,
): Promise<readonly ArmSlice[]> {
  switch (metric.kind as InfluxDbKind) {
    case 'proportion': {
      const query = completeInfluxDbQuery('proportion', metric.query)
      const [total, errors] = await Promise.all([read(query.total, query.read), read(query.errors, query.read)])
      const temporality = temporalityOf(query.read)
      return countRequests(metric.name, { total, errors }, { ...reading, temporality }, temporality === 'sums')
    }
    case 'distribution': {
      const query = completeInfluxDbQuery('distribution', metric.query)
      if (query.read === 'buckets') {
        return countDurations(await read(query.durations, 'cumulative'), query.unit, reading)
      }
      const series = await read(query.durations, 'each')
      return sumDurations(exactDurations(series, query.unit), reading)
    }
    case 'gauge':
      return readLevels(metric.name, await read(completeInfluxDbQuery('gauge', metric.query).level, 'means'), reading)
    case 'count': {
      const query = completeInfluxDbQuery('count', metric.query)
      const [events, running] = await Promise.all([
        read(query.events, query.read),
        query.running === undefined ? [] : read(query.running, 'points'),
      ])
      return countEvents(metric.name, events, { ...reading, temporality: temporalityOf(query.read) }, running)
    }
  }
}

function temporalityOf(read: 'sums' | 'points' | 'cumulative'): Temporality {
  return read === 'cumulative' ? 'cumulative' : 'sums'
}

/** Reads points of one arm in the time of all windows; what grows, from a while before. */
function pointsReader(of: {
  readonly reading: SeriesReading
  readonly arm: Arm
  readonly fill: FillText
  readonly select: (statement: string) => Promise<readonly Series[]>
  readonly policy: string | undefined
}): ReadPoints {
  const { windows, podLabel, operationLabel, delaySeconds } = of.reading
  const [first, last] = [windows[0], windows.at(-1)]
  const groups = [podLabel, ...(operationLabel === undefined ? [] : [operationLabel])].map(quotedName).join(', ')
  return async ({ measurement, field, where }, how) => {
    const condition = of.fill(where)
    if (condition === null || first === undefined || last === undefined) return []
    const [value, from] = [quotedName(field), [of.policy, measurement].flatMap((name) => name ?? []).map(quotedName)]
    const what = { sums: `sum(${value})`, points: `count(${value})`, means: `mean(${value})` }
    const [expression, group] =
      how === 'each'
        ? [value, groups]
        : how === 'cumulative'
          ? [value, '*']
          : [what[how], `time(10s), ${groups} fill(none)`]
    const parts: (readonly Series[])[] = []
    const start = first.from - (how === 'cumulative' ? lookbackMs : 0)
    for (let at = start; at < last.to; at += partMs) {
      const [since, until] = [at, Math.min(last.to, at + partMs)].map((edge) => edge - delaySeconds * 1000)
      const time = `time >= ${since}ms AND time < ${until}ms`
      const statement = `SELECT ${expression} AS value FROM ${from.join('.')} WHERE (${condition}) AND ${time}`
      parts.push(await of.select(`${statement} GROUP BY ${group}`))
    }
    // What grows goes on in the next part; points at one time are several, and none is left out.
    return how === 'cumulative' ? joinedSeries(parts).map((one) => ofWriter(one, podLabel)) : parts.flat()
  }
}

/**
 * A counter of which no pod is known has a writer of its own: whatever it counted before it was first seen is not taken
 * for what it grew by, as it is where its writer is known to have written others before.
 */
function ofWriter(series: Series, podLabel: string): Series {
  const { le: _bound, ...tags } = series.labels
  if (tags[podLabel] !== undefined && tags[podLabel] !== '') return series
  return { ...series, labels: { ...series.labels, instance: JSON.stringify(Object.entries(tags).sort()) } }
}
