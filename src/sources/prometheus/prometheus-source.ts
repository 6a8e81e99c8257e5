import type { Arm, CohortSelector, dimensions } from '../../domain/cohort.ts'
import { DavyError } from '../../domain/errors.ts'
import { type ArmSlice, emptyArm } from '../../domain/evidence.ts'
import type { MetricSource, SourceAnswer, SourceQuestion } from '../../domain/metric-source.ts'
import { checkQuery, promqlOf } from './check-query.ts'
import type { PrometheusClient } from './client.ts'
import { fillQuery, type QueryValues } from './fill-query.ts'
import { isPrometheusKind } from './query-schema.ts'
import { readArm } from './read-arm.ts'

/** Deployments start on whole ticks. */
const tickMs = 10_000

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
        throw unasked(metric.name, `expected ${fault?.expected}, got ${fault?.got}`)
      }
      const counted = { baseline: new Set<string>(), canary: new Set<string>() }
      const [baseline, canary] = await Promise.all([
        askArm(noting(client, counted.baseline), question, 'baseline', signal),
        askArm(noting(client, counted.canary), question, 'canary', signal),
      ])
      const both = [...counted.canary].find((series) => counted.baseline.has(series))
      if (both !== undefined) {
        throw unasked(metric.name, `both arms count one series, so they are not told apart: ${both.slice(0, 300)}`)
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

/** The queries as they are asked, each with the arm that it is about; unfilled where a value is not known. */
function shownQueries({ deployment, metric }: Omit<SourceQuestion, 'windows'>): readonly string[] {
  const { query } = metric
  return promqlOf(metric).flatMap(([key, text]) =>
    (['baseline', 'canary'] as const).map((arm) => {
      const own = typeof text === 'string' ? text : text[arm]
      const filled = fillQuery(own, valuesOf({ deployment, metric, windows: [] }, arm))
      const account = (query as { readonly account?: string }).account ?? 'default'
      return `${account}, ${key} of the ${arm}: ${typeof filled === 'string' ? filled : own}`
    }),
  )
}

async function askArm(
  client: Pick<PrometheusClient, 'instant' | 'range'>,
  question: SourceQuestion,
  arm: Arm,
  signal: AbortSignal,
): Promise<readonly ArmSlice[]> {
  const { metric, deployment, windows } = question
  const values = valuesOf(question, arm)
  // Who it is asked about is not known yet, so nothing is known of it either.
  if (deployment[arm] === null) return []
  const fill = (query: string | Readonly<Record<Arm, string>>): string | null => {
    const filled = fillQuery(typeof query === 'string' ? query : query[arm], values)
    if (typeof filled === 'string') return filled
    // The other arm has pods, so this one may just have no traffic; where neither has any, nobody tells of pods.
    if (filled.name.endsWith('pod') && (question.pods?.baseline.length || question.pods?.canary.length)) return null
    throw unasked(metric.name, `its query cannot be filled in for the ${arm}: ${filled.reason}`)
  }
  const start = Math.floor(Date.parse(deployment.startedAt) / tickMs) * tickMs
  // What a late source tells of the time before the start is about no canary.
  const since = (windows[0]?.from ?? start) >= start ? start : Number.NEGATIVE_INFINITY
  return readArm({ client, metric, windows, since, fill, signal })
}

function valuesOf({ deployment, windows, pods }: SourceQuestion, arm: Arm): QueryValues {
  const { service, namespace, environment } = deployment
  const [first] = windows
  return {
    ...{ service, namespace, environment, arm },
    arms: {
      canary: cohortValues(deployment.canary, pods?.canary),
      baseline: cohortValues(deployment.baseline, pods?.baseline),
    },
    windowSeconds: first === undefined ? 10 : Math.round((first.to - first.from) / 1000),
  }
}

function cohortValues(selector: CohortSelector | null, pods: readonly string[] = []): QueryValues['arms'][Arm] {
  const matched = (dimension: (typeof dimensions)[number]) => selector?.match?.[dimension] ?? []
  const version = selector?.version === undefined ? matched('version') : [selector.version]
  const pod = matched('pod')
  return { version, pod: pod.length > 0 ? pod : pods, replicaSet: matched('replicaSet') }
}

function unasked(metric: string, reason: string): DavyError {
  return new DavyError('SOURCE_DOWN', `Prometheus could not be asked for ${metric}: ${reason}.`, {
    expected: 'a query that can be asked',
    got: reason,
  })
}
