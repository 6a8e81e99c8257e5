import { Type } from 'typebox'
import type { QueryFault } from '../../domain/metric-source.ts'
import type { MetricSpec } from '../../domain/template.ts'
import { type ArmText, armText } from '../arm-text.ts'
import { completeQuery, type QueriesOf, queryFault } from '../checked-query.ts'
import { type Dots, graphitePaths, isSelector } from './graphite-paths.ts'

const closed = { additionalProperties: false }

const paths = (description: string) =>
  armText(
    `${description} Paths as stats.shop.\${version}.*.requests, or seriesByTag('name=requests', 'version=\${version}').`,
  )

const node = (description: string) =>
  Type.Union([Type.Integer({ minimum: 0, maximum: 100 }), Type.String({ minLength: 1, maxLength: 100 })], {
    description: `${description}: the number of the node in the path, from 0 on, or the name of the tag`,
  })

const common = {
  pod: Type.Optional(node('what names the pod; absent: an arm counts as one pod')),
  dots: Type.Enum(['_', '-', '.'], {
    default: '_',
    description: 'what dots of a value become in a path, as the senders write versions; in tags they stay',
  }),
  stepSeconds: Type.Integer({
    minimum: 1,
    maximum: 300,
    default: 10,
    description: 'The points lie so far apart (the first retention). Other points have been averaged, and are refused.',
  }),
  delaySeconds: Type.Integer({
    minimum: 0,
    maximum: 3600,
    default: 0,
    description: 'Points come so late: each look is told what was so long before it.',
  }),
}

const read = Type.Enum(['sums', 'cumulative'], {
  default: 'sums',
  description: 'sums: a point says what happened since the one before, as those of StatsD; cumulative: counters',
})

const operation = Type.Optional(node('what like is compared with like by'))

/** What the `query` of a metric may say, by the metric's kind. */
export const graphiteQuerySchemas = {
  proportion: Type.Object(
    {
      errors: paths('The requests that failed.'),
      total: paths('All requests, the failed ones too.'),
      ...{ read, operation },
      ...common,
    },
    closed,
  ),
  distribution: Type.Object(
    {
      durations: paths('The bins of a StatsD histogram, ending in .bin_*; of percentiles no distribution can be made.'),
      unit: Type.Enum(['s', 'ms', 'us', 'ns'], { default: 'ms', description: 'of the bins’ bounds' }),
      operation,
      ...common,
    },
    closed,
  ),
  gauge: Type.Object(
    { level: armText('Any target that gives one series per pod, as of percentiles of StatsD timers.'), ...common },
    closed,
  ),
  count: Type.Object(
    {
      events: paths('What happened.'),
      running: Type.Optional(
        paths(
          'What every pod writes: one that has it and none of events had no events. Needless where events has zeros.',
        ),
      ),
      read,
      ...common,
    },
    closed,
  ),
} as const

export type GraphiteQuery = QueriesOf<typeof graphiteQuerySchemas>
export type GraphiteKind = keyof GraphiteQuery

export const graphiteKinds = Object.keys(graphiteQuerySchemas) as readonly GraphiteKind[]

const targetKeys = ['errors', 'total', 'durations', 'level', 'events', 'running'] as const

/** A query as it is asked: with what it left out. @throws Error for one that {@link checkGraphiteQuery} finds fault with */
export function completeGraphiteQuery<K extends GraphiteKind>(kind: K, query: MetricSpec['query']): GraphiteQuery[K] {
  return completeQuery(graphiteQuerySchemas, kind, query)
}

/** The targets of a metric's query, by their keys. */
export function targetsOf({ query }: MetricSpec): readonly (readonly [key: string, text: ArmText])[] {
  const of = (query ?? {}) as Readonly<Record<string, ArmText | undefined>>
  return targetKeys.flatMap((key) => (of[key] === undefined ? [] : [[key, of[key]] as const]))
}

/** How a metric's query takes values. */
export function languageOf({ query }: MetricSpec) {
  return graphitePaths((query?.dots ?? '_') as Dots)
}

/** The first fault of a metric's query. */
export function checkGraphiteQuery(metric: MetricSpec): QueryFault | null {
  return queryFault(graphiteQuerySchemas, metric, {
    texts: () => targetsOf(metric).map(([key, text]) => [`/${key}`, text] as const),
    language: languageOf(metric),
    textFault: (text) => targetFault(text, metric.kind),
  })
}

function targetFault(text: string, kind: string): Omit<QueryFault, 'key'> | null {
  const got = text.slice(0, 200)
  if (kind === 'gauge' || isSelector(text)) {
    if (kind !== 'distribution' || /\.bin_(?:\*|\{[^{}]*\})$/.test(text.trim())) return null
    return { expected: 'the bins of a StatsD histogram, as stats.timers.shop.histogram.bin_*', got }
  }
  return { expected: 'a path, or seriesByTag(…), without functions around it', got }
}
