import type { MetricSource } from '../domain/metric-source.ts'
import type { QuerySource } from '../domain/template.ts'
import type { PrometheusAccount, SourceSettings } from '../platform/config-sources.ts'
import { createClickHouseSource } from './clickhouse/clickhouse-source.ts'
import { createHttpSource } from './http/http-source.ts'
import { PrometheusClient } from './prometheus/client.ts'
import { discoverPacks, type PrometheusFinding } from './prometheus/discover-packs.ts'
import { createPrometheusSource } from './prometheus/prometheus-source.ts'

/** What can be asked, and what of it is there. */
export type SourceFindings = {
  /** Names that a metric may give as its source. */
  readonly sources: readonly QuerySource[]
  readonly prometheus: readonly PrometheusFinding[]
}

/** What can be asked, as it is configured. */
export type ConfiguredSources = {
  /** By the name that a metric gives as its source. */
  readonly byName: ReadonlyMap<QuerySource, MetricSource>
  /** The accounts of Prometheus by name. */
  readonly prometheus: ReadonlyMap<string, PrometheusClient>
  /** What each account of Prometheus has, at a time (Unix milliseconds). */
  discover(now: number, signal?: AbortSignal): Promise<readonly PrometheusFinding[]>
  /** Ends all connections. */
  close(): Promise<void>
}

/** Every source. A new one is a folder and a line here. */
export function createSources(settings: SourceSettings): ConfiguredSources {
  const accounts = prometheusAccounts(settings)
  const prometheus = new Map(accounts.map((account) => [account.name, new PrometheusClient(account)]))
  const { url } = settings.clickhouse
  const clickhouse = url === undefined ? null : createClickHouseSource({ ...settings.clickhouse, url })
  const http = createHttpSource(settings.http.hosts)
  const byName = new Map<QuerySource, MetricSource>([
    ['prometheus', createPrometheusSource(prometheus)],
    ...(clickhouse === null ? [] : [['clickhouse', clickhouse] as const]),
    ['http', http],
  ])
  return {
    byName,
    prometheus,
    discover: (now, signal) => discoverPacks(prometheus, now, signal),
    async close() {
      for (const client of prometheus.values()) client.close()
      await Promise.all([clickhouse?.close(), http.close()])
    },
  }
}

/** The configured accounts of Prometheus; the one without a name is `default`. */
export function prometheusAccounts({ prometheus }: SourceSettings): readonly PrometheusAccount[] {
  const { accounts, url, ...own } = prometheus
  return url === undefined ? accounts : [{ name: 'default', url, ...own }, ...accounts]
}
