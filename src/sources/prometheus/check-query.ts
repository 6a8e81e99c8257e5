import { Value } from 'typebox/value'
import type { QueryFault } from '../../domain/metric-source.ts'
import type { MetricSpec } from '../../domain/template.ts'
import { type ArmText, armTextFault, schemaFault } from '../arm-text.ts'
import { isSelector, promql } from './promql.ts'
import { isPrometheusKind, type PrometheusQuery, querySchemas } from './query-schema.ts'

type Kind = keyof PrometheusQuery

/** The keys that hold PromQL, and of those the ones that must select series. */
const promqlKeys: Readonly<Record<Kind, readonly string[]>> = {
  proportion: ['errors', 'total'],
  distribution: ['durations'],
  gauge: ['level'],
  count: ['events'],
}

/** The first fault of a metric's query; `key` is the place within the query, as '/errors/canary'. */
export function checkQuery(metric: MetricSpec, accounts: readonly string[]): QueryFault | null {
  const { kind, query } = metric
  if (!isPrometheusKind(kind)) {
    return { expected: `a metric of kind ${Object.keys(querySchemas).join(', ')}`, got: kind, key: '' }
  }
  const schema = querySchemas[kind]
  const value = Value.Default(schema, structuredClone(query ?? {}))
  const fault = schemaFault(schema, value)
  if (fault !== null) return fault
  const { account = 'default' } = value as { account?: string }
  if (!accounts.includes(account)) {
    const known = accounts.length === 0 ? 'sources.prometheus.url in the configuration' : accounts.join(', ')
    return { expected: `a configured account: ${known}`, got: account, key: '/account' }
  }
  for (const key of promqlKeys[kind]) {
    const text = (value as Readonly<Record<string, ArmText>>)[key]!
    const found = armTextFault(text, `/${key}`, promql, (each) => checkText(each, kind))
    if (found !== null) return found
  }
  return null
}

/** The PromQL of a metric's query, by its keys. */
export function promqlOf({ kind, query }: MetricSpec): readonly (readonly [key: string, text: ArmText])[] {
  if (!isPrometheusKind(kind)) return []
  return promqlKeys[kind].flatMap((key) => {
    const text = query?.[key] as ArmText | undefined
    return text === undefined ? [] : [[key, text] as const]
  })
}

/** A query as it is asked: with what it left out. @throws Error for one that {@link checkQuery} finds fault with */
export function completeQuery<K extends Kind>(kind: K, query: MetricSpec['query']): PrometheusQuery[K] {
  const value: unknown = Value.Default(querySchemas[kind], structuredClone(query ?? {}))
  if (!Value.Check(querySchemas[kind], value)) throw new Error(`a query of kind ${kind} does not fit its schema`)
  return value as PrometheusQuery[K]
}

function checkText(text: string, kind: Kind): Omit<QueryFault, 'key'> | null {
  if (kind === 'gauge' || isSelector(text)) return null
  return {
    expected: 'a selector of series, as name{label="value"}, without functions, ranges and operators',
    got: text.slice(0, 200),
  }
}
