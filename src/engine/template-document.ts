import { clickHouseQuerySchema } from '../sources/clickhouse/clickhouse-source.ts'
import { httpQuerySchema } from '../sources/http/http-source.ts'
import { querySchemas } from '../sources/prometheus/query-schema.ts'
import { logQuerySchema } from './logs/log-query.ts'
import { templateSchema } from './template-schema.ts'

/**
 * The schema of a template for editors and people: as it is checked, and with what each source says of the keys of a
 * `query`, which at the check is said by the source itself.
 */
export function templateDocument(): object {
  const { metrics } = templateSchema.properties
  const queries = [
    ...Object.entries(querySchemas).map(([kind, query]) => queryOf({ source: 'prometheus', kind }, query)),
    queryOf({ source: 'clickhouse' }, clickHouseQuerySchema),
    queryOf({ source: 'http' }, httpQuerySchema),
    optionalQueryOf({ source: 'logs' }, logQuerySchema),
  ]
  return {
    ...templateSchema,
    properties: { ...templateSchema.properties, metrics: { ...metrics, items: { ...metrics.items, allOf: queries } } },
  }
}

function queryOf(metric: Readonly<Record<string, string>>, query: object): object {
  const { then, ...rest } = optionalQueryOf(metric, query)
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  return { ...rest, then: { ...then, required: ['query'] } }
}

function optionalQueryOf(metric: Readonly<Record<string, string>>, query: object) {
  const properties = Object.fromEntries(Object.entries(metric).map(([key, value]) => [key, { const: value }]))
  return {
    if: { properties, required: Object.keys(metric) },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { properties: { query } },
  }
}
