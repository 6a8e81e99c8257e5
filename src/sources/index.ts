import type { MetricSource } from '../domain/metric-source.ts'
import type { QuerySource } from '../domain/template.ts'
import type { PrometheusAccount, SourceSettings } from '../platform/config-sources.ts'
import { createClickHouseSource } from './clickhouse/clickhouse-source.ts'
import { createCloudWatchSource } from './cloudwatch/cloudwatch-source.ts'
import { createDatadogSource } from './datadog/datadog-source.ts'
import { createGraphiteSource } from './graphite/graphite-source.ts'
import { createHttpSource } from './http/http-source.ts'
import { createInfluxDbSource } from './influxdb/influxdb-source.ts'
import { createLokiSource } from './loki/loki-source.ts'
import { createNewRelicSource } from './new-relic/new-relic-source.ts'
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
  const clickhouse = withUrl(settings.clickhouse, createClickHouseSource)
  const loki = withUrl(settings.loki, createLokiSource)
  const influxdb = withUrl(settings.influxdb, createInfluxDbSource)
  const graphite = withUrl(settings.graphite, createGraphiteSource)
  const services = createServices(settings)
  const http = createHttpSource(settings.http.hosts)
  const byName = new Map<QuerySource, MetricSource>([
    ['prometheus', createPrometheusSource(prometheus)],
    ...(clickhouse === null ? [] : [['clickhouse', clickhouse] as const]),
    ...(loki === null ? [] : [['loki', loki] as const]),
    ...(influxdb === null ? [] : [['influxdb', influxdb] as const]),
    ...(graphite === null ? [] : [['graphite', graphite] as const]),
    ...services,
    ['http', http],
  ])
  return {
    byName,
    prometheus,
    discover: (now, signal) => discoverPacks(prometheus, now, signal),
    async close() {
      for (const client of prometheus.values()) client.close()
      await Promise.all([clickhouse?.close(), loki?.close(), influxdb?.close(), graphite?.close(), http.close()])
      await Promise.all(services.map(([, service]) => service.close()))
    },
  }
}

/** The sources of services that are configured: those whose keys are. */
function createServices({ datadog, newRelic, cloudWatch }: SourceSettings) {
  const { apiKeyFile, applicationKeyFile } = datadog
  const { accountId, apiKeyFile: userKeyFile } = newRelic
  const { region } = cloudWatch
  return [
    ...(apiKeyFile === undefined || applicationKeyFile === undefined
      ? []
      : [['datadog', createDatadogSource({ ...datadog, apiKeyFile, applicationKeyFile })] as const]),
    ...(accountId === undefined || userKeyFile === undefined
      ? []
      : [['new-relic', createNewRelicSource({ ...newRelic, accountId, apiKeyFile: userKeyFile })] as const]),
    ...(region === undefined ? [] : [['cloudwatch', createCloudWatchSource({ ...cloudWatch, region })] as const]),
  ]
}

/** A source of a system that is configured: one with a URL. */
function withUrl<Account extends { readonly url?: string }, Source>(
  account: Account,
  create: (account: Account & { readonly url: string }) => Source,
): Source | null {
  const { url } = account
  return url === undefined ? null : create({ ...account, url })
}

/** The configured accounts of Prometheus; the one without a name is `default`. */
export function prometheusAccounts({ prometheus }: SourceSettings): readonly PrometheusAccount[] {
  const { accounts, url, ...own } = prometheus
  return url === undefined ? accounts : [{ name: 'default', url, ...own }, ...accounts]
}
