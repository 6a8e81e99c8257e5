import { Type } from 'typebox'
import type { QueryFault } from '../../domain/metric-source.ts'
import type { MetricSpec } from '../../domain/template.ts'
import { type ArmText, armText } from '../arm-text.ts'
import { completeQuery, type QueriesOf, queryFault } from '../checked-query.ts'
import {
  boundTexts,
  checkBounds,
  durationKeys,
  isPeriodKind,
  kindFault,
  periodParts,
  timingKeys,
} from '../period-query.ts'
import { tagFilter } from './tag-language.ts'

const closed = { additionalProperties: false }

const selector = (description: string) =>
  armText(
    `${description} A metric with a filter of tags, as trace.http.request.hits{service:\${service},version:\${version}}, ` +
      'without an aggregation and functions.',
  )

const tag = (description: string) => Type.String({ pattern: '^[A-Za-z][\\w./-]{0,199}$', description })

const common = {
  podTag: Type.String({
    pattern: '^[A-Za-z][\\w./-]{0,199}$',
    default: 'pod_name',
    description: 'The tag that names the pod. Where it is not set, each arm counts as one pod.',
  }),
  ...timingKeys({ periodSeconds: 10, delaySeconds: 60 }),
}

const operationTag = Type.Optional(tag('The tag by which like is compared with like, as resource_name.'))

/** What the `query` of a metric may say, by the metric's kind. */
export const datadogQuerySchemas = {
  proportion: Type.Object(
    {
      total: selector('All requests, the failed ones too: a count or a rate.'),
      errors: selector('The requests that failed: a count or a rate.'),
      operationTag,
      ...common,
    },
    closed,
  ),
  distribution: Type.Object(
    {
      durations: selector('Durations: a distribution whose percentiles are switched on.'),
      ...durationKeys,
      operationTag,
      ...common,
    },
    closed,
  ),
  gauge: Type.Object(
    {
      level: selector('The level by pod: a gauge.'),
      aggregation: Type.Enum(['avg', 'max', 'min'], { default: 'avg', description: 'of what a pod told in a period' }),
      ...common,
    },
    closed,
  ),
  count: Type.Object(
    {
      events: selector('What happened, by pod: a count or a rate.'),
      running: selector(
        'What every pod that runs tells of, as kubernetes.cpu.usage.total: where it tells and `events` does not, nothing happened.',
      ),
      ...common,
    },
    closed,
  ),
} as const

type DatadogQueries = QueriesOf<typeof datadogQuerySchemas>

/** One thing to ask: which part of the query it is, its selector with the variables still in it, and what is around it. */
export type DatadogPart = {
  readonly part: string
  readonly selector: ArmText
  /** The whole text of a selector that is filled in. */
  readonly whole: (selector: string) => string
}

/** The first fault of a metric's query. */
export function checkDatadogQuery(metric: MetricSpec): QueryFault | null {
  const { kind, query } = metric
  if (!isPeriodKind(kind)) return kindFault(kind)
  const fault = queryFault(datadogQuerySchemas, metric, {
    texts: () => periodParts[kind].map((key) => [`/${key}`, query?.[key] as ArmText] as const),
    language: tagFilter,
    textFault: checkSelector,
  })
  if (fault !== null) return fault
  return kind === 'distribution' ? checkBounds(datadogQuery(kind, query)) : null
}

function checkSelector(text: string): Omit<QueryFault, 'key'> | null {
  const bare = text.replace(/\$\{[^}]*\}/g, '')
  if (/^[A-Za-z][\w.]*\{/.test(text) && /^[\w.]+\{[^{}]*\}$/.test(bare)) return null
  return {
    expected:
      'a metric with a filter of tags, as name{tag:value}: what is added up by pod and period is written by Davy',
    got: text.slice(0, 200),
  }
}

/** A query as it is asked. @throws Error for one that {@link checkDatadogQuery} finds fault with */
function datadogQuery<Kind extends keyof DatadogQueries>(kind: Kind, query: MetricSpec['query']): DatadogQueries[Kind] {
  return completeQuery(datadogQuerySchemas, kind, query)
}

/** What a query says of time, bounds and operations. */
export function datadogTiming({ kind, query }: MetricSpec) {
  const asked = datadogQuery(kind as 'distribution', query)
  const { periodSeconds, delaySeconds, operationTag } = asked
  const bounded = kind === 'distribution' ? { unit: asked.unit, bounds: asked.bounds } : {}
  return { periodSeconds, delaySeconds, hasOperations: operationTag !== undefined, ...bounded }
}

/** The tags that a query's series are told apart by. */
export function datadogTags({ kind, query }: MetricSpec) {
  const { podTag, operationTag } = datadogQuery(kind as 'proportion', query)
  return { podTag, operationTag }
}

/** What is asked for a metric: sums of counts, never averages of them. */
export function datadogParts({ kind, query }: MetricSpec): readonly DatadogPart[] {
  if (!isPeriodKind(kind)) return []
  const { podTag, periodSeconds, operationTag } = datadogQuery(kind, query) as DatadogQueries['proportion']
  const by = `by {${[podTag, ...(operationTag === undefined ? [] : [operationTag])].join(',')}}`
  const counted = (part: string, selector: ArmText, aggregator = 'sum'): DatadogPart => {
    const whole = (text: string) => `${aggregator}:${text} ${by}.as_count().rollup(sum, ${periodSeconds})`
    return { part, selector, whole }
  }
  const level = (part: string, selector: ArmText, aggregator: string): DatadogPart => {
    const whole = (text: string) => `${aggregator}:${text} ${by}.rollup(${aggregator}, ${periodSeconds})`
    return { part, selector, whole }
  }
  switch (kind) {
    case 'proportion': {
      const { total, errors } = datadogQuery(kind, query)
      return [counted('total', total), counted('errors', errors)]
    }
    case 'distribution': {
      const asked = datadogQuery(kind, query)
      const upTo = boundTexts(asked).map((bound, index) =>
        counted(`le${index}`, asked.durations, `count(v: v<=${bound})`),
      )
      return [counted('total', asked.durations, 'count'), ...upTo]
    }
    case 'gauge': {
      const asked = datadogQuery(kind, query)
      return [level('level', asked.level, asked.aggregation)]
    }
    case 'count': {
      const { events, running } = datadogQuery(kind, query)
      return [counted('events', events), level('running', running, 'avg')]
    }
  }
}
