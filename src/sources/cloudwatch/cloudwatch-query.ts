import { type Static, Type } from 'typebox'
import type { Arm } from '../../domain/cohort.ts'
import type { QueryFault } from '../../domain/metric-source.ts'
import type { MetricSpec } from '../../domain/template.ts'
import { checkedQuery, completeQuery, type QueriesOf } from '../checked-query.ts'
import { checkVariables, type QueryLanguage, tellsArmsApart } from '../fill-query.ts'
import {
  boundTexts,
  checkBounds,
  durationKeys,
  isPeriodKind,
  kindFault,
  periodParts,
  timingKeys,
} from '../period-query.ts'
import { armVariables } from '../query-values.ts'

const closed = { additionalProperties: false }

/** The values of dimensions are texts of their own, in which nothing has a meaning. */
export const dimensionValue: QueryLanguage = {
  place: 'in the value of a dimension',
  literalAt: () => null,
  writeBare: (values) => (values.length === 1 ? values[0]! : { reason: `has ${values.length} values` }),
}

const dimensions = Type.Record(Type.String({ minLength: 1 }), Type.String({ minLength: 1, maxLength: 1024 }))

const metricOf = (description: string) =>
  Type.Object(
    {
      namespace: Type.String({ minLength: 1, maxLength: 255, description: 'As AWS/ApplicationELB.' }),
      name: Type.String({ minLength: 1, maxLength: 255, description: 'As RequestCount.' }),
      dimensions: Type.Union([dimensions, Type.Object({ baseline: dimensions, canary: dimensions }, closed)], {
        description:
          'All dimensions of the metric with their values, which may have variables, or one set for each arm. A value ' +
          'that is \u0024{pod} alone asks for each pod by itself.',
      }),
    },
    { ...closed, description },
  )

const counted = Type.Enum(['Sum', 'SampleCount'], {
  default: 'Sum',
  description: 'Sum of metrics that count, SampleCount of others: how often they were told.',
})

const timing = timingKeys({ periodSeconds: 60, delaySeconds: 180 })

/** What the `query` of a metric may say, by the metric's kind. */
export const cloudWatchQuerySchemas = {
  proportion: Type.Object(
    {
      total: metricOf('All requests, the failed ones too.'),
      errors: metricOf('The requests that failed.'),
      ...{ statistic: counted, ...timing },
    },
    closed,
  ),
  distribution: Type.Object({ durations: metricOf('Durations.'), ...durationKeys, ...timing }, closed),
  gauge: Type.Object(
    {
      level: metricOf('The level.'),
      statistic: Type.Enum(['Average', 'Maximum', 'Minimum'], { default: 'Average', description: 'of a period' }),
      ...timing,
    },
    closed,
  ),
  count: Type.Object(
    {
      events: metricOf('What happened.'),
      running: metricOf('What is told wherever somebody runs: where it is and `events` is not, nothing happened.'),
      ...{ statistic: counted, ...timing },
    },
    closed,
  ),
} as const

type CloudWatchQueries = QueriesOf<typeof cloudWatchQuerySchemas>

type Metric = CloudWatchQueries['gauge']['level']
type Dimensions = Static<typeof dimensions>

/** One thing to ask: which part of the query it is, of what, and which statistic of it. */
export type CloudWatchPart = { readonly part: string; readonly metric: Metric; readonly statistic: string }

/** The first fault of a metric's query. */
export function checkCloudWatchQuery({ kind, query }: MetricSpec): QueryFault | null {
  if (!isPeriodKind(kind)) return kindFault(kind)
  const checked = checkedQuery(cloudWatchQuerySchemas[kind], query)
  if ('fault' in checked) return checked.fault
  const asked = checked.query as Readonly<Record<string, unknown>>
  for (const key of periodParts[kind]) {
    const fault = checkDimensions(asked[key] as Metric, `/${key}/dimensions`)
    if (fault !== null) return fault
  }
  return kind === 'distribution' ? checkBounds(asked as CloudWatchQueries['distribution']) : null
}

function checkDimensions({ dimensions: given }: Metric, key: string): QueryFault | null {
  const both = armDimensions(given)
  for (const own of Object.values(both)) {
    for (const [name, value] of Object.entries(own)) {
      const fault = checkVariables(value, dimensionValue)
      if (fault !== null) return { ...fault, key: `${key}/${name}` }
    }
    const expanded = Object.values(own).filter((value) => eachPod.test(value))
    if (expanded.length > 1) return { expected: 'one dimension that is the pod', got: String(expanded.length), key }
  }
  const isOwn = JSON.stringify(both.baseline) !== JSON.stringify(both.canary)
  if (isOwn || Object.values(both.canary).some((value) => tellsArmsApart(value, dimensionValue))) return null
  const names = armVariables.map((name) => `\${${name}}`).join(', ')
  return {
    expected: `dimensions that tell the arms apart by ${names}, or one set for each arm`,
    got: JSON.stringify(given).slice(0, 200),
    key,
  }
}

/** A value that is the pod and nothing else. */
export const eachPod = /^\$\{(?:canary\.|baseline\.)?pod\}$/

/** The dimensions of each arm. */
export function armDimensions(given: Metric['dimensions']): Readonly<Record<Arm, Dimensions>> {
  const { baseline, canary } = given as Readonly<Record<string, unknown>>
  if (typeof baseline === 'object' && typeof canary === 'object') return given as Readonly<Record<Arm, Dimensions>>
  return { baseline: given as Dimensions, canary: given as Dimensions }
}

function askedOf<Kind extends keyof CloudWatchQueries>(
  kind: Kind,
  query: MetricSpec['query'],
): CloudWatchQueries[Kind] {
  return completeQuery(cloudWatchQuerySchemas, kind, query)
}

/** What a query says of time and bounds. */
export function cloudWatchTiming({ kind, query }: MetricSpec) {
  const { periodSeconds, delaySeconds, unit, bounds } = askedOf(kind as 'distribution', query)
  return { periodSeconds, delaySeconds, hasOperations: false, ...(kind === 'distribution' ? { unit, bounds } : {}) }
}

/** What is asked for a metric: numbers that may be added up, never averages of them. */
export function cloudWatchParts({ kind, query }: MetricSpec): readonly CloudWatchPart[] {
  switch (kind) {
    case 'proportion': {
      const { total, errors, statistic } = askedOf(kind, query)
      return [
        { part: 'total', metric: total, statistic },
        { part: 'errors', metric: errors, statistic },
      ]
    }
    case 'distribution': {
      const asked = askedOf(kind, query)
      // A trimmed count takes its upper bound in, as the buckets of the judge do.
      const upTo = boundTexts(asked).map((bound, index) => ({
        part: `le${index}`,
        metric: asked.durations,
        statistic: `TC(:${bound})`,
      }))
      return [{ part: 'total', metric: asked.durations, statistic: 'SampleCount' }, ...upTo]
    }
    case 'gauge': {
      const { level, statistic } = askedOf(kind, query)
      return [{ part: 'level', metric: level, statistic }]
    }
    case 'count': {
      const { events, running, statistic } = askedOf(kind, query)
      return [
        { part: 'events', metric: events, statistic },
        { part: 'running', metric: running, statistic: 'SampleCount' },
      ]
    }
    default:
      return []
  }
}
