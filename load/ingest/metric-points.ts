import type { Writer } from 'protobufjs'
import { routes } from './fleet.ts'
import { attribute, text, time } from './otlp-parts.ts'

/** Kinds and how many of ten metrics are of each; `field` is the member of Metric.data. */
const kinds = [
  { kind: 'gauge', field: 5, of10: 3 },
  { kind: 'sum', field: 7, of10: 3 },
  { kind: 'histogram', field: 9, of10: 2 },
  { kind: 'exponential_histogram', field: 10, of10: 1 },
  { kind: 'summary', field: 11, of10: 1 },
] as const
type Kind = (typeof kinds)[number]

const bounds = [5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10_000]
const exponentialBuckets = 20
const quantiles = [0.5, 0.9, 0.99]
/** Points of one metric: one a route. */
const pointsPerMetric = routes.length
const cumulative = 2

/** Where the fields of a data point stand: they differ by kind. */
const attributesField: Readonly<Record<Kind['kind'], number>> = {
  gauge: 7,
  sum: 7,
  histogram: 9,
  exponential_histogram: 1,
  summary: 7,
}

/** So many data points (ScopeMetrics.metrics) of the five kinds; `count` is a multiple of the number of routes. */
export function metricsOf(writer: Writer, count: number, atMs: number, random: () => number): void {
  const order = kinds.flatMap((kind) => Array.from({ length: kind.of10 }, (_, index) => ({ kind, index })))
  for (let n = 0; n < count / pointsPerMetric; n++) {
    const { kind, index } = order[n % order.length] as (typeof order)[number]
    writer.uint32(2 * 8 + 2).fork()
    text(writer, 1, `shop.orders.${kind.kind}.${index + Math.floor(n / order.length) * 10}`)
    text(writer, 2, `What the shop counts as ${kind.kind} ${index}.`)
    text(writer, 3, 'ms')
    writer.uint32(kind.field * 8 + 2).fork()
    for (let route = 0; route < pointsPerMetric; route++) point(writer, kind, route, atMs - random() * 1000, random)
    if (kind.kind !== 'gauge' && kind.kind !== 'summary') writer.uint32(2 * 8).int32(cumulative)
    if (kind.kind === 'sum') writer.uint32(3 * 8).bool(true)
    writer.ldelim().ldelim()
  }
}

function point(writer: Writer, { kind }: Kind, route: number, atMs: number, random: () => number): void {
  const { method, path } = routes[route] as (typeof routes)[number]
  writer.uint32(1 * 8 + 2).fork()
  for (const [key, value] of [
    ['http.request.method', method],
    ['http.route', path],
    ['http.response.status_code', 200],
    ['network.protocol.name', 'http'],
    ['url.scheme', 'https'],
  ] as const) {
    attribute(writer, attributesField[kind], key, value)
  }
  time(writer, 2, atMs - 3_600_000)
  time(writer, 3, atMs)
  if (kind === 'gauge') writer.uint32(4 * 8 + 1).double(random() * 100)
  else if (kind === 'sum') writer.uint32(6 * 8 + 1).sfixed64(Math.floor(random() * 1e9))
  else distribution(writer, kind, random)
  writer.ldelim()
}

function distribution(writer: Writer, kind: Kind['kind'], random: () => number): void {
  const count = Math.floor(random() * 1e6)
  writer.uint32(4 * 8 + 1).fixed64(count)
  writer.uint32(5 * 8 + 1).double(count * 40 * random())
  if (kind === 'histogram') {
    writer.uint32(6 * 8 + 2).fork()
    for (let i = 0; i <= bounds.length; i++) writer.fixed64(Math.floor(random() * 1e5))
    writer
      .ldelim()
      .uint32(7 * 8 + 2)
      .fork()
    for (const bound of bounds) writer.double(bound)
    writer.ldelim()
  } else if (kind === 'exponential_histogram') {
    writer.uint32(6 * 8).sint32(4)
    writer
      .uint32(8 * 8 + 2)
      .fork()
      .uint32(1 * 8)
      .sint32(60)
      .uint32(2 * 8 + 2)
      .fork()
    for (let i = 0; i < exponentialBuckets; i++) writer.uint64(Math.floor(random() * 1e4))
    writer.ldelim().ldelim()
  } else {
    for (const quantile of quantiles) {
      writer.uint32(6 * 8 + 2).fork()
      writer
        .uint32(1 * 8 + 1)
        .double(quantile)
        .uint32(2 * 8 + 1)
        .double(random() * 1000)
      writer.ldelim()
    }
  }
}
