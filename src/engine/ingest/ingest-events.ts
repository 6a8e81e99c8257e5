import type { Logger } from '../../platform/logger.ts'
import type { Metrics } from '../../platform/metrics.ts'
import { type IngestEvents, signals } from './signals.ts'

/** Logs and counts what the ingest path tells. */
export function ingestEvents(log: Logger, metrics: Metrics): IngestEvents {
  // An increase from nothing to one is seen only where there was a nothing.
  for (const signal of signals) metrics.ingestQuarantinedBodies.inc({ signal }, 0)
  return {
    stored(signal, segment, seconds) {
      metrics.ingestLag.observe(seconds)
      log.debug({ signal, segment: segment.id, bytes: segment.bytes, seconds }, 'a segment was stored')
    },
    retrying(signal, segment, error) {
      log.error(
        { err: error, signal, segment: segment.id },
        'a segment could not be stored; it stays on disk and is tried again',
      )
    },
    quarantined(signal, file, error) {
      metrics.ingestQuarantinedBodies.inc({ signal })
      log.error(
        { err: error, signal, file },
        'the storage cannot read a body; it was put aside and its neighbours were stored',
      )
    },
    unsealed(signal, id, error) {
      log.error({ err: error, signal, segment: id }, 'the file of a segment could not be sealed; it is stored as it is')
    },
    recovered(signal, segments, tornBytes) {
      log.warn({ signal, segments, tornBytes }, 'segments of an earlier process were found; they are stored first')
    },
  }
}
