import { DavyError } from '../domain/errors.ts'
import { kindsOf } from '../engine/ingest/insert-plans.ts'
import type { OtlpSignal } from '../engine/ingest/signals.ts'
import { receivers } from '../receivers/index.ts'
import type { Received } from '../receivers/otlp/receive.ts'
import type { Services } from './services.ts'

/** What {@link takeTelemetry} needs of the services. */
export type Taking = Pick<Services, 'ingest' | 'metrics' | 'now' | 'retentionRawDays'>

/**
 * One decompressed OTLP export, whichever way it came: checked to its depth, on disk when this resolves, and counted.
 * @throws DavyError BAD_OTLP or UNSUPPORTED_MEDIA_TYPE with the place of the fault, and as `Ingest.accept`.
 */
export async function takeTelemetry(
  signal: OtlpSignal,
  contentType: string | undefined,
  body: Uint8Array,
  { ingest, metrics, now, retentionRawDays }: Taking,
): Promise<Extract<Received, { ok: true }>> {
  const limits = { nowMs: now(), ttlMs: retentionRawDays[signal] * 86_400_000 }
  const received = receivers.otlp[signal](contentType, body, limits)
  if (!received.ok) {
    const { error, code } = received
    const at = error.offset === null ? error.where : `${error.where} at byte ${error.offset}`
    throw new DavyError(code, `The body is not an OTLP ${signal} export.`, {
      expected: error.expected,
      got: error.got,
      where: at,
    })
  }
  if (received.items > 0) await ingest.accept(signal, received.body, kindsOf(signal, received.kinds))
  metrics.ingestItems.inc({ signal, outcome: 'accepted' }, received.items)
  for (const { reason, count } of received.rejected) {
    metrics.ingestItems.inc({ signal, outcome: 'rejected' }, count)
    metrics.ingestRejectedItems.inc({ signal, reason }, count)
  }
  if (received.negativeDurations > 0) metrics.ingestNegativeDurations.inc(received.negativeDurations)
  if (received.nonFinite > 0) metrics.ingestNonFinitePoints.inc(received.nonFinite)
  return received
}
