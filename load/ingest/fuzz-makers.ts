import { receivers } from '../../src/receivers/index.ts'
import { requests } from '../../src/receivers/otlp/schema.ts'
import { encode } from '../../test/receivers/otlp/codec.ts'
import { mutate, seeded } from '../../test/receivers/otlp/mutate.ts'
import { mutateJson } from './fuzz-json.ts'
import { type RowTable, rowsOf, rowTables } from './fuzz-rows.ts'
import { pick, randomTree } from './fuzz-trees.ts'
import { type Signal, signals } from './otlp-bodies.ts'

/** What a receiver made of a body that it took. */
export type TakenBody = {
  /** As it goes into a segment. */
  readonly body: Uint8Array
  /** Rows by the kind of their INSERT. */
  readonly kinds: ReadonlyMap<string, number>
}

/**
 * One way in, as the fuzzer sees it. Another receiver is one more of these in the list that the fuzzer is given: its
 * `signal` is that of its segments, `tables` where its rows go.
 */
export type BodyMaker<S extends string = string> = {
  readonly name: string
  readonly signal: S
  readonly tables: readonly RowTable[]
  /** A body as somebody might send it, broken or not: the same again for the same number and the same `random`. */
  make(random: () => number, index: number): Uint8Array
  /** Puts it through the receiver. @returns null when it is refused. @throws never; what it throws is a finding. */
  receive(bytes: Uint8Array): TakenBody | null
  /** A good body that nobody else sends, told apart by its number. */
  neighbour(index: number): TakenBody
  /** The rows that a body becomes in the table of a kind, found without the receiver. */
  rowsOf(kind: string, body: Uint8Array): readonly string[]
}

/** Whole bodies that others are made of by damaging them; after so many bodies there are new ones. */
const poolSize = 1_000
const bodiesPerPool = 100_000
const dayMs = 86_400_000

/** OTLP's three signals in protobuf and in JSON. @param nowMs Unix milliseconds, for times and for the receiver's clock. */
export function otlpMakers(seed: number, nowMs: number): readonly BodyMaker<Signal>[] {
  return signals.flatMap((signal) => [
    makerOf(
      signal,
      'protobuf',
      (block) => protobufPool(signal, seed + block, nowMs),
      nowMs,
      (body, random) => (random() < 0.15 ? body : mutate(body, random)),
    ),
    makerOf(
      signal,
      'json',
      (block) => jsonPool(signal, seed + block, nowMs),
      nowMs,
      (body, random) => {
        const dice = random()
        if (dice < 0.15) return body
        if (dice < 0.4) return mutate(body, random)
        return Buffer.from(mutateJson(Buffer.from(body).toString(), random))
      },
    ),
  ])
}

function makerOf(
  signal: Signal,
  encoding: 'protobuf' | 'json',
  newPool: (block: number) => readonly Uint8Array[],
  nowMs: number,
  damage: (body: Uint8Array, random: () => number) => Uint8Array,
): BodyMaker<Signal> {
  const contentType = encoding === 'json' ? 'application/json' : 'application/x-protobuf'
  const limits = { nowMs, ttlMs: dayMs }
  let pool: readonly Uint8Array[] = []
  let poolBlock = -1
  return {
    ...{ name: `${signal} ${encoding}`, signal, tables: rowTables[signal] },
    make(random, index) {
      const block = Math.floor(index / bodiesPerPool)
      if (block !== poolBlock) {
        pool = newPool(block)
        poolBlock = block
      }
      return damage(pick(random, pool), random)
    },
    receive(bytes) {
      const received = receivers.otlp[signal](contentType, bytes, limits)
      if (!received.ok || received.items === 0) return null
      const kinds = signal === 'metrics' ? received.kinds : new Map([[signal, received.items]])
      return { body: received.body, kinds }
    },
    neighbour: (index) => neighbour(signal, index, nowMs),
    rowsOf: (kind, body) => rowsOf(signal, kind, body),
  }
}

function protobufPool(signal: Signal, seed: number, nowMs: number): readonly Uint8Array[] {
  const random = seeded(seed)
  return Array.from({ length: poolSize }, () =>
    encode(signal, randomTree(requests[signal], { random, isJson: false, nowMs })),
  )
}

function jsonPool(signal: Signal, seed: number, nowMs: number): readonly Uint8Array[] {
  const random = seeded(seed + 1)
  return Array.from({ length: poolSize }, () =>
    Buffer.from(JSON.stringify(randomTree(requests[signal], { random, isJson: true, nowMs }))),
  )
}

/** As a sender that knows its business sends it; its number is in the name. */
function neighbour(signal: Signal, index: number, nowMs: number): TakenBody {
  const name = `neighbour ${index}`
  const at = `${nowMs}000000`
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'neighbour' } }] }
  if (signal === 'traces') {
    const id = Buffer.alloc(8)
    id.writeUInt32BE(index + 1, 4)
    const span = { name, traceId: Buffer.concat([id, id]), spanId: id, startTimeUnixNano: at, endTimeUnixNano: at }
    const body = encode('traces', { resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] })
    return { body, kinds: new Map([['traces', 1]]) }
  }
  if (signal === 'logs') {
    const logRecords = [{ timeUnixNano: at, eventName: name, body: { stringValue: 'fine' } }]
    const body = encode('logs', { resourceLogs: [{ resource, scopeLogs: [{ logRecords }] }] })
    return { body, kinds: new Map([['logs', 1]]) }
  }
  const dataPoints = [{ timeUnixNano: at, asDouble: 1 }]
  const metrics = [
    { name, gauge: { dataPoints } },
    { name, sum: { dataPoints, aggregationTemporality: 2 } },
  ]
  const body = encode('metrics', { resourceMetrics: [{ resource, scopeMetrics: [{ metrics }] }] })
  return {
    body,
    kinds: new Map([
      ['gauge', 1],
      ['sum', 1],
    ]),
  }
}
