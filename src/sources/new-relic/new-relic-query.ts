import { Type } from 'typebox'
import type { QueryFault } from '../../domain/metric-source.ts'
import type { MetricSpec } from '../../domain/template.ts'
import { type ArmText, armText } from '../arm-text.ts'
import { completeQuery, type QueriesOf, queryFault } from '../checked-query.ts'
import { bareText } from '../fill-query.ts'
import { boundTexts, checkBounds, durationKeys, isPeriodKind, kindFault, timingKeys } from '../period-query.ts'
import { nrql } from './nrql.ts'

const closed = { additionalProperties: false }

/** So many characters a query may have; New Relic takes less than 4 KB. */
const mostCharacters = 4000

/** More groups than these are a fault: New Relic would leave some out and not say so. */
export const mostGroups = 2000

const expression = (description: string, example: string) =>
  Type.String({ minLength: 1, maxLength: 500, description: `${description}, as ${example}` })

const attribute = (description: string) =>
  Type.Optional(Type.String({ pattern: '^[A-Za-z][\\w.:-]{0,254}$', description }))

const common = {
  from: Type.String({
    pattern: '^[A-Za-z_][\\w:]*( *, *[A-Za-z_][\\w:]*)*$',
    maxLength: 200,
    description: 'What is counted, as Transaction, Span or Metric.',
  }),
  where: armText(
    'Which of it, as appName = \u0024{service} AND tags.version = \u0024{version}: variables without quotes around them, and ' +
      'within IN (…) where there may be several.',
  ),
  podAttribute: attribute('The attribute that names the pod, as host. Absent: each arm counts as one pod.'),
  ...timingKeys({ periodSeconds: 10, delaySeconds: 120 }),
}

const operationAttribute = attribute('The attribute by which like is compared with like, as name.')

/** What the `query` of a metric may say, by the metric's kind. */
export const newRelicQuerySchemas = {
  proportion: Type.Object(
    {
      ...common,
      total: Type.String({ ...expression('All requests', 'count(*)'), default: 'count(*)' }),
      errors: expression('The requests that failed', 'filter(count(*), WHERE error IS true)'),
      operationAttribute,
    },
    closed,
  ),
  distribution: Type.Object(
    {
      ...common,
      duration: Type.String({ pattern: '^[A-Za-z][\\w.:-]{0,254}$', description: 'The attribute of the duration.' }),
      ...durationKeys,
      operationAttribute,
    },
    closed,
  ),
  gauge: Type.Object({ ...common, level: expression('The level', 'average(memoryUsedBytes)') }, closed),
  count: Type.Object(
    {
      ...common,
      events: expression('What happened', "filter(count(*), WHERE eventType() = 'OomKill')"),
      running: expression(
        'What is above zero where a pod runs, and so tells that nothing happened where nothing did',
        "filter(count(*), WHERE eventType() = 'SystemSample')",
      ),
    },
    closed,
  ),
} as const

type NewRelicQueries = QueriesOf<typeof newRelicQuerySchemas>

/** One thing to ask: which part of the query it is, and the expression that gives it. */
export type NewRelicPart = { readonly part: string; readonly expression: string }

const counting = /^\s*(?:count|sum|uniqueCount|filter\s*\(\s*(?:count|sum|uniqueCount))\s*\(/i
const reading = /^\s*(?:average|latest|max|min|median)\s*\(/i

/** The first fault of a metric's query. */
export function checkNewRelicQuery(metric: MetricSpec): QueryFault | null {
  const { kind, query } = metric
  if (!isPeriodKind(kind)) return kindFault(kind)
  const fault = queryFault(newRelicQuerySchemas, metric, {
    texts: () => [['/where', query?.where as ArmText]],
    language: nrql,
    textFault: (text) => checkText(text) ?? checkNoPattern(text),
  })
  if (fault !== null) return fault
  if (kind !== 'distribution') {
    for (const { part, expression: text } of newRelicParts(metric)) {
      const found = checkNoVariable(text) ?? checkText(text) ?? checkFunction(text, kind)
      if (found !== null) return { ...found, key: `/${part}` }
    }
  }
  const bounds = kind === 'distribution' ? checkBounds(askedOf(kind, query)) : null
  if (bounds !== null) return bounds
  const { length } = nrqlOf(metric, newRelicParts(metric), longest(askedOf(kind, query).where), { from: 0, to: 0 })
  if (length <= mostCharacters) return null
  return { expected: `a query of at most ${mostCharacters} characters in NRQL`, got: `${length}`, key: '' }
}

function longest(where: ArmText): string {
  if (typeof where === 'string') return where
  return where.baseline.length > where.canary.length ? where.baseline : where.canary
}

/** Davy writes what is around a text, so that nothing counts twice. */
function checkText(text: string): Omit<QueryFault, 'key'> | null {
  const bare = bareText(text, nrql)
  if (bare === null) return { expected: 'a text whose quotes and brackets end', got: text.slice(0, 200) }
  const clause =
    /\b(select|from|facet|since|until|timeseries|limit|offset|compare|order|slide|with|join)\b|--|\/\/|\/\*|;/i
  const [found] = clause.exec(bare) ?? []
  if (found === undefined) return null
  return {
    expected: 'conditions only; Davy writes the clauses, and a name that is one goes into backticks',
    got: found,
  }
}

/** In a pattern a value would be more than a value: `%` is any version. */
function checkNoPattern(text: string): Omit<QueryFault, 'key'> | null {
  const [found] = /\bR?LIKE\s*\(*\s*r?\s*\$\{[^}]*\}?/i.exec(text) ?? []
  if (found === undefined) return null
  return { expected: 'variables after = and within IN (…), which are no patterns', got: found }
}

function checkNoVariable(text: string): Omit<QueryFault, 'key'> | null {
  if (!text.includes('${')) return null
  return { expected: 'variables in `where` only', got: text.slice(0, 200) }
}

function checkFunction(text: string, kind: 'proportion' | 'gauge' | 'count'): Omit<QueryFault, 'key'> | null {
  const isGauge = kind === 'gauge'
  if ((isGauge ? reading : counting).test(text)) return null
  return {
    expected: isGauge
      ? 'average(…), latest(…), max(…), min(…) or median(…), which are nothing where nothing was told'
      : 'count(…), sum(…), uniqueCount(…), or one of them in filter(…): numbers that may be added up',
    got: text.slice(0, 200),
  }
}

function askedOf<Kind extends keyof NewRelicQueries>(kind: Kind, query: MetricSpec['query']): NewRelicQueries[Kind] {
  return completeQuery(newRelicQuerySchemas, kind, query)
}

/** What a query says of time, bounds and operations, and of what it counts. */
export function newRelicTiming({ kind, query }: MetricSpec) {
  const asked = askedOf(kind as 'distribution', query)
  const { periodSeconds, delaySeconds, podAttribute, operationAttribute: by, where } = asked
  const bounded = kind === 'distribution' ? { unit: asked.unit, bounds: asked.bounds } : {}
  return { periodSeconds, delaySeconds, hasOperations: by !== undefined, podAttribute, by, where, ...bounded }
}

/** What is asked for a metric: numbers that may be added up, never averages of them. */
export function newRelicParts({ kind, query }: MetricSpec): readonly NewRelicPart[] {
  switch (kind) {
    case 'proportion': {
      const { total, errors } = askedOf(kind, query)
      return [
        { part: 'total', expression: total },
        { part: 'errors', expression: errors },
      ]
    }
    case 'distribution': {
      const asked = askedOf(kind, query)
      const duration = nameOf(asked.duration)
      const upTo = boundTexts(asked).map((bound, index) => ({
        part: `le${index}`,
        expression: `filter(count(*), WHERE ${duration} <= ${bound})`,
      }))
      return [{ part: 'total', expression: `count(${duration})` }, ...upTo]
    }
    case 'gauge':
      return [{ part: 'level', expression: askedOf(kind, query).level }]
    case 'count': {
      const { events, running } = askedOf(kind, query)
      return [
        { part: 'events', expression: events },
        { part: 'running', expression: running },
      ]
    }
    default:
      return []
  }
}

/** A whole query. @param where with its variables filled in. @param times Unix milliseconds; null: none, for people. */
export function nrqlOf(
  metric: MetricSpec,
  parts: readonly NewRelicPart[],
  where: string,
  times: { readonly from: number; readonly to: number } | null,
): string {
  const { podAttribute, by, periodSeconds } = newRelicTiming(metric)
  const { from } = askedOf(metric.kind as 'distribution', metric.query)
  const groups = [podAttribute, by].filter((name) => name !== undefined).map(nameOf)
  const select = parts.map(({ part, expression: text }) => `${text} AS '${part}'`).join(', ')
  const facet = groups.length === 0 ? '' : ` FACET ${groups.join(', ')} LIMIT ${mostGroups}`
  const time = times === null ? '' : ` SINCE ${times.from} UNTIL ${times.to}`
  return `SELECT ${select} FROM ${from} WHERE (${where})${facet}${time} TIMESERIES ${periodSeconds} seconds`
}

function nameOf(attributeName: string): string {
  return /^[A-Za-z][\w.:]*$/.test(attributeName) ? attributeName : `\`${attributeName}\``
}
