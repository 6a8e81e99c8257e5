import protobuf from 'protobufjs'

const histogram = (name: string, extra: string) => `message ${name} {
  oneof count { uint64 count_int = 1; double count_float = 2; }
  double sum = 3; sint32 schema = 4; double zero_threshold = 5;
  oneof zero_count { uint64 zero_count_int = 6; double zero_count_float = 7; }
  repeated BucketSpan negative_spans = 8; repeated sint64 negative_deltas = 9; repeated double negative_counts = 10;
  repeated BucketSpan positive_spans = 11; repeated sint64 positive_deltas = 12; repeated double positive_counts = 13;
  int32 reset_hint = 14; int64 timestamp = 15; repeated double custom_values = 16; ${extra} }`

/** Prometheus' own messages, and what we make of them, written down from their .proto files for an independent codec. */
const { root } = protobuf.parse(
  `syntax = "proto3";
  message BucketSpan { sint32 offset = 1; uint32 length = 2; }
  message Label { string name = 1; string value = 2; }

  message WriteRequest { repeated TimeSeries timeseries = 1; repeated MetricMetadata metadata = 3; }
  message MetricMetadata { int32 type = 1; string metric_family_name = 2; string help = 4; string unit = 5; }
  message TimeSeries { repeated Label labels = 1; repeated Sample samples = 2; repeated Exemplar exemplars = 3; repeated Histogram histograms = 4; }
  message Sample { double value = 1; int64 timestamp = 2; }
  message Exemplar { repeated Label labels = 1; double value = 2; int64 timestamp = 3; }
  ${histogram('Histogram', '')}

  message Request { repeated string symbols = 4; repeated TimeSeriesV2 timeseries = 5; }
  message TimeSeriesV2 { repeated uint32 labels_refs = 1; repeated SampleV2 samples = 2; repeated HistogramV2 histograms = 3;
    repeated ExemplarV2 exemplars = 4; Metadata metadata = 5; int64 created_timestamp = 6; }
  message SampleV2 { double value = 1; int64 timestamp = 2; int64 start_timestamp = 3; }
  message ExemplarV2 { repeated uint32 labels_refs = 1; double value = 2; int64 timestamp = 3; }
  message Metadata { int32 type = 1; uint32 help_ref = 3; uint32 unit_ref = 4; }
  ${histogram('HistogramV2', 'int64 start_timestamp = 17;')}

  message Stored { repeated Series gauge = 1; repeated Series sum = 2; repeated Series histogram = 3; repeated Series exponential = 4; }
  message Series { repeated Label labels = 1; repeated StoredSample samples = 2; repeated Exemplar exemplars = 3;
    repeated Point points = 5; string help = 6; string unit = 7; }
  message StoredSample { double value = 1; int64 timestamp = 2; int64 start = 3; uint32 flags = 4; }
  message Point { int64 timestamp = 1; int64 start = 2; uint32 flags = 3; int32 temporality = 4; uint64 count = 5; double sum = 6;
    sint32 scale = 7; uint64 zero_count = 8; sint32 positive_offset = 9; repeated uint64 positive = 10;
    sint32 negative_offset = 11; repeated uint64 negative = 12; repeated double bounds = 13; }`,
  { keepCase: true },
)
root.resolveAll()

export type Json = Readonly<Record<string, unknown>>

function encode(type: string, message: Json): Uint8Array {
  const found = root.lookupType(type)
  return found.encode(found.fromObject(message)).finish()
}

/** A body of 1.0. */
export const encodeV1 = (timeseries: readonly Json[], metadata: readonly Json[] = []): Uint8Array =>
  encode('WriteRequest', { timeseries, metadata })

/** A body of 2.0 as it is written here, references and all. */
export const encodeRaw = (symbols: readonly string[], timeseries: readonly Json[]): Uint8Array =>
  encode('Request', { symbols, timeseries })

type Pairs = readonly (readonly [string, string])[]

/** A series of either version; `labels` as pairs, in the order of the wire. */
export type TestSeries = {
  readonly labels: Pairs
  readonly samples?: readonly Json[]
  readonly histograms?: readonly Json[]
  readonly exemplars?: readonly (Json & { readonly labels: Pairs })[]
  readonly metadata?: { readonly type?: number; readonly help?: string; readonly unit?: string }
  readonly created_timestamp?: number
}

const named = (labels: Pairs) => labels.map(([name, value]) => ({ name, value }))

export function bodyV1(series: readonly TestSeries[], metadata: readonly Json[] = []): Uint8Array {
  return encodeV1(
    series.map(({ labels, samples, histograms, exemplars }) => ({
      labels: named(labels),
      samples,
      histograms,
      exemplars: exemplars?.map((each) => ({ ...each, labels: named(each.labels) })),
    })),
    metadata,
  )
}

export function bodyV2(series: readonly TestSeries[]): Uint8Array {
  const symbols = ['']
  const reference = (text: string): number => {
    const at = symbols.indexOf(text)
    return at === -1 ? symbols.push(text) - 1 : at
  }
  const timeseries = series.map(({ labels, exemplars, metadata, ...rest }) => ({
    ...rest,
    labels_refs: labels.flat().map(reference),
    exemplars: exemplars?.map(({ labels: own, ...each }) => ({ ...each, labels_refs: own.flat().map(reference) })),
    metadata: metadata && {
      type: metadata.type ?? 0,
      help_ref: reference(metadata.help ?? ''),
      unit_ref: reference(metadata.unit ?? ''),
    },
  }))
  return encodeRaw(symbols, timeseries)
}

// biome-ignore lint/suspicious/noExplicitAny: looked at with matchers
export type Decoded = Readonly<Record<'gauge' | 'sum' | 'histogram' | 'exponential', readonly any[]>>

/** What a stored body holds; integers of 64 bits as numbers, absent fields left out, lists always there. */
export function decodeStored(body: Uint8Array): Decoded {
  const type = root.lookupType('Stored')
  return type.toObject(type.decode(body), { longs: Number, arrays: true }) as Decoded
}
