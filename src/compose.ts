import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Standing } from './domain/approval.ts'
import type { Deployment } from './domain/deployment.ts'
import type { SeriesSource } from './domain/series-source.ts'
import type { Storage } from './domain/storage.ts'
import { Alerts } from './engine/alerts/alerts.ts'
import { Announcements } from './engine/announcements/announcements.ts'
import { Approvals } from './engine/approvals/approvals.ts'
import { Backlogs } from './engine/backlogs.ts'
import { Bus } from './engine/bus.ts'
import { Calibrations } from './engine/calibration/calibrations.ts'
import { Calibrator } from './engine/calibration/calibrator.ts'
import { createCallsSource } from './engine/calls/calls-source.ts'
import { Checks } from './engine/checks/checks.ts'
import { Probes } from './engine/checks/probes.ts'
import { Conveyor } from './engine/conveyor.ts'
import { Deliverer } from './engine/deliveries/deliverer.ts'
import { checkConfigured, Endpoints } from './engine/deliveries/endpoints.ts'
import { Deployments } from './engine/deployments.ts'
import { Detector } from './engine/detector.ts'
import { expireForgotten, Polls } from './engine/expiry.ts'
import { Explanations } from './engine/explanations/explanations.ts'
import { InFlight } from './engine/ingest/in-flight.ts'
import { Ingest } from './engine/ingest/ingest.ts'
import { ingestEvents } from './engine/ingest/ingest-events.ts'
import { insertPlans } from './engine/ingest/insert-plans.ts'
import { Jobs } from './engine/jobs.ts'
import { Judgements } from './engine/judgements/judgements.ts'
import { Accounts, storeName } from './engine/kayenta/accounts.ts'
import { DavySeries } from './engine/kayenta/davy-series.ts'
import { Kayenta } from './engine/kayenta/kayenta.ts'
import { openLogs } from './engine/logs/open-logs.ts'
import { measureDeployments, measureIngest } from './engine/measure.ts'
import { NewestVerdicts } from './engine/newest-verdicts.ts'
import type { EvidenceSignal } from './engine/request-source.ts'
import { RolledBackTraffic } from './engine/rolled-back-traffic.ts'
import { Sources } from './engine/sources.ts'
import { readTemplates } from './engine/template-files.ts'
import { Templates } from './engine/templates.ts'
import { Workloads } from './engine/workloads/workloads.ts'
import { closeApp, createApp, createOtlpApp, listenOn } from './http/app.ts'
import { standingOf } from './http/integrations/deployment-gate.ts'
import { OtlpGrpc } from './http/otlp-grpc.ts'
import type { Services } from './http/services.ts'
import { judges } from './judges/index.ts'
import { createAddressGuard } from './platform/address-guard.ts'
import { claimPorts } from './platform/claim-ports.ts'
import type { Clock } from './platform/clock.ts'
import type { Config } from './platform/config.ts'
import { createGuardedHttp } from './platform/guarded-http.ts'
import { createGuardedMail } from './platform/guarded-mail.ts'
import { newId } from './platform/ids.ts'
import type { Logger } from './platform/logger.ts'
import { isLoopbackHost } from './platform/loopback.ts'
import { createMetrics } from './platform/metrics.ts'
import type { ShutdownStack } from './platform/shutdown.ts'
import { TokensFile } from './platform/tokens-file.ts'
import { startTracing } from './platform/tracing.ts'
import { createSinks } from './sinks/index.ts'
import { createSources } from './sources/index.ts'
import { PrometheusSeries } from './sources/prometheus/kayenta-series.ts'
import { CalledEdgesReader } from './storage/called-edges-reader.ts'
import { CallsRollupReader } from './storage/calls-rollup-reader.ts'
import { CohortSeriesReader } from './storage/cohort-series-reader.ts'
import { Facts } from './storage/facts.ts'
import { LogAttributesReader } from './storage/log-attributes-reader.ts'
import { LogTemplatesReader } from './storage/log-templates-reader.ts'
import { Looks } from './storage/looks.ts'
import { measured } from './storage/measured.ts'
import { MetricAttributesReader } from './storage/metric-attributes-reader.ts'
import { migrate } from './storage/migrations.ts'
import { openStorage } from './storage/open-storage.ts'
import { PlacedCallsReader } from './storage/placed-calls-reader.ts'
import { applyRetention, daysOf } from './storage/retention.ts'
import { RollupReader } from './storage/rollup-reader.ts'
import { SpanAttributesReader } from './storage/span-attributes-reader.ts'
import { WorkloadReader } from './storage/workload-reader.ts'
import { version } from './version.ts'

const engineName = `davy/${version}`
/** Receivers answer within it, or are asked again by the next process with the same id. */
const deliveriesGraceMs = 3_000

/**
 * Builds a running Davy, in a straight line: what is pushed on `stops` later is stopped earlier.
 * @returns the addresses that it listens on, how people reach it, and what makes it no longer ready while it serves on.
 */
export async function compose(configured: Config, clock: Clock, log: Logger, stops: ShutdownStack) {
  const { config, release } = await claimPorts(configured)
  stops.push('ports', 1_000, release)
  const { tokensFile } = config
  const tokens = tokensFile === null ? null : new TokensFile(tokensFile, (path) => readFileSync(path, 'utf8'), log)
  const sinks = createSinks({ publicUrl: config.publicUrl })
  const configuredEndpoints = checkConfigured(config.webhooks, sinks)
  const now = () => clock.now()
  const id = () => newId(clock.now())
  const draining = new AbortController()
  const stopping = new AbortController()
  const metrics = createMetrics({ version, publicUrl: config.publicUrl })
  const tracing = startTracing(config)
  stops.push('tracing', 5_000, () => tracing.stop())

  const { storage, dialect } = await openStorage(config.storageUrl)
  stops.push('storage', 20_000, () => storage.close())
  const store: Storage = measured(storage, metrics)
  const writer = randomUUID()
  const facts = new Facts(store, writer)
  const { applied, newer } = await migrate(store, facts, dialect, config.retention)
  for (const { id: migration, name } of applied) log.info({ migration, name }, 'a migration was applied')
  metrics.storageNewerMigrations.set(newer.length)
  if (newer.length > 0) {
    const migrations = newer.map(({ id: number, name }) => ({ migration: number, name }))
    log.warn({ migrations }, 'a newer Davy has added to the storage; this version works with it')
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

  const configuredSources = createSources(config.sources)
  stops.push('sources', 5_000, () => configuredSources.close())
  const logs = openLogs({
    ...{ storage: store, facts, rollups, log, now, newId: id },
    oldestUnstoredAt: () => ingest.oldestUnstoredAt('logs'),
    retentionDays: days.logDays,
    offset: Math.random(),
    onUnkept: (lines) => metrics.logLinesUnkept.inc(lines),
  })
  const calls = new CallsRollupReader(store)
  const alerts = new Alerts(facts, now)
  const byName = new Map(configuredSources.byName)
    .set('logs', logs.source)
    .set('calls', createCallsSource(calls, new PlacedCallsReader(store), new CalledEdgesReader(store)))
    .set('alerts', alerts.source())
  const sources = new Sources(byName, { log, metrics })
  const templates = new Templates(facts, readTemplates(config.templatesDirectory, sources.check), id, sources.check)
  await templates.refresh()
  const deployments = new Deployments({ facts, rollups, templates, now, newId: id })
  await deployments.refresh()
  const endpoints = new Endpoints({ facts, configured: configuredEndpoints, sinks, newId: id, now })
  await endpoints.start()
  const bus = new Bus(log)
  const reader = new WorkloadReader(store)
  const workloads = new Workloads({ facts, reader, deployments, templates, bus, now, newId: id })
  const judge = judges.sequential
  const calibrations = new Calibrations(facts, now, id)
  const backlogs = new Backlogs({
    ...{ facts, process: writer, now, uptime: () => performance.now() },
    own: (signal) => ingest.oldestUnstoredAt(signal),
  })
  // What Prometheus writes are metrics too.
  const oldestUnstoredAt = (signals: readonly EvidenceSignal[] = ['traces']) => {
    const waiting = signals.flatMap((signal) =>
      signal === 'metrics' ? (['metrics', 'remote-write'] as const) : [signal],
    )
    const oldest = waiting.map((signal) => backlogs.oldestUnstoredAt(signal)).filter((at) => at !== null)
    return oldest.length === 0 ? null : Math.min(...oldest)
  }
  const checks = new Checks(facts, id)
  const checksOf = (deployment: Deployment) => [
    ...checks.statesOf(deployment, deployments.list()),
    ...alerts.statesOf(deployment),
  ]
  await Promise.all([checks.refresh(), alerts.refresh()])
  const conveyor = new Conveyor({
    checksOf,
    ...{ deployments, rollups, looks, facts, calibrations, sources, judge, bus, log, metrics, now },
    oldestUnstoredAt,
    publicUrl: config.publicUrl,
    engine: engineName,
  })
  const calibrator = new Calibrator({
    ...{ calibrations, deployments, templates, looks, rollups, log, now, oldestUnstoredAt, engine: engineName },
  })
  stops.push('questions', 1_000, async () => conveyor.stop())
  stops.push('calibration', 5_000, () => calibrator.stop())
  const detector = new Detector(rollups, deployments, bus, log, now)
  const guard = createAddressGuard({ ...config.deliveries, allowLoopback: isLoopbackHost(config.host) })
  const { http, close: closeHttp } = createGuardedHttp({ guard })
  stops.push('connections of deliveries', 5_000, closeHttp)
  const standing = (deploymentId: string): Promise<Standing> => standingOf(services, deploymentId)
  const deliverer = new Deliverer({
    standing,
    ...{ facts, endpoints, deployments, rollups, sinks, bus, log, metrics, now, random: Math.random },
    ports: { http, mail: createGuardedMail({ guard }) },
    publicUrl: config.publicUrl,
    isShared: storage.kind === 'server',
  })
  const approvals = new Approvals({ facts, deployments, standing, log, now })
  const announcements = new Announcements({ facts, deployments, workloads, bus })
  const probes = new Probes({ facts, checks, http, log, now, newId: id })
  const explanations = new Explanations({
    ...{ facts, known: deployments, rollups, calls, looks, log, now },
    ...{ spans: new SpanAttributesReader(store), logs: new LogAttributesReader(store) },
    ...{ metrics: new MetricAttributesReader(store), places: new LogTemplatesReader(store) },
    oldestUnstoredAt: (signal) => (signal === 'logs' ? ingest.oldestUnstoredAt('logs') : oldestUnstoredAt([signal])),
    newest: (ids) => looks.newest(ids),
  })
  const rolledBackTraffic = new RolledBackTraffic(rollups, now)
  const polls = new Polls(now())
  const newest = new NewestVerdicts({
    ...{ deployments, looks, calibrations, judge, engine: engineName, publicUrl: config.publicUrl },
    awaitedSource: (deployment) => conveyor.awaitedSource(deployment),
  })

  const davySeries = new DavySeries({ reader: new CohortSeriesReader(store), oldestUnstoredAt, now })
  const kayenta = new Kayenta({
    ...{ facts, log, now, newId: id },
    accounts: new Accounts(
      new Map<string, SeriesSource>([
        [storeName, davySeries],
        ...[...configuredSources.prometheus].map(
          ([name, client]) => [name, new PrometheusSeries(client, now)] as const,
        ),
      ]),
    ),
  })
  stops.push('kayenta', 5_000, () => kayenta.stop())

  let isReady = false
  const services: Services = {
    ...{
      storage: store,
      deployments,
      templates,
      workloads,
      looks,
      explanations,
      checks,
      probes,
      alerts,
      rollups,
      announcements,
      approvals,
      endpoints,
      sinks,
      deliverer,
      ingest,
      inFlight,
      calibrations,
      sources,
      logTemplates: logs.templates,
      judge,
      judgements: new Judgements(),
      kayenta,
      bus,
      log,
      metrics,
    },
    discoverSources: async () => ({
      sources: [...byName.keys()],
      prometheus: await configuredSources.discover(now(), stopping.signal),
    }),
    ...{ now, oldestUnstoredAt, publicUrl: config.publicUrl, engine: engineName },
    ...{ draining: draining.signal, stopping: stopping.signal },
    retentionDays: days.traceRollupDays,
    retentionRawDays: {
      traces: days.traceDays,
      logs: days.logDays,
      metrics: days.metricDays,
      'remote-write': days.metricDays,
    },
    ingestLimits: config.ingest,
    integrationSecrets: config.integrations,
    newestVerdict: (deploymentId) => newest.of(deploymentId),
    nextLookAt: (deployment) => conveyor.nextLookAt(deployment),
    killSwitch: () => killSwitchOf(config, deployments),
    calibrate: () => calibrator.tick(),
    polled: (deploymentId) => polls.note(deploymentId, now()),
    isReady: () => isReady,
    checksOf,
    refreshChecks: async () => void (await Promise.all([checks.refresh(), alerts.refresh()])),
    measure: () => {
      measureIngest(ingest, inFlight, metrics, now())
      measureDeployments({ deployments, conveyor, rolledBackTraffic }, metrics, now())
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
  stops.push('deliveries', 5_000, () => finishDeliveries(deliverer, stopping, clock))
  const jobs = new Jobs(clock, log)
  stops.push('engine', 15_000, () => jobs.stop())
  stops.push('long polls', 1_000, () => draining.abort())

  await release()
  const address = await listenOn(app, config.host, config.port, 'DAVY_PORT')
  const otlpAddress = await listenOn(otlpApp, config.host, config.otlpHttpPort, 'DAVY_OTLP_HTTP_PORT')
  const otlpGrpcAddress = await otlpGrpc.listen(config.host, config.otlpGrpcPort, 'DAVY_OTLP_GRPC_PORT')
  if (storage.kind === 'server') {
    // No look before it is known what waits elsewhere.
    await backlogs.tick()
    jobs.every('backlogs', 1_000, () => backlogs.tick())
  }
  jobs.every('looks', 1_000, (signal) => conveyor.tick(signal))
  jobs.every('deliveries', 1_000, () => deliverer.tick(stopping.signal))
  deliverer.follow(stopping.signal)
  jobs.every('log templates', 2_000, (signal) => logs.miner.tick(signal))
  jobs.every('checks', 2_000, async () => void (await Promise.all([checks.refresh(), alerts.refresh()])))
  jobs.every('probes', 1_000, (signal) => probes.tick(deployments.open(), signal))
  jobs.every('explanations', 2_000, (signal) => explanations.tick(signal))
  jobs.every('detection', 10_000, (signal) => detector.tick(signal))
  jobs.every('rolled back traffic', 30_000, () => rolledBackTraffic.tick(deployments.list()))
  if (tokens !== null) jobs.every('tokens', 10_000, async () => tokens.refresh())
  jobs.every('calibration', 10_000, () => calibrator.tick())
  jobs.every('kayenta', 1_000, () => kayenta.tick())
  jobs.every('approvals', 1_000, () => approvals.tick())
  jobs.every('expiry', 60_000, () =>
    expireForgotten(deployments, conveyor, polls, config.deploymentExpiryHours * 3_600_000, now()),
  )
  isReady = true
  const drain = () => draining.abort()
  return { address, otlpAddress, otlpGrpcAddress, publicUrl: config.publicUrl, drain }
}

/** Attempts that are under way get their answer and their record; what is still out after a while is cut off. */
async function finishDeliveries(deliverer: Deliverer, stopping: AbortController, clock: Clock): Promise<void> {
  const isOver = new AbortController()
  await Promise.race([deliverer.finish(), clock.sleep(deliveriesGraceMs, isOver.signal)])
  isOver.abort()
  stopping.abort()
  await deliverer.idle()
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
