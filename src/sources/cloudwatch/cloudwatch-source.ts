import type { Arm } from '../../domain/cohort.ts'
import type { MetricSource, SourceQuestion } from '../../domain/metric-source.ts'
import type { CloudWatchAccount } from '../../platform/config-services.ts'
import type { PartSeries } from '../answers-of-parts.ts'
import { filling, shownTexts } from '../arm-text.ts'
import { JsonApi, type JsonRequest } from '../json-api.ts'
import { type PeriodRequest, periodSource } from '../period-source.ts'
import { valuesNamed, valuesOf } from '../query-values.ts'
import { awsCredentials, MissingKey } from './aws-credentials.ts'
import {
  armDimensions,
  type CloudWatchPart,
  checkCloudWatchQuery,
  cloudWatchParts,
  cloudWatchTiming,
  dimensionValue,
  eachPod,
} from './cloudwatch-query.ts'
import { readMetricData } from './read-metric-data.ts'
import { signRequest } from './sign-request.ts'

const system = 'CloudWatch'

/** GetMetricData takes so many queries, and an answer that goes on for longer than so many pages is given up. */
const mostQueries = 500
const mostPages = 20

/** A metric with the statistic that is asked of it. Several differ in the pod only; '' when none is named. */
type FilledMetric = {
  readonly namespace: string
  readonly name: string
  readonly statistic: string
  readonly each: readonly { readonly pod: string; readonly dimensions: readonly (readonly [string, string])[] }[]
}

type DataQuery = { readonly Id: string; readonly MetricStat: object; readonly ReturnData: true }

/**
 * Asks Amazon CloudWatch for counts by period (GetMetricData).
 * @param environment where a key is looked for when no file is configured
 */
export function createCloudWatchSource(
  account: CloudWatchAccount & { readonly region: string },
  environment: Readonly<Record<string, string | undefined>> = process.env,
  now: () => number = Date.now,
): MetricSource & { close(): Promise<void> } {
  const { region, timeoutSeconds, concurrency } = account
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'
  const url = new URL(account.url ?? `https://monitoring.${region}.${domain}`).origin
  const api = new JsonApi({ name: system, url: `${url}/`, timeoutSeconds, concurrency, wordsOf, isLimit, now })
  const down = (...why: Parameters<typeof api.down>) => api.down(...why)

  async function signed(body: string): Promise<JsonRequest> {
    const credentials = await awsCredentials(account, environment).catch((error) => {
      throw error instanceof MissingKey ? api.down(error.message, 'a static key') : error
    })
    const headers = {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'GraniteServiceVersion20100801.GetMetricData',
    }
    const to = { region, service: 'monitoring', at: now() }
    const added = signRequest({ method: 'POST', url, headers, body }, credentials, to)
    return { headers: { ...headers, ...added }, body, secrets: Object.values(credentials) }
  }

  async function pointsOf(
    queries: readonly DataQuery[],
    { periods, grid }: PeriodRequest<FilledMetric>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, PartSeries['points']>> {
    const asked = { MetricDataQueries: queries, StartTime: periods.from / 1000, EndTime: periods.to / 1000 }
    const points = new Map<string, PartSeries['points']>()
    let nextToken: string | null = null
    for (let page = 0; page < mostPages; page += 1) {
      const body = JSON.stringify({ ...asked, ...(nextToken === null ? {} : { NextToken: nextToken }) })
      const told = readMetricData(await api.post(() => signed(body), signal), { periods, grid, down })
      for (const [id, more] of told.points) points.set(id, [...(points.get(id) ?? []), ...more])
      nextToken = told.nextToken
      if (nextToken !== null) continue
      // Of what nothing was put CloudWatch tells an empty list; a metric that it does not mention is not known to be zero.
      const missing = queries.find(({ Id }) => !points.has(Id))
      if (missing !== undefined) throw api.down(`it tells nothing of ${missing.Id}`, 'a result of each query')
      return points
    }
    throw api.down(`its answer has more than ${mostPages} pages`)
  }

  const source = periodSource({
    ...{ system, check: checkCloudWatchQuery, timingOf: cloudWatchTiming, partsOf: cloudWatchParts },
    filling: fillDimensions,
    // A request is given at most 100,800 points.
    ...{ mostPeriods: 200, mostParts: mostQueries },
    async ask(request, signal) {
      const asked = request.parts.flatMap(({ arm, part, filled }) =>
        filled.each.map(({ pod, dimensions }) => ({ arm, part, pod, dimensions, filled })),
      )
      const all = asked.map(({ filled: { namespace, name, statistic }, dimensions }, index): DataQuery => {
        const Dimensions = dimensions.map(([Name, Value]) => ({ Name, Value }))
        const Metric = { Namespace: namespace, MetricName: name, Dimensions }
        const MetricStat = { Metric, Period: request.grid.periodMs / 1000, Stat: statistic }
        return { Id: `q${index}`, MetricStat, ReturnData: true }
      })
      const requests: (readonly DataQuery[])[] = []
      for (let at = 0; at < all.length; at += mostQueries) requests.push(all.slice(at, at + mostQueries))
      const told = await Promise.all(requests.map((queries) => pointsOf(queries, request, signal)))
      const points = new Map(told.flatMap((some) => [...some]))
      return asked.map(({ arm, part, pod }, index) => ({
        ...{ arm, part, pod, operation: '', points: points.get(`q${index}`) ?? [] },
      }))
    },
  })
  return {
    ...source,
    show: (question) => {
      const texts = cloudWatchParts(question.metric).flatMap(({ part, metric, statistic }) => {
        const { baseline, canary } = armDimensions(metric.dimensions)
        const shown = (own: object) => `${statistic} of ${metric.namespace} ${metric.name} ${JSON.stringify(own)}`
        return [[part, { baseline: shown(baseline), canary: shown(canary) }] as const]
      })
      return shownTexts(question, texts, dimensionValue)
    },
    close: () => api.close(),
  }
}

function fillDimensions(question: SourceQuestion, arm: Arm): (part: CloudWatchPart) => FilledMetric | null {
  const fill = filling(question, arm, dimensionValue, system)
  return ({ metric: { namespace, name, dimensions: given }, statistic }) => {
    const own = Object.entries(armDimensions(given)[arm])
    const [expanded] = own.filter(([, value]) => eachPod.test(value))
    const pods = expanded === undefined ? [] : valuesNamed(expanded[1].slice(2, -1), valuesOf(question, arm))
    const each: { pod: string; dimensions: (readonly [string, string])[] }[] = []
    for (const pod of pods.length > 1 ? pods : ['']) {
      const dimensions: (readonly [string, string])[] = []
      for (const [key, value] of own) {
        const filled = pod !== '' && key === expanded![0] ? pod : fill(value)
        if (filled === null) return null
        dimensions.push([key, filled])
      }
      each.push({ pod: pods.length === 1 ? pods[0]! : pod, dimensions })
    }
    return { namespace, name, statistic, each }
  }
}

/** CloudWatch says `{"__type": "…#Throttling", "message": "…"}`. */
function wordsOf(body: unknown): string | null {
  const { message, Message } = (body ?? {}) as Readonly<Record<string, unknown>>
  const words = [typeOf(body), message ?? Message]
  return words.filter((word) => typeof word === 'string').join(', ') || null
}

/** Who asks AWS too much is told so with status 400. Source: AWS SDKs, "Retry behavior", throttling errors. */
const limits: ReadonlySet<string | null> = new Set([
  ...['Throttling', 'ThrottlingException', 'ThrottledException', 'RequestThrottled', 'RequestThrottledException'],
  ...[
    'TooManyRequestsException',
    'RequestLimitExceeded',
    'LimitExceededException',
    'BandwidthLimitExceeded',
    'SlowDown',
  ],
])

function isLimit(body: unknown): boolean {
  return limits.has(typeOf(body))
}

function typeOf(body: unknown): string | null {
  const { __type: type } = (body ?? {}) as Readonly<Record<string, unknown>>
  return typeof type === 'string' ? type.replace(/^.*#/, '') : null
}
