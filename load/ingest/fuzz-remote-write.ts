import { remoteWrite } from '../../src/receivers/index.ts'
import { mutate, seeded } from '../../test/receivers/otlp/mutate.ts'
import { encodeRaw, encodeV1 } from '../../test/receivers/remote-write/codec.ts'
import type { BodyMaker, TakenBody } from './fuzz-makers.ts'
import { fieldsOf, hex, inside, rowTables } from './fuzz-rows.ts'
import { below, pick } from './fuzz-trees.ts'

const limitsOf = (nowMs: number) => ({ nowMs, ttlMs: 86_400_000 })
const poolSize = 1_000
const bodiesPerPool = 100_000

/** Fields of a stored message by kind, and of a series in it: samples have their time in field 2, points in field 1. */
const storedFields = new Map([
  ['gauge', { series: 1, points: 2, time: 2 }],
  ['sum', { series: 2, points: 2, time: 2 }],
  ['histogram', { series: 3, points: 5, time: 1 }],
  ['exponentialHistogram', { series: 4, points: 5, time: 1 }],
])

const tables = rowTables.metrics.filter(({ kind }) => storedFields.has(kind))
const values = [0, -0, 1, 0.5, 1e308, -5e-324, Number.NaN, Number.POSITIVE_INFINITY]
const names = ['up', 'http_requests_total', 'process_start_time_seconds', 'queue:depth', 'x_bucket', 'läuft', '']
const texts = ['', 'a', 'shop/checkout', '/', '10.0.0.1:9090', '\u0000', '日本語', 'x'.repeat(200)]

/** Both versions of Prometheus remote write. */
export function remoteWriteMakers(seed: number, nowMs: number): readonly BodyMaker<'remote-write'>[] {
  return (['1.0', '2.0'] as const).map((version) => {
    let pool: readonly Uint8Array[] = []
    let poolBlock = -1
    const receive = (bytes: Uint8Array): TakenBody | null => {
      const received = remoteWrite.receive(version, bytes, limitsOf(nowMs))
      return received.ok && received.body.length > 0 ? received : null
    }
    return {
      ...{ name: `remote write ${version}`, signal: 'remote-write', tables, receive },
      make(random, index) {
        const block = Math.floor(index / bodiesPerPool)
        if (block !== poolBlock) {
          const fresh = seeded(seed + block)
          pool = Array.from({ length: poolSize }, () =>
            version === '1.0' ? bodyV1(fresh, nowMs) : bodyV2(fresh, nowMs),
          )
          poolBlock = block
        }
        const body = pick(random, pool)
        return random() < 0.15 ? body : mutate(body, random)
      },
      neighbour(index) {
        const labels = [
          { name: '__name__', value: `neighbour_${version}_${index}` },
          { name: 'job', value: 'fine' },
        ]
        const sample = { value: 1, timestamp: String(nowMs) }
        const taken = remoteWrite.receive('1.0', encodeV1([{ labels, samples: [sample] }]), limitsOf(nowMs))
        if (!taken.ok || taken.body.length === 0) throw new Error(`a good body was refused: ${JSON.stringify(taken)}`)
        return taken
      },
      rowsOf,
    }
  })
}

function rowsOf(kind: string, body: Uint8Array): readonly string[] {
  const { series, points, time } = storedFields.get(kind)!
  return inside([body], series).flatMap((each) => {
    const name = nameOf(each)
    return inside([each], points).map((point) => `${name} ${BigInt.asUintN(64, varint(point, time) * 1_000_000n)}`)
  })
}

function nameOf(series: Uint8Array): string {
  const labels = inside([series], 1).map(fieldsOf)
  const name = labels.find((label) => hex(label, 1) === Buffer.from('__name__').toString('hex').toUpperCase())
  return name === undefined ? '' : hex(name, 2)
}

function varint(message: Uint8Array, field: number): bigint {
  const bytes = fieldsOf(message).get(field)?.at(-1) ?? Uint8Array.of(0)
  return BigInt.asIntN(
    64,
    bytes.reduceRight((value, byte) => (value << 7n) | BigInt(byte & 0x7f), 0n),
  )
}

const timeOf = (random: () => number, nowMs: number): string =>
  random() < 0.02 ? pick(random, ['0', '-1', '9223372036854775807']) : String(nowMs - below(random, 3_600_000))

function labelsOf(random: () => number): { name: string; value: string }[] {
  const labels = ['instance', 'job', 'le', 'pod'].filter(() => random() < 0.5)
  return [
    { name: '__name__', value: pick(random, names) },
    ...labels.map((name) => ({ name, value: pick(random, texts) })),
  ]
}

function pointsOf(random: () => number, nowMs: number) {
  const samples = Array.from({ length: below(random, 3) }, () => ({
    value: pick(random, values),
    timestamp: timeOf(random, nowMs),
  }))
  const histograms = Array.from({ length: random() < 0.3 ? 1 : 0 }, () => ({
    ...(random() < 0.5 ? { count_int: '7' } : { count_float: 7.5 }),
    ...{ sum: pick(random, values), schema: below(random, 10) - 1, zero_count_int: '1' },
    positive_spans: [{ offset: below(random, 9) - 4, length: 2 }],
    positive_deltas: [1, 2],
    timestamp: timeOf(random, nowMs),
  }))
  return { samples, histograms }
}

function bodyV1(random: () => number, nowMs: number): Uint8Array {
  const exemplar = () => ({ labels: [{ name: 'trace_id', value: 'ab' }], value: 1, timestamp: timeOf(random, nowMs) })
  return encodeV1(
    Array.from({ length: 1 + below(random, 4) }, () => ({
      ...{ labels: labelsOf(random), ...pointsOf(random, nowMs) },
      exemplars: random() < 0.2 ? [exemplar()] : [],
    })),
  )
}

function bodyV2(random: () => number, nowMs: number): Uint8Array {
  const symbols = ['']
  const refTo = (text: string): number => {
    const at = symbols.indexOf(text)
    return at === -1 ? symbols.push(text) - 1 : at
  }
  const series = Array.from({ length: 1 + below(random, 4) }, () => ({
    labels_refs: labelsOf(random).flatMap(({ name, value }) => [refTo(name), refTo(value)]),
    ...pointsOf(random, nowMs),
    metadata: { type: below(random, 9), help_ref: refTo(pick(random, texts)), unit_ref: 0 },
  }))
  return encodeRaw(symbols, series)
}
