import { Malformed } from '../otlp/wire.ts'
import { pointOf } from './histogram-point.ts'
import { kindOf } from './kind-of.ts'
import { faultOf, hasEmptyValue, isSorted, labelsText, nameIndex, tidied } from './labels.ts'
import type { NativeHistogram } from './native-histogram.ts'
import type { WriteKind } from './schema.ts'
import type { Exemplar, Sample, Series } from './series.ts'
import type { StoredPoint, StoredSample } from './stored-writer.ts'
import { countKind, reject, type WriteBatch } from './write-batch.ts'

/** How a series stands in the body: its length and content from `from` to `to`, `index` among the series. */
export type SeriesPlace = { readonly index: number; readonly from: number; readonly to: number }

const gaugeHint = 3

/** Takes a series into the batch, or what of it may be taken, and counts the rest as rejected. */
export function judgeSeries(batch: WriteBatch, series: Series, place: SeriesPlace): void {
  const { bytes } = batch
  const { samples, histograms, exemplars } = series
  if (samples.length + histograms.length + exemplars.length === 0) return
  const isTidy = isSorted(bytes, series.labels) && !hasEmptyValue(series.labels)
  const labels = isTidy ? series.labels : tidied(bytes, series.labels)
  const where = () => `timeseries[${place.index}] ${labelsText(bytes, labels)}`
  const fault = faultOf(bytes, labels, true, batch.isUtf8)
  if (fault !== null) {
    reject(batch, fault, samples.length + histograms.length || exemplars.length, where)
    return
  }
  const takenExemplars = exemplars.filter((exemplar) => isTaken(batch, exemplar, where))
  const takenSamples = samples.filter((sample) => isInWindow(batch, sample.timestamp, where))
  batch.samples += takenSamples.length
  batch.exemplars += takenExemplars.length
  const named = nameIndex(bytes, labels)
  const kind = kindOf(series.type, bytes, labels[named + 2]!, labels[named + 3]!)
  const storedSamples = takenSamples.map((sample) => storedSample(batch, sample))
  if (storedSamples.length > 0) countKind(batch, kind, storedSamples.length)
  const isWhole = isTidy && !series.hasUnknown && storedSamples.length === samples.length && histograms.length === 0
  const isVerbatim =
    isWhole &&
    takenExemplars.length === exemplars.length &&
    samples.length > 0 &&
    exemplars.every((each) => isSorted(bytes, each.labels))
  if (isVerbatim && place.to > 0 && storedSamples.every((sample) => !sample.isAbsent)) {
    batch.writer.copy(kind, place.from, place.to)
    return
  }
  const points = storedPoints(batch, histograms, where)
  let left: readonly Exemplar[] = takenExemplars.map((each) => ({ ...each, labels: tidied(bytes, each.labels) }))
  const base = { labels, help: series.help, unit: series.unit }
  if (storedSamples.length > 0) {
    batch.writer.write(kind, { ...base, samples: storedSamples, points: [], exemplars: left })
    left = []
  }
  for (const [pointKind, list] of points) {
    batch.writer.write(pointKind, { ...base, samples: [], points: list, exemplars: left })
    left = []
  }
  if (left.length > 0) {
    // Prometheus sends exemplars in series of their own, apart from the samples: they get a point without a value.
    const sample = { valueAt: null, timestamp: left.at(-1)!.timestamp, start: 0, isAbsent: true }
    batch.writer.write(kind, { ...base, samples: [sample], points: [], exemplars: left })
    countKind(batch, kind, 1)
  }
}

function isInWindow(batch: WriteBatch, timestamp: number, where: () => string): boolean {
  const { fromMs, toMs, text } = batch.window
  if (timestamp >= fromMs && timestamp <= toMs) return true
  const time = Math.abs(timestamp) <= 8.64e15 ? new Date(timestamp).toISOString() : `${timestamp} ms`
  reject(batch, 'timestamp-out-of-window', 1, () => `${where()} has the time ${time}; taken is ${text}`)
  return false
}

function isTaken(batch: WriteBatch, exemplar: Exemplar, where: () => string): boolean {
  const fault = faultOf(batch.bytes, tidied(batch.bytes, exemplar.labels), false, batch.isUtf8)
  if (fault === null) return isInWindow(batch, exemplar.timestamp, () => `an exemplar of ${where()}`)
  reject(batch, 'bad-exemplar', 1, () => `${fault} in an exemplar of ${where()}`)
  return false
}

/** Whether the eight bytes are Prometheus' stale marker, 0x7ff0000000000002, which is never a value. */
function isStale({ view }: WriteBatch, at: number): boolean {
  return at !== -1 && view.getUint32(at, true) === 2 && view.getUint32(at + 4, true) === 0x7ff00000
}

function isFiniteAt({ view }: WriteBatch, at: number): boolean {
  return at === -1 || (view.getUint32(at + 4, true) & 0x7ff00000) !== 0x7ff00000
}

/** A start after the time itself, or before 1970, says nothing: then it is unknown, which is 0. */
function startOf(start: number, timestamp: number): number {
  return start > 0 && start <= timestamp ? start : 0
}

function storedSample(batch: WriteBatch, { valueAt, timestamp, start }: Sample): StoredSample {
  const isAbsent = isStale(batch, valueAt)
  if (!isAbsent && !isFiniteAt(batch, valueAt)) batch.nonFinite += 1
  return { valueAt, timestamp, start: startOf(start, timestamp), isAbsent }
}

const none = { offset: 0, counts: [] }
const stalePoint = { count: 0, zeroCount: 0, scale: 0, positive: none, negative: none, bounds: null }

/** Native histograms as points, by the kind of their table. */
function storedPoints(
  batch: WriteBatch,
  histograms: readonly NativeHistogram[],
  where: () => string,
): ReadonlyMap<WriteKind, StoredPoint[]> {
  const points = new Map<WriteKind, StoredPoint[]>()
  for (const histogram of histograms) {
    const { sumAt, timestamp, resetHint } = histogram
    if (!isInWindow(batch, timestamp, where)) continue
    const isAbsent = isStale(batch, sumAt)
    const hasNaN = sumAt !== -1 && Number.isNaN(batch.view.getFloat64(sumAt, true))
    const point = isAbsent ? stalePoint : pointOf(histogram, hasNaN)
    if ('expected' in point) {
      const { expected, got } = point
      reject(batch, 'bad-histogram', 1, () => `${where()}: expected ${expected}, got ${got}`)
      continue
    }
    if (!isAbsent && !isFiniteAt(batch, sumAt)) batch.nonFinite += 1
    batch.spareBuckets -= point.positive.counts.length + point.negative.counts.length
    if (batch.spareBuckets < 0) {
      throw new Malformed(
        batch.bytes.length,
        'histograms whose buckets lie closer together',
        'gaps larger than the body',
      )
    }
    const kind = point.bounds === null ? 'exponentialHistogram' : 'histogram'
    const temporality = resetHint === gaugeHint ? 0 : 2
    const start = startOf(histogram.start, timestamp)
    const list = points.get(kind) ?? []
    list.push({ ...point, sumAt, timestamp, start, isAbsent, temporality })
    points.set(kind, list)
    countKind(batch, kind, 1)
    batch.histograms += 1
  }
  return points
}
