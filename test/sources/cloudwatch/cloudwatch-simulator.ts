import { type SimulatedAnswer, type SimulatedRequest, startSimulator } from '../simulator.ts'

/** One value that was put into CloudWatch. Unix milliseconds. */
export type PutValue = {
  readonly name: string
  readonly at: number
  readonly value: number
  readonly dimensions: Readonly<Record<string, string>>
}

type Query = {
  readonly Id: string
  readonly MetricStat: {
    readonly Metric: {
      readonly Namespace: string
      readonly MetricName: string
      readonly Dimensions: readonly { readonly Name: string; readonly Value: string }[]
    }
    readonly Period: number
    readonly Stat: string
  }
}

/**
 * What GetMetricData answers in AWS's JSON protocol, by its API reference: a metric is its exact dimensions, periods
 * without values are left out, the newest first, and what is more than a page comes by token.
 */
function answerMetricData(
  put: readonly PutValue[],
  { headers, body }: SimulatedRequest,
  mostPoints = 100_800,
): SimulatedAnswer {
  const isTarget = headers['x-amz-target'] === 'GraniteServiceVersion20100801.GetMetricData'
  if (!isTarget || headers['content-type'] !== 'application/x-amz-json-1.0') {
    return { status: 404, body: { __type: 'UnknownOperationException' } }
  }
  const scope =
    /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-central-1\/monitoring\/aws4_request, SignedHeaders=(.+), /
  const [, signed] = scope.exec(String(headers.authorization)) ?? []
  if (signed !== 'content-type;host;x-amz-date;x-amz-security-token;x-amz-target') {
    const message = `The token ${headers['x-amz-security-token']} is not valid`
    return { status: 403, body: { __type: 'com.amazon.coral.service#UnrecognizedClientException', message } }
  }
  const { MetricDataQueries: queries, StartTime, EndTime, NextToken = '0' } = body
  const first = Number(NextToken)
  const points = (queries as readonly Query[]).flatMap((query) =>
    pointsOf(query, put, StartTime, EndTime).map(([time, value]) => ({ id: query.Id, time, value })),
  )
  const page = points.slice(first, first + mostPoints)
  const hasMore = points.length > first + mostPoints
  const results = (queries as readonly Query[]).map(({ Id }) => {
    const own = page.filter(({ id }) => id === Id)
    const [Timestamps, Values] = [own.map(({ time }) => time), own.map(({ value }) => value)]
    return { Id, Label: Id, StatusCode: hasMore ? 'PartialData' : 'Complete', Timestamps, Values }
  })
  const token = hasMore ? { NextToken: String(first + mostPoints) } : {}
  return { body: { MetricDataResults: results, Messages: [], ...token } }
}

function pointsOf(
  { MetricStat: { Metric, Period, Stat } }: Query,
  put: readonly PutValue[],
  start: number,
  end: number,
): readonly (readonly [number, number])[] {
  const wanted = JSON.stringify(Metric.Dimensions.map(({ Name, Value }) => [Name, Value]).toSorted())
  const used = put.filter(
    ({ name, at, dimensions }) =>
      name === `${Metric.Namespace} ${Metric.MetricName}` &&
      JSON.stringify(Object.entries(dimensions).toSorted()) === wanted &&
      at / 1000 >= start &&
      at / 1000 < end,
  )
  const periods = Map.groupBy(used, ({ at }) => Math.floor(at / 1000 / Period) * Period)
  return [...periods]
    .toSorted(([a], [b]) => b - a)
    .flatMap(([begin, values]) => {
      const value = statisticOf(
        Stat,
        values.map((each) => each.value),
      )
      return value === null ? [] : [[begin, value] as const]
    })
}

function statisticOf(statistic: string, values: readonly number[]): number | null {
  const sum = values.reduce((total, value) => total + value, 0)
  const [, upTo] = /^TC\(:([\d.]+)\)$/.exec(statistic) ?? []
  if (upTo !== undefined) return values.filter((value) => value <= Number(upTo)).length || null
  if (statistic === 'Sum') return sum
  return statistic === 'SampleCount' ? values.length : sum / values.length
}

/** A CloudWatch that some values were put into. */
export function startCloudWatch(put: readonly PutValue[], mostPoints?: number) {
  return startSimulator((request) => answerMetricData(put, request, mostPoints))
}
