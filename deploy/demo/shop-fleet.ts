import { join } from 'node:path'
import type { LoadReport } from './load.ts'
import type { Processes, ProcessSpec, Running } from './processes.ts'
import type { RouterArm } from './shop/router.ts'

export const shopNamespace = 'shop'
export const shopEnvironment = 'demo'

const processesPerVersion = 3
/** Sent to the gateway, all versions together. */
export const requestsPerSecond = 150

/** The running shop, as whoever rolls out a release handles it. */
export type Shop = {
  /** The gateway's origin. */
  readonly origin: string
  readonly logFile: string
  /** Starts the load; it ends by itself after `seconds`. */
  startLoad(seconds: number): Promise<void>
  /** The load so far; null before it started. */
  load(): LoadReport | null
  /** Starts three checkout processes of a version; they answer when this resolves, and get no traffic yet. */
  startVersion(version: string): Promise<void>
  /** Stops them; take the traffic away first. */
  stopVersion(version: string): Promise<void>
  /** Sets each version's share of the traffic; versions that are not named get none. In force when it resolves. */
  split(weights: Readonly<Record<string, number>>): Promise<void>
}

/**
 * Starts gateway and payments; `otlpOrigin` is where all processes of the shop send their spans. When `signal` aborts,
 * whatever the shop is about to do rejects.
 */
export async function startShop(
  processes: Processes,
  folder: string,
  otlpOrigin: string,
  signal: AbortSignal,
): Promise<Shop> {
  const logFile = join(folder, 'shop.log')
  const versions = new Map<string, readonly Running[]>()
  let report: LoadReport | null = null

  function startService(file: URL, service: string, version: string, instance: number, env: ProcessSpec['env'] = {}) {
    const id = `${service}-${version}-${instance}`
    const attributes = {
      'service.namespace': shopNamespace,
      'service.version': version,
      'service.instance.id': id,
      'deployment.environment.name': shopEnvironment,
    }
    const spec: ProcessSpec = {
      name: id,
      file,
      env: {
        OTEL_SERVICE_NAME: service,
        OTEL_RESOURCE_ATTRIBUTES: Object.entries(attributes)
          .map(([key, value]) => `${key}=${value}`)
          .join(','),
        OTEL_NODE_RESOURCE_DETECTORS: 'env',
        OTEL_EXPORTER_OTLP_ENDPOINT: otlpOrigin,
        OTEL_BSP_SCHEDULE_DELAY: '1000',
        OTEL_METRICS_EXPORTER: 'none',
        OTEL_LOGS_EXPORTER: 'none',
        OTEL_LOG_LEVEL: 'warn',
        SHOP_VERSION: version,
        ...env,
      },
      logFile,
    }
    return processes.start(spec, signal)
  }

  const payments = await startService(new URL('./shop/payments.ts', import.meta.url), 'payments', '1.4.0', 1)
  const gateway = await startService(new URL('./shop/gateway.ts', import.meta.url), 'gateway', '1.9.3', 1)

  return {
    origin: gateway.ready,
    logFile,
    async startLoad(seconds) {
      const env = {
        LOAD_TARGET: gateway.ready,
        LOAD_PER_SECOND: String(requestsPerSecond),
        LOAD_SECONDS: String(seconds),
      }
      const onMessage = (message: unknown) => {
        report = (message as { load?: LoadReport }).load ?? report
      }
      const file = new URL('./load.ts', import.meta.url)
      const name = 'the load generator'
      await processes.start({ name, file, env, logFile, onMessage, stopFirst: true }, signal)
    },
    load: () => report,
    async startVersion(version) {
      const file = new URL('./shop/checkout.ts', import.meta.url)
      const instances = Array.from({ length: processesPerVersion }, (_, index) => index + 1)
      const env = { PAYMENTS_ORIGIN: payments.ready }
      const started = instances.map((instance) => startService(file, 'checkout', version, instance, env))
      versions.set(version, await Promise.all(started))
    },
    async stopVersion(version) {
      await Promise.all((versions.get(version) ?? []).map((running) => running.stop()))
      versions.delete(version)
    },
    async split(weights) {
      const arms: RouterArm[] = [...versions].map(([version, running]) => ({
        version,
        weight: weights[version] ?? 0,
        origins: running.map((one) => one.ready),
      }))
      await gateway.ask({ arms }, signal)
    },
  }
}
