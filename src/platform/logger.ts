import { isSpanContextValid, trace } from '@opentelemetry/api'
import { type DestinationStream, type Logger, pino } from 'pino'

export type { Logger }

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

const secretFields = ['authorization', 'cookie', 'set-cookie', 'secret', 'secrets', 'token', 'tokens', 'password']
const deepestSecret = 4

function secretPaths(): string[] {
  const paths: string[] = []
  for (let depth = 0; depth < deepestSecret; depth++) {
    for (const field of secretFields) paths.push(`${Array(depth).fill('*').join('.')}["${field}"]`)
  }
  return paths
}

function traceIds(): object {
  const context = trace.getActiveSpan()?.spanContext()
  if (context === undefined || !isSpanContextValid(context)) return {}
  return {
    trace_id: context.traceId,
    span_id: context.spanId,
    trace_flags: context.traceFlags.toString(16).padStart(2, '0'),
  }
}

/**
 * JSON lines on standard output (or `destination`), with the ids of the active span. Messages are static text, what
 * varies goes into fields. Fields called authorization, cookie, secret, token or password, four levels deep, are
 * written as `[redacted]`.
 */
export function createLogger(level: LogLevel, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    mixin: traceIds,
    redact: { paths: secretPaths(), censor: '[redacted]' },
  }
  return destination === undefined ? pino(options) : pino(options, destination)
}
