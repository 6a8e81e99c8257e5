import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify'
import type { CheckState } from '../domain/check.ts'
import type { Deployment } from '../domain/deployment.ts'
import type { Judge } from '../domain/judge.ts'
import type { Sink } from '../domain/sink.ts'
import type { Storage } from '../domain/storage.ts'
import type { Verdict } from '../domain/verdict.ts'
import type { Alerts } from '../engine/alerts/alerts.ts'
import type { Announcements } from '../engine/announcements/announcements.ts'
import type { Approvals } from '../engine/approvals/approvals.ts'
import type { Bus } from '../engine/bus.ts'
import type { Calibrations } from '../engine/calibration/calibrations.ts'
import type { Checks } from '../engine/checks/checks.ts'
import type { Probes } from '../engine/checks/probes.ts'
import type { Deliverer } from '../engine/deliveries/deliverer.ts'
import type { Endpoints } from '../engine/deliveries/endpoints.ts'
import type { Deployments } from '../engine/deployments.ts'
import type { Explanations } from '../engine/explanations/explanations.ts'
import type { InFlight } from '../engine/ingest/in-flight.ts'
import type { Ingest } from '../engine/ingest/ingest.ts'
import type { Signal } from '../engine/ingest/signals.ts'
import type { Judgements } from '../engine/judgements/judgements.ts'
import type { Kayenta } from '../engine/kayenta/kayenta.ts'
import type { LogTemplates } from '../engine/logs/log-templates.ts'
import type { RetrospectiveOptions } from '../engine/retrospective.ts'
import type { Sources } from '../engine/sources.ts'
import type { Templates } from '../engine/templates.ts'
import type { Workloads } from '../engine/workloads/workloads.ts'
import type { SignedIntegration } from '../platform/config-integrations.ts'
import type { Logger } from '../platform/logger.ts'
import type { Metrics } from '../platform/metrics.ts'
import type { SourceFindings } from '../sources/index.ts'
import type { Looks } from '../storage/looks.ts'
import type { RollupReader } from '../storage/rollup-reader.ts'

/** All that the routes need; composed once. */
export type Services = {
  readonly storage: Storage
  readonly deployments: Deployments
  readonly templates: Templates
  readonly workloads: Workloads
  readonly looks: Looks
  readonly checks: Checks
  readonly probes: Probes
  readonly alerts: Alerts
  /** Takes in the newest checks and alerts. */
  readonly refreshChecks: () => Promise<void>
  /** What checks and alerts say of a deployment now. */
  readonly checksOf: (deployment: Deployment) => readonly CheckState[]
  readonly explanations: Pick<Explanations, 'newestOf'>
  readonly rollups: RollupReader
  readonly announcements: Announcements
  readonly approvals: Approvals
  readonly endpoints: Endpoints
  readonly sinks: ReadonlyMap<string, Sink>
  readonly deliverer: Deliverer
  readonly ingest: Ingest
  readonly inFlight: InFlight
  readonly calibrations: Calibrations
  readonly logTemplates: LogTemplates
  readonly judge: Judge
  /** Asked for metrics that telemetry does not bring. */
  readonly sources: Sources
  /** What the configured sources have. */
  readonly discoverSources: () => Promise<SourceFindings>
  readonly judgements: Judgements
  readonly kayenta: Kayenta
  readonly bus: Bus
  readonly log: Logger
  readonly metrics: Metrics
  readonly now: () => number
  readonly publicUrl: string
  readonly engine: string
  readonly retentionDays: number
  readonly oldestUnstoredAt: RetrospectiveOptions['oldestUnstoredAt']
  /** Older telemetry than this would be dropped as soon as it is stored, so it is refused. */
  readonly retentionRawDays: Readonly<Record<Signal, number>>
  readonly ingestLimits: { readonly maxBodyBytes: number; readonly maxDecompressedBytes: number }
  /** Aborts when Davy is about to stop: it is not ready any more, long polls and streams end, all else is served on. */
  readonly draining: AbortSignal
  /** What platforms sign their calls with, by their name; none: their calls are refused. */
  readonly integrationSecrets: Readonly<Record<SignedIntegration, readonly string[]>>
  /** Aborts when Davy stops: what still runs for somebody is cut off. */
  readonly stopping: AbortSignal
  /** The newest verdict, or the one of look 0 before there is any. @throws DavyError NOT_FOUND */
  readonly newestVerdict: (deploymentId: string) => Promise<Verdict>
  readonly nextLookAt: (deployment: Deployment) => number | null
  /** Who set the kill switch; null when it is off. */
  readonly killSwitch: () => { readonly on: true; readonly by: string; readonly reason: string } | null
  /** Starts a calibration that was asked for, unless one runs. */
  readonly calibrate: () => Promise<void>
  /** Told of every reading of a gate, so that a deployment that somebody waits for does not expire. */
  readonly polled: (deploymentId: string) => void
  readonly isReady: () => boolean
  /** Brings gauges up to date before they are read. */
  readonly measure: () => void
}

export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>
