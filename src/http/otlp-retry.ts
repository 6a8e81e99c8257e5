import type { DavyError } from '../domain/errors.ts'

/**
 * OpenTelemetry's exporters give an export 10 s with all its retries (OTEL_EXPORTER_OTLP_TIMEOUT). Those for JavaScript
 * and Python drop it at once when they are told to wait for longer than what is left, and try five times at most.
 */
const longestSeconds = 2

/** The seconds after which a sender of OTLP shall come again. */
export function otlpRetrySeconds({ retryAfterSeconds = longestSeconds }: Pick<DavyError, 'retryAfterSeconds'>): number {
  return Math.min(retryAfterSeconds, longestSeconds)
}
