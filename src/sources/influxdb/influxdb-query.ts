import { type Static, Type } from 'typebox'
import type { QueryFault } from '../../domain/metric-source.ts'
import type { MetricSpec } from '../../domain/template.ts'
import { type ArmText, armText } from '../arm-text.ts'
import { completeQuery, type QueriesOf, queryFault } from '../checked-query.ts'
import { influxql, isCondition } from './influxql.ts'

const closed = { additionalProperties: false }
const name = (description: string) => Type.String({ minLength: 1, maxLength: 255, description })

/** What points are read: a field of a measurement, where a condition holds. */
const points = (description: string) =>
  Type.Object(
    {
      measurement: name('the measurement'),
      field: name('the field that is read'),
      where: armText(`A condition of InfluxQL on tags, as "version" = '\${version}'; the time is added by Davy.`),
    },
    { ...closed, description },
  )

export type Points = Static<ReturnType<typeof points>>

const common = {
  database: Type.Optional(name('absent: the one of the configuration')),
  retentionPolicy: Type.Optional(name('absent: the default one')),
  podTag: Type.String({ minLength: 1, default: 'pod', description: 'the tag that names the pod' }),
  delaySeconds: Type.Integer({
    minimum: 0,
    maximum: 3600,
    multipleOf: 10,
    default: 0,
    description: 'Points come so late: each look is told what was so long before it.',
  }),
}

const read = Type.Enum(['sums', 'points', 'cumulative'], {
  default: 'sums',
  description:
    'sums: the field says what happened since the point before; points: each point is one that happened; cumulative: ' +
    'the field is a counter',
})

const operationTag = Type.Optional(name('the tag by which like is compared with like, as route'))

/** What the `query` of a metric may say, by the metric's kind. */
export const influxDbQuerySchemas = {
  proportion: Type.Object(
    {
      errors: points('The requests that failed.'),
      total: points('All requests, the failed ones too.'),
      ...{ read, operationTag },
      ...common,
    },
    closed,
  ),
  distribution: Type.Object(
    {
      durations: points('The durations of requests.'),
      read: Type.Enum(['points', 'buckets'], {
        default: 'points',
        description:
          'points: each point is one duration; buckets: the field counts, and only grows, the durations up to the bound ' +
          'in the tag le, as Telegraf writes histograms of Prometheus',
      }),
      unit: Type.Enum(['s', 'ms', 'us', 'ns'], { default: 's', description: 'of the durations' }),
      operationTag,
      ...common,
    },
    closed,
  ),
  gauge: Type.Object({ level: points('The level, read as its mean over 10 s.'), ...common }, closed),
  count: Type.Object(
    {
      events: points('What happened.'),
      running: Type.Optional(
        points(
          'What every pod writes: one that has it and none of events had no events. Needless where events has zeros.',
        ),
      ),
      read,
      ...common,
    },
    closed,
  ),
} as const

export type InfluxDbQuery = QueriesOf<typeof influxDbQuerySchemas>
export type InfluxDbKind = keyof InfluxDbQuery

export const influxDbKinds = Object.keys(influxDbQuerySchemas) as readonly InfluxDbKind[]

const pointsKeys = ['errors', 'total', 'durations', 'level', 'events', 'running'] as const

/** A query as it is asked: with what it left out. @throws Error for one that {@link checkInfluxDbQuery} finds fault with */
export function completeInfluxDbQuery<K extends InfluxDbKind>(kind: K, query: MetricSpec['query']): InfluxDbQuery[K] {
  return completeQuery(influxDbQuerySchemas, kind, query)
}

/** The conditions of a metric's query, by the keys of what is read. */
export function conditionsOf({ query }: MetricSpec): readonly (readonly [key: string, text: ArmText])[] {
  const of = (query ?? {}) as Readonly<Record<string, Points | undefined>>
  return pointsKeys.flatMap((key) => (of[key] === undefined ? [] : [[key, of[key].where] as const]))
}

/** The first fault of a metric's query. @param database the configured one */
export function checkInfluxDbQuery(metric: MetricSpec, database: string | undefined): QueryFault | null {
  return queryFault(influxDbQuerySchemas, metric, {
    wholeFault: (query) =>
      query.database === undefined && database === undefined
        ? { expected: 'a database, here or as sources.influxdb.database', got: 'none', key: '/database' }
        : null,
    texts: () => conditionsOf(metric).map(([key, text]) => [`/${key}/where`, text] as const),
    language: influxql,
    textFault: conditionFault,
  })
}

function conditionFault(text: string): Omit<QueryFault, 'key'> | null {
  if (isCondition(text)) return null
  return { expected: 'one condition without comments, as "code" =~ /^5/', got: text.slice(0, 200) }
}
