import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify'
import type { Deployment } from '../domain/deployment.ts'
import type { Judge } from '../domain/judge.ts'
import type { Storage } from '../domain/storage.ts'
import type { Verdict } from '../domain/verdict.ts'
import type { Bus } from '../engine/bus.ts'
import type { Calibrations } from '../engine/calibration/calibrations.ts'
import type { Deliverer } from '../engine/deliverer.ts'
import type { Deployments } from '../engine/deployments.ts'
import type { Endpoints } from '../engine/endpoints.ts'
import type { InFlight } from '../engine/ingest/in-flight.ts'
import type { Ingest } from '../engine/ingest/ingest.ts'
import type { Signal } from '../engine/ingest/signals.ts'
import type { Judgements } from '../engine/judgements/judgements.ts'
import type { RetrospectiveOptions } from '../engine/retrospective.ts'
import type { Templates } from '../engine/templates.ts'
import type { Logger } from '../platform/logger.ts'
import type { Metrics } from '../platform/metrics.ts'
import type { Looks } from '../storage/looks.ts'
import type { RollupReader } from '../storage/rollup-reader.ts'

/** All that the routes need; composed once. */
export type Services = {
  readonly storage: Storage
  readonly deployments: Deployments
  readonly templates: Templates
  readonly looks: Looks
  readonly rollups: RollupReader
  readonly endpoints: Endpoints
  readonly deliverer: Deliverer
  readonly ingest: Ingest
  readonly inFlight: InFlight
  readonly calibrations: Calibrations
  readonly judge: Judge
  readonly judgements: Judgements
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
  /** Aborts when Davy stops: long polls and streams end. */
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
