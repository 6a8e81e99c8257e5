import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Storage } from './domain/storage.ts'
import { Bus } from './engine/bus.ts'
import { Calibrations } from './engine/calibration/calibrations.ts'
import { Calibrator } from './engine/calibration/calibrator.ts'
import { Conveyor } from './engine/conveyor.ts'
import { Deliverer } from './engine/deliverer.ts'
import { Deployments } from './engine/deployments.ts'
import { Detector } from './engine/detector.ts'
import { Endpoints } from './engine/endpoints.ts'
import { expireForgotten, Polls } from './engine/expiry.ts'
import { InFlight } from './engine/ingest/in-flight.ts'
import { Ingest } from './engine/ingest/ingest.ts'
import { ingestEvents } from './engine/ingest/ingest-events.ts'
import { insertPlans } from './engine/ingest/insert-plans.ts'
import { Jobs } from './engine/jobs.ts'
import { Judgements } from './engine/judgements/judgements.ts'
import { measureDeployments, measureIngest } from './engine/measure.ts'
import { NewestVerdicts } from './engine/newest-verdicts.ts'
import type { EvidenceSignal } from './engine/request-source.ts'
import { readTemplates } from './engine/template-files.ts'
import { Templates } from './engine/templates.ts'
import { closeApp, createApp, createOtlpApp, listenOn } from './http/app.ts'
import { OtlpGrpc } from './http/otlp-grpc.ts'
import type { Services } from './http/services.ts'
import { judges } from './judges/index.ts'
import { claimPorts } from './platform/claim-ports.ts'
import type { Clock } from './platform/clock.ts'
import type { Config } from './platform/config.ts'
import { newId } from './platform/ids.ts'
import type { Logger } from './platform/logger.ts'
import { isLoopbackHost } from './platform/loopback.ts'
import { createMetrics } from './platform/metrics.ts'
import type { ShutdownStack } from './platform/shutdown.ts'
import { readTokens } from './platform/tokens.ts'
import { startTracing } from './platform/tracing.ts'
import { sinkFactories } from './sinks/index.ts'
import { Facts } from './storage/facts.ts'
import { Looks } from './storage/looks.ts'
import { measured } from './storage/measured.ts'
import { migrate } from './storage/migrations.ts'
import { openStorage } from './storage/open-storage.ts'
import { applyRetention, daysOf } from './storage/retention.ts'
import { RollupReader } from './storage/rollup-reader.ts'
import { version } from './version.ts'

const engineName = `davy/${version}`

/**
 * Builds a running Davy, in a straight line: what is pushed on `stops` later is stopped earlier.
 * @returns the addresses that it listens on, and how people reach it.
 */
export async function compose(configured: Config, clock: Clock, log: Logger, stops: ShutdownStack) {
  const { config, release } = await claimPorts(configured)
  stops.push('ports', 1_000, release)
  const { tokensFile } = config
  const tokens = tokensFile === null ? null : readTokens(tokensFile, (path) => readFileSync(path, 'utf8'))
  const now = () => clock.now()
  const id = () => newId(clock.now())
  const stopping = new AbortController()
  const metrics = createMetrics({ version, publicUrl: config.publicUrl })
  const tracing = startTracing(config)
  stops.push('tracing', 5_000, () => tracing.stop())

  const { storage, dialect } = openStorage(config.storageUrl)
  stops.push('storage', 20_000, () => storage.close())
  const store: Storage = measured(storage, metrics)
  const writer = randomUUID()
  const facts = new Facts(store, writer)
  for (const applied of await migrate(store, facts, dialect, config.retention)) {
    log.info({ migration: applied.id, name: applied.name }, 'a migration was applied')
  }
  const days = daysOf(config.retention)
  const resized = await applyRetention(store, dialect, config.retention)
  if (resized.length > 0) log.info({ tables: resized, ...days }, 'rows of these tables now live this long')
  const looks = new Looks(store, writer)
  const rollups = new RollupReader(store)

  const ingest = await Ingest.open({
    directory: segmentDirectory(config.storageUrl),
    limits: { ...config.ingest, maxBytes: config.ingest.segmentMaxBytes, maxAgeMs: config.ingest.segmentMaxAgeMs },
    plans: insertPlans(store),
    newId: id,
    now,
    events: ingestEvents(log, metrics),
  })
  stops.push('ingest', 15_000, () => ingest.close(10_000))
  const inFlight = new InFlight(config.ingest.inFlightMaxBytes)

  const templates = new Templates(facts, readTemplates(config.templatesDirectory), id)
  await templates.refresh()
  const deployments = new Deployments({ facts, rollups, templates, now, newId: id })
  await deployments.refresh()
  const endpoints = new Endpoints(facts, config.webhooks, id)
  await endpoints.start()
  const bus = new Bus(log)
  const judge = judges.sequential
  const calibrations = new Calibrations(facts, now, id)
  // What Prometheus writes are metrics too.
  const oldestUnstoredAt = (signals: readonly EvidenceSignal[] = ['traces']) => {
    const waiting = signals.flatMap((signal) =>
      signal === 'metrics' ? (['metrics', 'remote-write'] as const) : [signal],
    )
    const oldest = waiting.map((signal) => ingest.oldestUnstoredAt(signal)).filter((at) => at !== null)
    return oldest.length === 0 ? null : Math.min(...oldest)
  }
  const conveyor = new Conveyor({
    ...{ deployments, rollups, looks, facts, calibrations, judge, bus, log, metrics, now },
    oldestUnstoredAt,
    publicUrl: config.publicUrl,
    engine: engineName,
  })
  const calibrator = new Calibrator({
    ...{ calibrations, deployments, templates, looks, rollups, log, now, oldestUnstoredAt, engine: engineName },
  })
  stops.push('calibration', 5_000, () => calibrator.stop())
  const detector = new Detector(rollups, deployments, bus, log, now)
  const sink = sinkFactories.webhook({ publicUrl: config.publicUrl })
  const deliverer = new Deliverer({ facts, endpoints, sink, bus, log, metrics, now, random: Math.random })
  const polls = new Polls(now())
  const newest = new NewestVerdicts({
    ...{ deployments, looks, calibrations, judge, engine: engineName, publicUrl: config.publicUrl },
  })

  let isReady = false
  const services: Services = {
    ...{
      storage: store,
      deployments,
      templates,
      looks,
      rollups,
      endpoints,
      deliverer,
      ingest,
      inFlight,
      calibrations,
      judge,
      judgements: new Judgements(),
      bus,
      log,
      metrics,
    },
    ...{ now, oldestUnstoredAt, publicUrl: config.publicUrl, engine: engineName, stopping: stopping.signal },
    retentionDays: days.traceRollupDays,
    retentionRawDays: {
      traces: days.traceDays,
      logs: days.logDays,
      metrics: days.metricDays,
      'remote-write': days.metricDays,
    },
    ingestLimits: config.ingest,
    newestVerdict: (deploymentId) => newest.of(deploymentId),
    nextLookAt: (deployment) => conveyor.nextLookAt(deployment),
    killSwitch: () => killSwitchOf(config, deployments),
    calibrate: () => calibrator.tick(),
    polled: (deploymentId) => polls.note(deploymentId, now()),
    isReady: () => isReady,
    measure: () => {
      measureIngest(ingest, inFlight, metrics, now())
      measureDeployments(deployments, conveyor, metrics, now())
      metrics.killSwitch.set(killSwitchOf(config, deployments) === null ? 0 : 1)
    },
  }
  const access = {
    tokens,
    loopback: isLoopbackHost(config.host),
    publicUrl: config.publicUrl,
    allowedHosts: config.allowedHosts,
    allowedOrigins: config.allowedOrigins,
  }
  const app = await createApp(services, access)
  const otlpApp = await createOtlpApp(services, access)
  stops.push('http', 10_000, () => closeApp(app, 5_000))
  stops.push('otlp http', 10_000, () => closeApp(otlpApp, 5_000))
  const otlpGrpc = new OtlpGrpc(services, tokens)
  stops.push('otlp grpc', 10_000, () => otlpGrpc.close(5_000))
  stops.push('deliveries', 5_000, () => deliverer.idle())
  const jobs = new Jobs(clock, log)
  stops.push('engine', 15_000, () => jobs.stop())
  stops.push('long polls', 1_000, () => stopping.abort())

  await release()
  const address = await listenOn(app, config.host, config.port, 'DAVY_PORT')
  const otlpAddress = await listenOn(otlpApp, config.host, config.otlpHttpPort, 'DAVY_OTLP_HTTP_PORT')
  const otlpGrpcAddress = await otlpGrpc.listen(config.host, config.otlpGrpcPort, 'DAVY_OTLP_GRPC_PORT')
  jobs.every('looks', 1_000, (signal) => conveyor.tick(signal))
  jobs.every('deliveries', 1_000, (signal) => deliverer.tick(signal))
  jobs.every('detection', 10_000, (signal) => detector.tick(signal))
  jobs.every('calibration', 10_000, () => calibrator.tick())
  jobs.every('expiry', 60_000, () =>
    expireForgotten(deployments, conveyor, polls, config.deploymentExpiryHours * 3_600_000, now()),
  )
  isReady = true
  return { address, otlpAddress, otlpGrpcAddress, publicUrl: config.publicUrl }
}

/** Segments lie on the volume of the data, so that one disk's space bounds both. */
function segmentDirectory(storageUrl: string): string {
  return storageUrl.startsWith('chdb:')
    ? resolve(storageUrl.slice('chdb:'.length), 'segments')
    : resolve('data', 'segments')
}

function killSwitchOf(config: Config, deployments: Deployments): ReturnType<Services['killSwitch']> {
  if (config.killSwitch) return { on: true, by: 'the configuration', reason: 'killSwitch: true' }
  const set = deployments.killSwitch
  return set === null || !set.on ? null : { on: true, by: set.by, reason: set.reason }
}
