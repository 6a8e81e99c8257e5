import { clickHouseQuerySchema } from '../sources/clickhouse/clickhouse-source.ts'
import { cloudWatchQuerySchemas } from '../sources/cloudwatch/cloudwatch-query.ts'
import { datadogQuerySchemas } from '../sources/datadog/datadog-query.ts'
import { graphiteQuerySchemas } from '../sources/graphite/graphite-query.ts'
import { httpQuerySchema } from '../sources/http/http-source.ts'
import { influxDbQuerySchemas } from '../sources/influxdb/influxdb-query.ts'
import { lokiQuerySchemas } from '../sources/loki/loki-query.ts'
import { newRelicQuerySchemas } from '../sources/new-relic/new-relic-query.ts'
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
    ...kindsOf('prometheus', querySchemas),
    queryOf({ source: 'clickhouse' }, clickHouseQuerySchema),
    ...kindsOf('loki', lokiQuerySchemas),
    ...kindsOf('influxdb', influxDbQuerySchemas),
    ...kindsOf('graphite', graphiteQuerySchemas),
    ...kindsOf('datadog', datadogQuerySchemas),
    ...kindsOf('new-relic', newRelicQuerySchemas),
    ...kindsOf('cloudwatch', cloudWatchQuerySchemas),
    queryOf({ source: 'http' }, httpQuerySchema),
    optionalQueryOf({ source: 'logs' }, logQuerySchema),
  ]
  return {
    ...templateSchema,
    properties: { ...templateSchema.properties, metrics: { ...metrics, items: { ...metrics.items, allOf: queries } } },
  }
}

/** The schemas of a source that has one for each kind. */
function kindsOf(source: string, schemas: Readonly<Record<string, object>>): readonly object[] {
  return Object.entries(schemas).map(([kind, query]) => queryOf({ source, kind }, query))
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
