import type { QueryFault } from '../../domain/metric-source.ts'
import type { MetricSpec } from '../../domain/template.ts'
import type { ArmText } from '../arm-text.ts'
import { queryFault } from '../checked-query.ts'
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
  return queryFault(querySchemas, metric, {
    wholeFault({ account = 'default' }) {
      if (accounts.includes(account as string)) return null
      const known = accounts.length === 0 ? 'sources.prometheus.url in the configuration' : accounts.join(', ')
      return { expected: `a configured account: ${known}`, got: account as string, key: '/account' }
    },
    texts: () => promqlOf(metric).map(([key, text]) => [`/${key}`, text] as const),
    language: promql,
    textFault: (text) => checkText(text, metric.kind),
  })
}

/** The PromQL of a metric's query, by its keys. */
export function promqlOf({ kind, query }: MetricSpec): readonly (readonly [key: string, text: ArmText])[] {
  if (!isPrometheusKind(kind)) return []
  return promqlKeys[kind].flatMap((key) => {
    const text = query?.[key] as ArmText | undefined
    return text === undefined ? [] : [[key, text] as const]
  })
}

function checkText(text: string, kind: MetricSpec['kind']): Omit<QueryFault, 'key'> | null {
  if (kind === 'gauge' || isSelector(text)) return null
  return {
    expected: 'a selector of series, as name{label="value"}, without functions, ranges and operators',
    got: text.slice(0, 200),
  }
}
