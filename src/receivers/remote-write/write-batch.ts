import { type Limits, timeWindow } from '../otlp/time-window.ts'
import { type IsUtf8, isUtf8, type LabelFault } from './labels.ts'
import type { WriteKind } from './schema.ts'
import { type StoredWriter, storedWriter } from './stored-writer.ts'

/** Why something was left out of a body that is otherwise taken. */
export type WriteRejectReason = LabelFault | 'timestamp-out-of-window' | 'bad-histogram' | 'bad-exemplar'

/** `example` tells the first one: where it was, what came, what is taken. */
export type WriteRejection = { readonly reason: WriteRejectReason; readonly count: number; readonly example: string }

/** What has been taken from a body so far. */
export type WriteBatch = {
  readonly bytes: Uint8Array
  readonly view: DataView
  /** Unix milliseconds, inclusive. */
  readonly window: { readonly fromMs: number; readonly toMs: number; readonly text: string }
  readonly writer: StoredWriter
  /** Looks at a text, or knows of it already: a symbol of 2.0 may be in every series. */
  isUtf8: IsUtf8
  /** Points by the kind of their table; only kinds that are there. */
  readonly kinds: Map<WriteKind, number>
  readonly rejected: Map<WriteRejectReason, { -readonly [Key in keyof WriteRejection]: WriteRejection[Key] }>
  samples: number
  histograms: number
  exemplars: number
  /** Samples and histograms whose value or sum is NaN or infinite; stale markers are not among them. */
  nonFinite: number
  /** How many more buckets the gaps of histograms may be filled with. */
  spareBuckets: number
}

const minSpareBuckets = 2 ** 20
/** Eight bytes each in memory: 64 MiB. */
const maxSpareBuckets = 2 ** 23

/**
 * @param expansion how many times its own length the body will rarely need more than to be stored.
 * @param maxBytes how much it may need at most.
 */
export function startBatch(
  bytes: Uint8Array,
  view: DataView,
  limits: Limits,
  expansion: number,
  maxBytes: number,
): WriteBatch {
  const { fromHigh, fromLow, toHigh, toLow, text } = timeWindow(limits)
  const ms = (high: number, low: number) => Number(((BigInt(high) << 32n) | BigInt(low)) / 1_000_000n)
  return {
    bytes,
    view,
    window: { fromMs: ms(fromHigh, fromLow), toMs: ms(toHigh, toLow), text },
    writer: storedWriter(bytes, 64 + bytes.length * expansion, maxBytes),
    isUtf8: (from, to) => isUtf8(bytes, from, to),
    kinds: new Map(),
    rejected: new Map(),
    samples: 0,
    histograms: 0,
    exemplars: 0,
    nonFinite: 0,
    spareBuckets: Math.min(maxSpareBuckets, Math.max(minSpareBuckets, bytes.length * 4)),
  }
}

export function countKind(batch: WriteBatch, kind: WriteKind, points: number): void {
  batch.kinds.set(kind, (batch.kinds.get(kind) ?? 0) + points)
}

/** Counts what is left out; the example is made for the first of its reason only. */
export function reject(batch: WriteBatch, reason: WriteRejectReason, count: number, example: () => string): void {
  const known = batch.rejected.get(reason)
  if (known !== undefined) known.count += count
  else batch.rejected.set(reason, { reason, count, example: example() })
}
