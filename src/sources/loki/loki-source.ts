import { DavyError } from '../../domain/errors.ts'
import type { ArmSlice } from '../../domain/evidence.ts'
import type { MetricSource, SourceQuestion } from '../../domain/metric-source.ts'
import type { LokiAccount } from '../../platform/config-sources.ts'
import { AccountApi } from '../account-api.ts'
import { answerByArm } from '../answer-by-arm.ts'
import { type FillText, shownTexts, unasked } from '../arm-text.ts'
import { readSeries, type Series } from '../read-series.ts'
import { countEvents, countRequests, readLevels, type SeriesReading, sumDurations } from '../slices-of-series.ts'
import { countedDurations, countedLines, durationsOf } from './count-lines.ts'
import { checkLokiQuery, completeLokiQuery, type LokiKind, logql, logqlOf, lokiKinds } from './loki-query.ts'

const system = 'Loki'

/** Lines are counted in so long stretches, which looks are made of. */
const stepMs = 10_000

/** So much time is asked for at once: Loki gives at most 11,000 points of a series. */
const partMs = 6 * 3_600_000

/** Asks one Loki for metrics of what was logged. */
export function createLokiSource(
  account: LokiAccount & { readonly url: string },
): MetricSource & { close(): Promise<void> } {
  const { tenant } = account
  const api = new AccountApi(account, {
    name: system,
    ...(tenant === undefined ? {} : { headers: { 'x-scope-orgid': tenant } }),
  })
  return {
    kinds: lokiKinds,
    check: checkLokiQuery,
    show: (question) => shownTexts(question, logqlOf(question.metric), logql),
    async ask(question, signal) {
      const { metric, windows } = question
      const fault = checkLokiQuery(metric)
      if (fault !== null) throw unasked(system, metric.name, `expected ${fault.expected}, got ${fault.got}`)
      return answerByArm(question, { system, language: logql }, ({ fill, since }) => {
        const { podLabel, delaySeconds, operationLabel } = sharedKeys(question)
        const reading = { windows, since, podLabel, delaySeconds, operationLabel }
        return readArm(question, reading, fill, (query) => seriesOf(api, query, reading, signal))
      })
    },
    close: () => api.close(),
  }
}

function sharedKeys({ metric }: SourceQuestion) {
  const query = completeLokiQuery(metric.kind as LokiKind, metric.query)
  return { operationLabel: undefined, ...query }
}

async function readArm(
  { metric }: SourceQuestion,
  reading: SeriesReading,
  fill: FillText,
  ask: (query: string | null) => Promise<readonly Series[]>,
): Promise<readonly ArmSlice[]> {
  const { podLabel, operationLabel } = reading
  const counted = (query: string | null, ...by: readonly (string | undefined)[]) =>
    ask(query === null ? null : countedLines(query, by))
  switch (metric.kind as LokiKind) {
    case 'proportion': {
      const query = completeLokiQuery('proportion', metric.query)
      const [total, errors] = await Promise.all(
        [query.total, query.errors].map((text) => counted(fill(text), podLabel, operationLabel)),
      )
      const both = { total: total!, errors: errors! }
      return countRequests(metric.name, both, { ...reading, temporality: 'sums' }, true)
    }
    case 'distribution': {
      const query = completeLokiQuery('distribution', metric.query)
      const text = fill(query.durations)
      const [pods, buckets] = await Promise.all([
        counted(text, podLabel),
        ask(text === null ? null : countedDurations(text, query.value, operationLabel)),
      ])
      return sumDurations(durationsOf(buckets, query), reading, pods)
    }
    case 'gauge':
      return readLevels(metric.name, await ask(fill(completeLokiQuery('gauge', metric.query).level)), reading)
    case 'count': {
      const query = completeLokiQuery('count', metric.query)
      const [events, running] = await Promise.all(
        [query.events, query.running].map((text) => counted(fill(text), podLabel)),
      )
      return countEvents(metric.name, events!, { ...reading, temporality: 'sums' }, running)
    }
  }
}

/** What a metric query gives for each 10 s of the windows, at their beginnings; of none, none. */
async function seriesOf(
  api: AccountApi,
  query: string | null,
  { windows, delaySeconds }: SeriesReading,
  signal: AbortSignal,
): Promise<readonly Series[]> {
  const [first, last] = [windows[0], windows.at(-1)]
  if (query === null || first === undefined || last === undefined) return []
  const delay = delaySeconds * 1000
  const parts: Series[] = []
  for (let from = first.from; from < last.to; from += partMs) {
    const to = Math.min(last.to, from + partMs)
    // A point tells of the 10 s before it.
    const [start, end] = [from - delay + stepMs, to - delay].map((at) => `${at / 1000}`)
    const asked = new URLSearchParams({ query, start: start!, end: end!, step: `${stepMs / 1000}s` })
    const answer = await api.post('/loki/api/v1/query_range', asked, signal)
    parts.push(...readAnswer(answer))
  }
  return parts.map((one) => ({ ...one, samples: one.samples.map(([at, value]) => [at - stepMs, value] as const) }))
}

function readAnswer(answer: unknown): readonly Series[] {
  const { data, warnings } = (answer ?? {}) as Readonly<Record<string, unknown>>
  // It warns of what is left out, as when there are too many series, and part of an answer is none.
  if (Array.isArray(warnings) && warnings.length > 0) {
    const said = String(warnings[0]).slice(0, 200)
    const expected = 'an answer without a warning'
    throw new DavyError('SOURCE_DOWN', `Loki’s answer may not be whole: it warns ${JSON.stringify(said)}.`, {
      ...{ expected, got: said },
    })
  }
  return readSeries(data)
}
