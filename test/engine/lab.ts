import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MetricSource } from '../../src/domain/metric-source.ts'
import type { AttemptResult, Delivery, Endpoint, Ports, Sink } from '../../src/domain/sink.ts'
import type { Storage } from '../../src/domain/storage.ts'
import type { QuerySource, Template } from '../../src/domain/template.ts'
import type { Verdict } from '../../src/domain/verdict.ts'
import { Bus, type EngineEvent } from '../../src/engine/bus.ts'
import { Calibrations } from '../../src/engine/calibration/calibrations.ts'
import { Conveyor, type ConveyorOptions } from '../../src/engine/conveyor.ts'
import type { GivenEndpoint } from '../../src/engine/deliveries/check-endpoint.ts'
import { Deliverer, type DelivererOptions } from '../../src/engine/deliveries/deliverer.ts'
import { type ConfiguredEndpoint, checkConfigured, Endpoints } from '../../src/engine/deliveries/endpoints.ts'
import { Deployments } from '../../src/engine/deployments.ts'
import { Detector } from '../../src/engine/detector.ts'
import { Sources } from '../../src/engine/sources.ts'
import { readTemplates } from '../../src/engine/template-files.ts'
import { Templates } from '../../src/engine/templates.ts'
import { judges } from '../../src/judges/index.ts'
import { newId } from '../../src/platform/ids.ts'
import { createLogger } from '../../src/platform/logger.ts'
import { createMetrics } from '../../src/platform/metrics.ts'
import { createSinks } from '../../src/sinks/index.ts'
import { singleNode } from '../../src/storage/dialect.ts'
import { EmbeddedStorage } from '../../src/storage/embedded.ts'
import { Facts } from '../../src/storage/facts.ts'
import { Looks } from '../../src/storage/looks.ts'
import { migrate } from '../../src/storage/migrations.ts'
import { RollupReader } from '../../src/storage/rollup-reader.ts'
import { quickTemplate } from '../judges/rollout.ts'
import { random } from '../stats/random.ts'

export const tickMs = 10_000
const publicUrl = 'http://davy.test'

/** A policy that decides within minutes of simulated time. */
export const quick: Template = {
  name: 'quick',
  alpha: 0.01,
  alphaPromote: 0.05,
  lookSeconds: 10,
  blockSeconds: 30,
  watermarkSeconds: 20,
  warmUpSeconds: 0,
  minimum: { seconds: 60, requests: 500 },
  exposureMode: false,
  deadlineSeconds: 3600,
  onDeadline: 'hold',
  onSilence: 'hold',
  metrics: quickTemplate.metrics,
}

/** Everything that one process of Davy has in memory over a storage that outlives it. */
export type Process = Awaited<ReturnType<typeof startProcess>>

export type ProcessOptions = {
  readonly webhooks?: readonly ConfiguredEndpoint[]
  /** Stands for the format cloudevents; one that delivers everything when absent. */
  readonly sink?: Sink
  /** Whether other processes deliver from the same storage. */
  readonly isShared?: boolean
  /** In [0, 1): what makes waits differ; 0.5 when absent. */
  readonly random?: () => number
  readonly oldestUnstoredAt?: () => number | null
  /** What a gate would say; a test without answers to platforms is never asked. */
  readonly standing?: DelivererOptions['standing']
  readonly templates?: readonly Template[]
  /** What is asked for metrics of its own; nothing when absent. */
  readonly sources?: ReadonlyMap<QuerySource, MetricSource>
  /** What checks and alerts say; nothing when absent. */
  readonly checksOf?: ConveyorOptions['checksOf']
  /** Gives ids to what is opened; random ones when absent. */
  readonly newId?: () => string
}

/** A sink of the format cloudevents that does as it is told. */
export function sinkThat(
  deliver: (delivery: Delivery, signal: AbortSignal) => AttemptResult | Promise<AttemptResult>,
): Sink {
  const [real] = [...createSinks({ publicUrl }).values()].filter(({ format }) => format === 'cloudevents')
  return { ...real!, deliver: async (delivery, _ports, signal) => deliver(delivery, signal) }
}

/** Ports that nothing gets through. */
const closedPorts: Ports = {
  http: () => Promise.reject(new Error('no request was expected')),
  mail: () => Promise.reject(new Error('no mail was expected')),
}

export const webhookSecret = 'whsec_dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0'

/** An endpoint as somebody asks for it. */
export function given(changes: Partial<GivenEndpoint> = {}): GivenEndpoint {
  return {
    ...{ format: 'cloudevents', url: 'http://receiver.test', events: ['verdict.changed'] },
    ...{ services: [], environments: [], decisions: [], options: {}, act: false },
    secrets: [{ secret: webhookSecret, until: null }],
    ...changes,
  }
}

/** Of all processes of a test together. */
export const metrics = createMetrics({ version: 'test', publicUrl })

/** Starts the engine as `compose` does, without its timers: tests call `tick`. */
export async function startProcess(storage: Storage, now: () => number, options: ProcessOptions = {}) {
  const id = options.newId ?? (() => newId(now()))
  const writer = newId(now())
  const logged: Record<string, unknown>[] = []
  const log = createLogger('info', { write: (line: string) => void logged.push(JSON.parse(line)) })
  const facts = new Facts(storage, writer)
  const looks = new Looks(storage, writer)
  const rollups = new RollupReader(storage)
  const sources = new Sources(options.sources ?? new Map(), { log, metrics })
  const templates = new Templates(facts, options.templates ?? [...readTemplates(null), quick], id, sources.check)
  await templates.refresh()
  const deployments = new Deployments({ facts, rollups, templates, now, newId: id })
  await deployments.refresh()
  const sink = options.sink ?? sinkThat(() => ({ outcome: 'delivered', status: 200 }))
  const sinks = new Map(createSinks({ publicUrl })).set('cloudevents', sink)
  const configured = checkConfigured(options.webhooks ?? [], sinks)
  const endpoints = new Endpoints({ facts, configured, sinks, newId: id, now })
  await endpoints.start()
  const bus = new Bus(log)
  const events: EngineEvent[] = []
  bus.subscribe((event) => events.push(event))
  const judge = judges.sequential
  const calibrations = new Calibrations(facts, now, id)
  const conveyor = new Conveyor({
    checksOf: options.checksOf ?? (() => []),
    ...{ deployments, rollups, looks, facts, calibrations, sources, judge, bus, log, metrics, now, publicUrl },
    oldestUnstoredAt: options.oldestUnstoredAt ?? (() => null),
    engine: 'davy/test',
  })
  const detector = new Detector(rollups, deployments, bus, log, now)
  const deliverer = new Deliverer({
    ...{ facts, endpoints, deployments, rollups, sinks, ports: closedPorts, bus, log, metrics, now, publicUrl },
    standing: options.standing ?? (() => Promise.reject(new Error('no question about the gate was expected'))),
    ...{ random: options.random ?? (() => 0.5), isShared: options.isShared ?? false },
  })
  return {
    facts,
    looks,
    rollups,
    templates,
    deployments,
    endpoints,
    bus,
    events,
    calibrations,
    sources,
    judge,
    conveyor,
    detector,
    deliverer,
    log,
    logged,
  }
}

/** A ClickHouse of its own in a temporary directory, and a clock that stands where it is put. */
export async function openLab() {
  const directory = mkdtempSync(join(tmpdir(), 'davy-engine-'))
  const storage = EmbeddedStorage.open(join(directory, 'data'))
  await migrate(storage, new Facts(storage, 'lab'), singleNode, { rawDays: 7, rollupDays: 30 })
  const lab = {
    storage: storage as Storage,
    directory,
    /** Unix milliseconds on a whole tick, two hours ago: tables drop what is too old. */
    now: Math.floor(Date.now() / tickMs) * tickMs - 2 * 3_600_000,
    start: (options?: ProcessOptions, over: Storage = storage) => startProcess(over, () => lab.now, options),
    insert: (rows: readonly object[]) => storage.insertRows('rollup_traces_10s', rows, `rows/${++inserts}`),
    async close() {
      await storage.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
  return lab
}

export type Lab = Awaited<ReturnType<typeof openLab>>

let inserts = 0

/** How the requests of one cohort look. */
export type Behaviour = {
  readonly service?: string
  readonly namespace?: string
  readonly environment?: string
  readonly version: string
  readonly cohort?: string
  readonly pods?: number
  /** Requests a second over all pods. */
  readonly rps?: number
  /** Share of failed requests per operation. */
  readonly failing?: Readonly<Record<string, number>>
  /** Median seconds and sigma of log-normal durations. */
  readonly median?: number
  readonly sigma?: number
}

const healthy: Readonly<Record<string, number>> = { 'GET /cart': 0.002, 'POST /pay': 0.03 }
export const bad: Readonly<Record<string, number>> = { 'GET /cart': 0.002, 'POST /pay': 0.25 }
export const flawless: Readonly<Record<string, number>> = { 'GET /cart': 0, 'POST /pay': 0 }

/** Rollup rows of a cohort from `from` to `to` (Unix milliseconds, whole ticks); the same seed gives the same rows. */
export function traffic(behaviour: Behaviour, from: number, to: number, seed: number): Record<string, unknown>[] {
  const source = random(seed)
  const { rps = 60, pods = 3, failing = healthy, median = 0.04, sigma = 0.4 } = behaviour
  const operations = Object.entries(failing)
  const rows: Record<string, unknown>[] = []
  for (let at = from; at < to; at += tickMs) {
    for (let pod = 0; pod < pods; pod += 1) {
      for (const [operation, share] of operations) {
        const requests = source.poisson((rps * 10) / pods / operations.length)
        let errors = 0
        for (let request = 0; request < requests; request += 1) if (source.uniform() < share) errors += 1
        const row = (status: string, count: number) =>
          rollupRow(behaviour, at, { pod: `${behaviour.version}-${pod}`, operation, status }, durations(count))
        if (requests > errors) rows.push(row('Unset', requests - errors))
        if (errors > 0) rows.push(row('Error', errors))
      }
    }
  }
  return rows

  function durations(count: number): readonly number[] {
    return Array.from({ length: count }, () => median * Math.exp(sigma * source.normal()))
  }
}

/** One rollup row of requests that ended in the tick `at`, with their durations in seconds. */
export function rollupRow(
  behaviour: Pick<Behaviour, 'service' | 'namespace' | 'environment' | 'version' | 'cohort'>,
  at: number,
  what: { readonly pod: string; readonly operation: string; readonly status: string; readonly kind?: string },
  seconds: readonly number[],
): Record<string, unknown> {
  const buckets: Record<string, number> = {}
  for (const duration of seconds) {
    const bucket = Math.floor(32 * Math.log2(duration * 1e9))
    buckets[bucket] = (buckets[bucket] ?? 0) + 1
  }
  return {
    Service: behaviour.service ?? 'checkout',
    T: at / 1000,
    Namespace: behaviour.namespace ?? '',
    Environment: behaviour.environment ?? 'default',
    Version: behaviour.version,
    Cohort: behaviour.cohort ?? '',
    ReplicaSet: '',
    Pod: what.pod,
    Operation: what.operation,
    SpanKind: what.kind ?? 'Server',
    StatusCode: what.status,
    N: seconds.length,
    S: Math.round(seconds.reduce((sum, duration) => sum + duration, 0) * 1e9),
    H: buckets,
  }
}

/** What a sequence of looks is told apart by. */
export async function sequenceOf(process: Process, deploymentId: string) {
  const rows = await process.looks.list(deploymentId)
  return rows.map(({ look, verdict }) => ({
    look,
    decision: verdict.decision,
    code: verdict.reason.code,
    eValue: verdict.confidence.eValue,
    promoteEValue: verdict.confidence.promoteEValue,
    id: verdict.id,
  }))
}

export async function verdictFacts(process: Process, deploymentId: string): Promise<Verdict[]> {
  const facts = await process.facts.list<Verdict>({ kind: 'verdict', subject: deploymentId })
  return facts.map(({ body }) => body)
}

/** What the process logged as wrong. */
export function complaints({ logged }: Process): readonly Record<string, unknown>[] {
  return logged.filter(({ level }) => level === 'error' || level === 'warn' || level === 'fatal')
}

export function endpoint(changes: Partial<Endpoint> = {}): Endpoint {
  return {
    ...{ id: 'E', format: 'cloudevents', url: 'http://receiver.test', events: ['verdict.changed'] },
    ...{ services: [], environments: [], decisions: [], options: {}, act: false },
    ...{ disabled: false, disabledBecause: null },
    createdAt: '2026-11-21T10:00:00.000000Z',
    origin: 'api',
    ...changes,
  }
}
