import type { Arm } from '../../domain/cohort.ts'
import type { ArmSlice } from '../../domain/evidence.ts'
import type { MetricSource, SourceQuestion } from '../../domain/metric-source.ts'
import type { GraphiteAccount } from '../../platform/config-sources.ts'
import { AccountApi } from '../account-api.ts'
import { answerByArm } from '../answer-by-arm.ts'
import { type ArmText, shownTexts, unasked } from '../arm-text.ts'
import type { Series } from '../read-series.ts'
import { countEvents, countRequests, readLevels, type SeriesReading, sumDurations } from '../slices-of-series.ts'
import { durationsOfBins } from './durations-of-bins.ts'
import {
  checkGraphiteQuery,
  completeGraphiteQuery,
  type GraphiteKind,
  graphiteKinds,
  languageOf,
  targetsOf,
} from './graphite-query.ts'
import { graphiteLabels, readTargets } from './read-targets.ts'

const system = 'Graphite'

/** So far back, and at least two points, a point is looked for that the first one of a window grew from. */
const lookbackSeconds = 300

/** Asks one Graphite, or what speaks its render API. */
export function createGraphiteSource(
  account: GraphiteAccount & { readonly url: string },
): MetricSource & { close(): Promise<void> } {
  const api = new AccountApi(account, { name: system })
  return {
    kinds: graphiteKinds,
    check: checkGraphiteQuery,
    show: (question) => shownTexts(question, targetsOf(question.metric), languageOf(question.metric)),
    async ask(question, signal) {
      const { metric, windows } = question
      const fault = checkGraphiteQuery(metric)
      if (fault !== null) throw unasked(system, metric.name, `expected ${fault.expected}, got ${fault.got}`)
      const { delaySeconds, stepSeconds, ...query } = completeGraphiteQuery(metric.kind as GraphiteKind, metric.query)
      const naming = { pod: query.pod, operation: 'operation' in query ? query.operation : undefined }
      const counted: Readonly<Record<Arm, Set<string>>> = { baseline: new Set(), canary: new Set() }
      const answers = await answerByArm(question, { system, language: languageOf(metric) }, ({ arm, fill, since }) => {
        const { pod, operation } = graphiteLabels
        const labels = { podLabel: pod, operationLabel: naming.operation === undefined ? undefined : operation }
        const reading: SeriesReading = { windows, since, delaySeconds, ...labels }
        return readArm(question, reading, async (text) => {
          const [target, first, last] = [fill(text), windows[0], windows.at(-1)]
          if (target === null || first === undefined || last === undefined) return []
          // A point at `from` itself is not given, nor is one told of before it is whole.
          const from = first.from / 1000 - delaySeconds - Math.max(lookbackSeconds, 2 * stepSeconds)
          const asked = new URLSearchParams({
            target,
            format: 'json',
            from: `${from}`,
            until: `${last.to / 1000 - delaySeconds}`,
          })
          const series = readTargets(await api.post('/render', asked, signal), naming, stepSeconds)
          for (const { labels } of series) counted[arm].add(labels.target!)
          return series
        })
      })
      const both = [...counted.canary].find((target) => counted.baseline.has(target))
      if (both !== undefined && metric.kind !== 'gauge') {
        const reason = `both arms count one series, so they are not told apart: ${both.slice(0, 300)}`
        throw unasked(system, metric.name, reason)
      }
      return answers
    },
    close: () => api.close(),
  }
}

async function readArm(
  { metric }: SourceQuestion,
  reading: SeriesReading,
  read: (target: ArmText) => Promise<readonly Series[]>,
): Promise<readonly ArmSlice[]> {
  switch (metric.kind as GraphiteKind) {
    case 'proportion': {
      const query = completeGraphiteQuery('proportion', metric.query)
      const [total, errors] = await Promise.all([read(query.total), read(query.errors)])
      const told = { total: total.filter(hasPoints), errors: errors.filter(hasPoints) }
      return countRequests(metric.name, told, { ...reading, temporality: query.read }, query.read === 'sums')
    }
    case 'distribution': {
      const query = completeGraphiteQuery('distribution', metric.query)
      return sumDurations(durationsOfBins(await read(query.durations), query.unit), reading)
    }
    case 'gauge':
      return readLevels(metric.name, await read(completeGraphiteQuery('gauge', metric.query).level), reading)
    case 'count': {
      const query = completeGraphiteQuery('count', metric.query)
      const [events, running] = await Promise.all([
        read(query.events),
        query.running === undefined ? [] : read(query.running),
      ])
      return countEvents(metric.name, events, { ...reading, temporality: query.read }, running)
    }
  }
}

/** A path that was written to long ago still has a series, of nothing. */
function hasPoints({ samples }: Series): boolean {
  return samples.length > 0
}
