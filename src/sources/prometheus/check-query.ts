import { Value } from 'typebox/value'
import type { QueryFault } from '../../domain/metric-source.ts'
import type { MetricSpec } from '../../domain/template.ts'
import { schemaFaults } from '../../platform/schema-faults.ts'
import { armVariables, checkVariables, isSelector, tellsArmsApart } from './fill-query.ts'
import { isPrometheusKind, type PrometheusQuery, querySchemas } from './query-schema.ts'

type Kind = keyof PrometheusQuery

/** One text for both arms, or one for each. */
type PromqlText = string | { readonly baseline: string; readonly canary: string }

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
  const [fault] = Value.Check(schema, value) ? [] : schemaFaults(schema, Value.Errors(schema, value), value)
  if (fault !== undefined) return { expected: fault.expected, got: fault.got, key: fault.pointer }
  const { account = 'default' } = value as { account?: string }
  if (!accounts.includes(account)) {
    const known = accounts.length === 0 ? 'sources.prometheus.url in the configuration' : accounts.join(', ')
    return { expected: `a configured account: ${known}`, got: account, key: '/account' }
  }
  for (const key of promqlKeys[kind]) {
    const found = checkPromql((value as Record<string, unknown>)[key], kind)
    if (found !== null) return { ...found, key: `/${key}${found.key}` }
  }
  return null
}

/** The PromQL of a metric's query, by its keys. */
export function promqlOf({ kind, query }: MetricSpec): readonly (readonly [key: string, text: PromqlText])[] {
  if (!isPrometheusKind(kind)) return []
  return promqlKeys[kind].flatMap((key) => {
    const text = query?.[key] as PromqlText | undefined
    return text === undefined ? [] : [[key, text] as const]
  })
}

/** A query as it is asked: with what it left out. @throws Error for one that {@link checkQuery} finds fault with */
export function completeQuery<K extends Kind>(kind: K, query: MetricSpec['query']): PrometheusQuery[K] {
  const value: unknown = Value.Default(querySchemas[kind], structuredClone(query ?? {}))
  if (!Value.Check(querySchemas[kind], value)) throw new Error(`a query of kind ${kind} does not fit its schema`)
  return value as PrometheusQuery[K]
}

function checkPromql(value: unknown, kind: Kind): QueryFault | null {
  if (typeof value !== 'string') {
    for (const [arm, text] of Object.entries(value as Readonly<Record<string, string>>)) {
      const found = checkText(text, kind)
      if (found !== null) return { ...found, key: `/${arm}` }
    }
    return null
  }
  const found = checkText(value, kind)
  if (found !== null) return { ...found, key: '' }
  if (tellsArmsApart(value)) return null
  return {
    expected: `a query that tells the arms apart by ${armVariables.map((name) => `\${${name}}`).join(', ')}, or one for each arm`,
    got: value.slice(0, 200),
    key: '',
  }
}

function checkText(text: string, kind: Kind): Omit<QueryFault, 'key'> | null {
  const fault = checkVariables(text)
  if (fault !== null || kind === 'gauge' || isSelector(text)) return fault
  return {
    expected: 'a selector of series, as name{label="value"}, without functions, ranges and operators',
    got: text.slice(0, 200),
  }
}
