import type { BodyError } from '../otlp/checked.ts'
import type { Limits } from '../otlp/time-window.ts'
import { Malformed, readLength } from '../otlp/wire.ts'
import { judgeSeries } from './judge-series.ts'
import { isUtf8, type Labels } from './labels.ts'
import { checkShape, maxElements, type Reading, readField, spend, startReading } from './read-field.ts'
import { requestV2, stored, type WriteKind, writeRequest } from './schema.ts'
import { type Place, readSeries, readSeriesV2 } from './series.ts'
import { tooLargeStored } from './stored-writer.ts'
import { startBatch, type WriteBatch, type WriteRejection } from './write-batch.ts'

/** The two messages of Remote-Write: `prometheus.WriteRequest` (1.0) and `io.prometheus.write.v2.Request` (2.0). */
export type WriteVersion = '1.0' | '2.0'

/** What was taken of a body: `body` for a segment, how much of what came is in it, and what is not. */
export type TakenWrite = {
  readonly ok: true
  /** Empty when nothing is to be stored. */
  readonly body: Uint8Array
  /** Points in `body` by the kind of their table. */
  readonly kinds: ReadonlyMap<WriteKind, number>
  readonly samples: number
  readonly histograms: number
  readonly exemplars: number
  readonly rejected: readonly WriteRejection[]
  readonly nonFinite: number
}

export type ReceivedWrite = TakenWrite | { readonly ok: false; readonly error: BodyError }

const messages: ReadonlyMap<string, WriteVersion> = new Map([
  ['prometheus.WriteRequest', '1.0'],
  ['io.prometheus.write.v2.Request', '2.0'],
])

/** What a Content-Type may be here, for people. */
export const writeContentTypes = `application/x-protobuf, alone or with proto=${[...messages.keys()].join(' or proto=')}`

/** Which message a Content-Type names; null when it is none of ours. Without `proto` it is 1.0. */
export function versionOf(contentType: string | undefined): WriteVersion | null {
  const [type, ...parameters] = (contentType ?? '').split(';').map((part) => part.trim())
  if (type?.toLowerCase() !== 'application/x-protobuf') return null
  for (const parameter of parameters) {
    const [, name, value] = /^([^=]+)=\s*"?([^"]*)"?$/.exec(parameter) ?? []
    if (name?.trim().toLowerCase() === 'proto') return messages.get(value!.trim()) ?? null
  }
  return '1.0'
}

/**
 * One decompressed body, checked to its full depth and turned into what segments hold. A body that is no such message
 * is refused as a whole; series, samples and histograms that cannot be taken are left out and counted.
 * @param maxBytes how large a body may be, and what is made of it; as `ingest.maxDecompressedBytes` is unless configured.
 * @throws DavyError BODY_TOO_LARGE when it would become larger, or has more than `maxElements`.
 */
export function receiveWrite(
  version: WriteVersion,
  body: Uint8Array,
  limits: Limits,
  maxBytes: number = 64 * 2 ** 20,
): ReceivedWrite {
  const reading = startReading(body, maxElements)
  const batch = startBatch(body, reading.view, limits, version === '1.0' ? 1 : 3, maxBytes)
  try {
    if (version === '1.0') readRequest(reading, batch)
    else readRequestV2(reading, batch, maxBytes)
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    return { ok: false, error: describe(reading, error) }
  }
  const { kinds, samples, histograms, exemplars, rejected, nonFinite, writer } = batch
  return {
    ok: true,
    body: writer.finish(),
    kinds,
    samples,
    histograms,
    exemplars,
    rejected: [...rejected.values()],
    nonFinite,
  }
}

/** The kinds in a body of a segment that an earlier process left; null when it is not whole. */
export function storedKinds(body: Uint8Array): ReadonlySet<WriteKind> | null {
  const kinds = new Set<WriteKind>()
  try {
    checkShape(startReading(body, Number.POSITIVE_INFINITY), stored, body.length, ({ name }) =>
      kinds.add(name as WriteKind),
    )
  } catch (error) {
    if (error instanceof Malformed) return null
    throw error
  }
  return kinds
}

function describe({ series, field }: Reading, fault: Malformed): BodyError {
  const steps = [series === -1 ? null : `timeseries[${series}]`, field?.name === 'timeseries' ? null : field?.name]
  const where = steps.filter((step) => step !== null && step !== undefined).join('.')
  return { where: where === '' ? 'the message' : where, offset: fault.offset, expected: fault.expected, got: fault.got }
}

function readRequest(reading: Reading, batch: WriteBatch): void {
  const end = reading.bytes.length
  let index = 0
  while (reading.position < end) {
    reading.series = -1
    const field = readField(reading, writeRequest, end)
    if (field === null) continue
    const from = reading.position
    const length = readLength(reading, end)
    const to = reading.position + length
    if (field.number !== 1) checkShape(reading, field.shape!, to)
    else {
      reading.series = index++
      judgeSeries(batch, readSeries(reading, field.shape!, to), { index: reading.series, from, to })
    }
  }
}

/** Symbols may stand behind the series that use them, so they are collected first. */
function readRequestV2(reading: Reading, batch: WriteBatch, maxBytes: number): void {
  const symbols = readSymbols(reading)
  const spoilt = spoiltSymbols(reading.bytes, symbols)
  batch.isUtf8 = (from) => !spoilt.has(from)
  // Every use is paid for before it is looked at: what may be written at most is what may be compared at most.
  let spelt = 0
  const placeOf = (reference: number): Place => {
    const to = symbols[2 * reference + 1]
    if (to === undefined) {
      throw new Malformed(reading.tagAt, `a reference to one of the ${symbols.length / 2} symbols`, `${reference}`)
    }
    const from = symbols[2 * reference]!
    spelt += to - from
    if (spelt > maxBytes) throw tooLargeStored(maxBytes, spelt, reading.bytes.length)
    return { from, to }
  }
  const labelsOf = (references: readonly number[]): Labels => {
    if (references.length % 2 !== 0) throw new Malformed(reading.tagAt, 'references in pairs', `${references.length}`)
    const labels: Labels = []
    for (const reference of references) {
      const { from, to } = placeOf(reference)
      labels.push(from, to)
    }
    return labels
  }
  const end = reading.bytes.length
  reading.position = 0
  let index = 0
  while (reading.position < end) {
    reading.series = -1
    const field = readField(reading, requestV2, end)
    if (field === null) continue
    const length = readLength(reading, end)
    const to = reading.position + length
    if (field.number === 4) {
      reading.position = to
      continue
    }
    reading.series = index++
    judgeSeries(batch, readSeriesV2(reading, field.shape!, to, labelsOf, placeOf), {
      index: reading.series,
      from: 0,
      to: 0,
    })
  }
}

/** Where the symbols stand, two numbers each. The first must be the empty one, which stands for nothing. */
function readSymbols(reading: Reading): readonly number[] {
  const end = reading.bytes.length
  const symbols: number[] = []
  while (reading.position < end) {
    const field = readField(reading, requestV2, end)
    if (field === null) continue
    const length = readLength(reading, end)
    const from = reading.position
    reading.position += length
    if (field.number !== 4) continue
    spend(reading, 1)
    if (symbols.length === 0 && length > 0)
      throw new Malformed(from, 'an empty text as the first symbol', 'another one')
    symbols.push(from, reading.position)
  }
  return symbols
}

/** Where those symbols start that are not UTF-8; each is looked at once, however many series use it. */
function spoiltSymbols(bytes: Uint8Array, symbols: readonly number[]): ReadonlySet<number> {
  const spoilt = new Set<number>()
  for (let at = 0; at < symbols.length; at += 2) {
    if (!isUtf8(bytes, symbols[at]!, symbols[at + 1]!)) spoilt.add(symbols[at]!)
  }
  return spoilt
}
