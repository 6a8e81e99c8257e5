import type { Arm } from '../../domain/cohort.ts'
import { type ArmSlice, emptyArm } from '../../domain/evidence.ts'
import type { MetricSource, SourceAnswer, SourceQuestion } from '../../domain/metric-source.ts'
import { sinceOf } from '../answer-by-arm.ts'
import { filling, shownTexts, unasked } from '../arm-text.ts'
import { checkQuery, promqlOf } from './check-query.ts'
import type { PrometheusClient } from './client.ts'
import { promql } from './promql.ts'
import { isPrometheusKind } from './query-schema.ts'
import { readArm } from './read-arm.ts'

const system = 'Prometheus'

/** Asks the accounts of Prometheus for the metrics whose source is `prometheus`. */
export function createPrometheusSource(
  clients: ReadonlyMap<string, Pick<PrometheusClient, 'instant' | 'range'>>,
): MetricSource {
  const accounts = [...clients.keys()]
  return {
    kinds: ['proportion', 'distribution', 'gauge', 'count'],
    check: (metric) => checkQuery(metric, accounts),
    show: (question) => shownQueries(question),
    async ask(question, signal) {
      const { metric } = question
      const fault = checkQuery(metric, accounts)
      const name = (metric.query as { readonly account?: string } | undefined)?.account ?? 'default'
      const client = clients.get(name)
      if (fault !== null || client === undefined || !isPrometheusKind(metric.kind)) {
        throw unasked(system, metric.name, `expected ${fault?.expected}, got ${fault?.got}`)
      }
      const counted = { baseline: new Set<string>(), canary: new Set<string>() }
      const [baseline, canary] = await Promise.all([
        askArm(noting(client, counted.baseline), question, 'baseline', signal),
        askArm(noting(client, counted.canary), question, 'canary', signal),
      ])
      const both = [...counted.canary].find((series) => counted.baseline.has(series))
      if (both !== undefined) {
        throw unasked(
          system,
          metric.name,
          `both arms count one series, so they are not told apart: ${both.slice(0, 300)}`,
        )
      }
      return question.windows.map(
        (_, index): SourceAnswer => ({ baseline: baseline[index] ?? emptyArm, canary: canary[index] ?? emptyArm }),
      )
    },
  }
}

/** A client that notes which series it counted: those whose raw samples are read. */
function noting(client: Pick<PrometheusClient, 'instant' | 'range'>, counted: Set<string>): typeof client {
  return {
    range: (...asked) => client.range(...asked),
    async instant(...asked) {
      const series = await client.instant(...asked)
      for (const { labels } of series) counted.add(JSON.stringify(Object.entries(labels).sort()))
      return series
    },
  }
}

/** The queries as they are asked, with the account that is asked. */
function shownQueries(question: Omit<SourceQuestion, 'windows'>): readonly string[] {
  const { account = 'default' } = (question.metric.query ?? {}) as { readonly account?: string }
  const texts = promqlOf(question.metric).map(([key, text]) => [`${account}, ${key}`, text] as const)
  return shownTexts(question, texts, promql)
}

async function askArm(
  client: Pick<PrometheusClient, 'instant' | 'range'>,
  question: SourceQuestion,
  arm: Arm,
  signal: AbortSignal,
): Promise<readonly ArmSlice[]> {
  const { metric, deployment, windows } = question
  // Who it is asked about is not known yet, so nothing is known of it either.
  if (deployment[arm] === null) return []
  const fill = filling(question, arm, promql, system)
  return readArm({ client, metric, windows, since: sinceOf(question), fill, signal })
}
