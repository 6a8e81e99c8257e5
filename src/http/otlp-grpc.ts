import { isIPv6 } from 'node:net'
import {
  Metadata,
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptor,
  type ServiceDefinition,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js'
import { DavyError, type ErrorCode, errorTable } from '../domain/errors.ts'
import { type OtlpSignal, otlpSignals } from '../engine/ingest/signals.ts'
import type { KnownTokens } from '../platform/tokens-file.ts'
import { contentTypes } from '../receivers/otlp/response.ts'
import { retryStatus } from '../receivers/otlp/retry-status.ts'
import { admit } from './access.ts'
import { failureSentence } from './failure-sentence.ts'
import { otlpRetrySeconds } from './otlp-retry.ts'
import { portFault } from './port-fault.ts'
import { arrivalPatienceMs, tooSlow } from './read-body.ts'
import type { Services } from './services.ts'
import { type Taking, takeTelemetry } from './take-telemetry.ts'

/** What OTLP over gRPC needs of the services. */
type Receiving = Taking & Pick<Services, 'inFlight' | 'ingestLimits' | 'log'>

type Times = { readonly patienceMs: number; readonly connectionAgeMs: number }

type Failure = { readonly code: status; readonly details: string; readonly metadata?: Metadata }

const serviceNames: Readonly<Record<OtlpSignal, string>> = {
  traces: 'trace.v1.TraceService',
  logs: 'logs.v1.LogsService',
  metrics: 'metrics.v1.MetricsService',
}

/** OTLP lets senders try again after UNAVAILABLE, and after RESOURCE_EXHAUSTED only by special leave. */
const retriable: ReadonlySet<ErrorCode> = new Set(['OVERLOADED', 'STORAGE_DOWN', 'STOPPING'])
const codesByStatus: Readonly<Record<number, status>> = {
  400: status.INVALID_ARGUMENT,
  401: status.UNAUTHENTICATED,
  403: status.PERMISSION_DENIED,
  408: status.DEADLINE_EXCEEDED,
  413: status.RESOURCE_EXHAUSTED,
  415: status.INVALID_ARGUMENT,
}
/**
 * What a message counts for while it comes, since nobody tells its size, and grpc-js gathers and decompresses it before it
 * can be counted: the largest that a gRPC server takes by default, which senders stay below. With less, collectors that
 * come back together after an outage, with full batches, would be let in by the hundred.
 */
const unknownMessageBytes = 4 * 2 ** 20
/** Further calls of a sender wait at the sender. A collector makes ten at once by default. */
const callsOfOneConnection = 32
/** Finds clients whose machine or network went away without a word, which only an unanswered ping tells. */
const keepalive = { 'grpc.keepalive_time_ms': 60_000, 'grpc.keepalive_timeout_ms': 20_000 }
/**
 * Exporters keep one connection for ever, so that processes that are added under load would get nothing: each is ended
 * after a while, and its sender connects again, to any of them. What is under way is finished, and what comes at the same
 * moment is refused in the way that clients repeat by themselves.
 */
const usualTimes: Times = { patienceMs: arrivalPatienceMs, connectionAgeMs: 300_000 }
/** So long calls under way at the end of a connection may take: to come whole, and to be stored. */
const lastCallsMs = 2 * arrivalPatienceMs
/** The message travels as a header, percent-encoded, and clients bound all headers together. */
const maxMessageLength = 1000

function pathOf(signal: OtlpSignal): string {
  return `/opentelemetry.proto.collector.${serviceNames[signal]}/Export`
}

function definitionOf(signal: OtlpSignal): ServiceDefinition {
  const asItIs = (bytes: Buffer) => bytes
  return {
    Export: {
      path: pathOf(signal),
      requestStream: false,
      responseStream: false,
      requestSerialize: asItIs,
      requestDeserialize: asItIs,
      responseSerialize: asItIs,
      responseDeserialize: asItIs,
    },
  }
}

function statusOf(error: DavyError | null): Failure {
  if (error === null) {
    return {
      code: status.INTERNAL,
      details: 'Davy failed to answer; its log says why. This says nothing about the data.',
    }
  }
  // Half a surrogate pair, which a cut can leave, cannot be percent-encoded.
  const details = failureSentence(error.message, error).slice(0, maxMessageLength).toWellFormed()
  if (!retriable.has(error.code)) return { code: codesByStatus[error.status] ?? status.INTERNAL, details }
  const metadata = new Metadata()
  const retry = retryStatus(status.UNAVAILABLE, details, otlpRetrySeconds(error))
  metadata.set('grpc-status-details-bin', Buffer.from(retry))
  return { code: status.UNAVAILABLE, details, metadata }
}

/**
 * OTLP over gRPC: an export is answered once it is on disk, checked to its depth, and counted; the same path as HTTP's,
 * behind another door. Listens once; `close` ends it for good.
 */
export class OtlpGrpc {
  readonly #server: Server
  readonly #receiving: Receiving
  readonly #tokens: KnownTokens | null
  readonly #patienceMs: number

  /**
   * @param tokens asked at each call; null: none are configured, which is only right on loopback.
   * @param times in which a call has to come whole, and after which a connection is ended.
   */
  constructor(receiving: Receiving, tokens: KnownTokens | null, times: Times = usualTimes) {
    this.#receiving = receiving
    this.#tokens = tokens
    this.#patienceMs = times.patienceMs
    this.#server = new Server({
      ...keepalive,
      'grpc.max_connection_age_ms': times.connectionAgeMs,
      'grpc.max_connection_age_grace_ms': lastCallsMs,
      'grpc.max_concurrent_streams': callsOfOneConnection,
      'grpc.max_receive_message_length': receiving.ingestLimits.maxDecompressedBytes,
      interceptors: [this.#guard],
    })
    for (const signal of otlpSignals) {
      this.#server.addService(definitionOf(signal), {
        Export: ({ request }: { request: Buffer }, answer: sendUnaryData<Buffer>) =>
          void this.#export(signal, request, answer),
      })
    }
  }

  /**
   * @returns the address as exporters take it: http://host:port.
   * @throws DavyError CONFIG that names the variable when the address cannot be had.
   */
  async listen(host: string, port: number, variable: string): Promise<string> {
    const bare = host.replace(/^\[(.*)\]$/, '$1')
    const name = isIPv6(bare) ? `[${bare}]` : bare
    const bound = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync(`${name}:${port}`, ServerCredentials.createInsecure(), (cause, boundPort) => {
        if (cause === null) return resolve(boundPort)
        const code = /\bE[A-Z]{4,}\b/.exec(cause.message)?.[0] ?? cause.message
        reject(portFault(host, port, variable, code, cause))
      })
    })
    return `http://${name}:${bound}`
  }

  /** Takes no more calls and waits for those under way, `graceMs` at most; then it cuts them off. */
  async close(graceMs: number): Promise<void> {
    const timer = setTimeout(() => this.#server.forceShutdown(), graceMs)
    try {
      await new Promise<void>((resolve, reject) => {
        this.#server.tryShutdown((error) => (error === undefined ? resolve() : reject(error)))
      })
    } finally {
      clearTimeout(timer)
    }
  }

  /** Asks for the token before the body is read, and counts calls whose body never came whole or was refused unread. */
  readonly #guard: ServerInterceptor = ({ path }, call) => {
    const signal = otlpSignals.find((each) => pathOf(each) === path)
    let isSettled = false
    const coming = this.#receiving.inFlight.hold()
    const settle = (): void => {
      isSettled = true
      clearTimeout(patience)
      coming.release()
    }
    const refuse = (error: unknown): void => {
      settle()
      call.sendStatus(this.#refuse(signal ?? 'unknown', error))
    }
    const patience = setTimeout(() => refuse(tooSlow(this.#patienceMs)), this.#patienceMs)
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, pass) => {
            try {
              admit(metadata.get('authorization')[0]?.toString(), 'ingest', false, this.#tokens)
              coming.set(Math.min(unknownMessageBytes, this.#receiving.ingestLimits.maxDecompressedBytes))
            } catch (error) {
              refuse(error)
              return
            }
            pass(metadata)
          },
          onReceiveMessage: (message, pass) => {
            try {
              coming.set(message.length)
            } catch (error) {
              refuse(error)
              return
            }
            pass(message)
          },
          // Only then the call is whole, and its export begins and holds the message itself.
          onReceiveHalfClose: (pass) => {
            settle()
            pass()
          },
          // Comes at the end of every call. A message that is too large, or not gzip, is refused below this.
          onCancel: () => {
            if (!isSettled) this.#count(signal ?? 'unknown', 'not_received')
            settle()
          },
        }),
    })
  }

  async #export(signal: OtlpSignal, body: Buffer, answer: sendUnaryData<Buffer>): Promise<void> {
    const hold = this.#receiving.inFlight.hold()
    try {
      hold.set(body.length)
      const { response } = await takeTelemetry(signal, contentTypes.protobuf, body, this.#receiving)
      this.#count(signal, 'accepted')
      answer(null, Buffer.from(response))
    } catch (error) {
      answer(this.#refuse(signal, error))
    } finally {
      hold.release()
    }
  }

  #refuse(signal: OtlpSignal | 'unknown', error: unknown): Failure {
    const known = error instanceof DavyError ? error : null
    const code = known?.code ?? 'INTERNAL'
    if (errorTable[code].status >= 500) this.#receiving.log.error({ err: error, code }, 'telemetry was not taken')
    this.#receiving.metrics.requestErrors.inc({ code })
    this.#count(signal, code.toLowerCase())
    return statusOf(known)
  }

  #count(signal: OtlpSignal | 'unknown', outcome: string): void {
    this.#receiving.metrics.ingestRequests.inc({ signal, protocol: 'otlp-grpc', outcome })
  }
}
