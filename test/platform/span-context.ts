import { context, propagation, trace } from '@opentelemetry/api'
import { startTracing } from '../../src/platform/tracing.ts'

/** Starts tracing in this process without a receiver: spans are only set, never recorded, so nothing is sent. */
export function startContext(): { stop(): Promise<void> } {
  const tracing = startTracing({
    host: '127.0.0.1',
    port: 8080,
    otlpHttpPort: 4318,
    otlpGrpcPort: 4317,
    publicUrl: 'http://localhost:8080',
    tracesEndpoint: 'http://127.0.0.1:9/v1/traces',
  })
  return {
    async stop() {
      await tracing.stop()
      trace.disable()
      context.disable()
      propagation.disable()
    },
  }
}

export const spanIds = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) }

/** Runs `fn` inside a span with {@link spanIds}. @param traceFlags 1: sampled, 0: not. */
export function inSpan<Result>(traceFlags: number, fn: () => Result): Result {
  return context.with(trace.setSpanContext(context.active(), { ...spanIds, traceFlags }), fn)
}
