import type { WireType } from '../otlp/schema.ts'

/** A field as the wire has it. `shape` is what a nested message holds, else null. */
export type ShapeField = {
  readonly number: number
  /** Its name in the .proto files. */
  readonly name: string
  readonly wireType: WireType
  readonly repeated: boolean
  readonly shape: Shape | null
}

export type Shape = {
  readonly name: string
  /** Fields by their number; holes are unknown fields. No number is above 31. */
  readonly byNumber: readonly (ShapeField | undefined)[]
}

/** `2*` is a repeated field of the wire type 2; numbers that are repeated may be packed too. */
type Row = readonly [number: number, name: string, type: `${WireType}` | `${WireType}*`, shape?: Shape]

function shapeOf(name: string, rows: readonly Row[]): Shape {
  const byNumber: (ShapeField | undefined)[] = new Array(Math.max(...rows.map(([number]) => number)) + 1).fill(
    undefined,
  )
  for (const [number, field, type, shape] of rows) {
    const wireType = Number(type[0]) as WireType
    byNumber[number] = { number, name: field, wireType, repeated: type.endsWith('*'), shape: shape ?? null }
  }
  return { name, byNumber }
}

const label = shapeOf('Label', [
  [1, 'name', '2'],
  [2, 'value', '2'],
])

const span = shapeOf('BucketSpan', [
  [1, 'offset', '0'],
  [2, 'length', '0'],
])

const histogramRows: readonly Row[] = [
  [1, 'count_int', '0'],
  [2, 'count_float', '1'],
  [3, 'sum', '1'],
  [4, 'schema', '0'],
  [5, 'zero_threshold', '1'],
  [6, 'zero_count_int', '0'],
  [7, 'zero_count_float', '1'],
  [8, 'negative_spans', '2*', span],
  [9, 'negative_deltas', '0*'],
  [10, 'negative_counts', '1*'],
  [11, 'positive_spans', '2*', span],
  [12, 'positive_deltas', '0*'],
  [13, 'positive_counts', '1*'],
  [14, 'reset_hint', '0'],
  [15, 'timestamp', '0'],
  [16, 'custom_values', '1*'],
]

const sampleRows: readonly Row[] = [
  [1, 'value', '1'],
  [2, 'timestamp', '0'],
]

const startOfSample: Row = [3, 'start_timestamp', '0']
const exemplarRows: readonly Row[] = [
  [2, 'value', '1'],
  [3, 'timestamp', '0'],
]

/** prometheus.WriteRequest of Remote-Write 1.0; MetricMetadata is checked for its framing alone. */
export const writeRequest = shapeOf('WriteRequest', [
  [
    1,
    'timeseries',
    '2*',
    shapeOf('TimeSeries', [
      [1, 'labels', '2*', label],
      [2, 'samples', '2*', shapeOf('Sample', sampleRows)],
      [3, 'exemplars', '2*', shapeOf('Exemplar', [[1, 'labels', '2*', label], ...exemplarRows])],
      [4, 'histograms', '2*', shapeOf('Histogram', histogramRows)],
    ]),
  ],
  [
    3,
    'metadata',
    '2*',
    shapeOf('MetricMetadata', [
      [1, 'type', '0'],
      [2, 'metric_family_name', '2'],
      [4, 'help', '2'],
      [5, 'unit', '2'],
    ]),
  ],
])

/**
 * io.prometheus.write.v2.Request of Remote-Write 2.0. Until its release candidate 3 the start of a series stood in the
 * series, as `created_timestamp`; senders of that time are still about.
 */
export const requestV2 = shapeOf('Request', [
  [4, 'symbols', '2*'],
  [
    5,
    'timeseries',
    '2*',
    shapeOf('TimeSeries', [
      [1, 'labels_refs', '0*'],
      [2, 'samples', '2*', shapeOf('Sample', [...sampleRows, startOfSample])],
      [3, 'histograms', '2*', shapeOf('Histogram', [...histogramRows, [17, 'start_timestamp', '0']])],
      [4, 'exemplars', '2*', shapeOf('Exemplar', [[1, 'labels_refs', '0*'], ...exemplarRows])],
      [
        5,
        'metadata',
        '2',
        shapeOf('Metadata', [
          [1, 'type', '0'],
          [3, 'help_ref', '0'],
          [4, 'unit_ref', '0'],
        ]),
      ],
      [6, 'created_timestamp', '0'],
    ]),
  ],
])

const storedPoint = shapeOf('Point', [
  [1, 'timestamp', '0'],
  [2, 'start', '0'],
  [3, 'flags', '0'],
  [4, 'temporality', '0'],
  [5, 'count', '0'],
  [6, 'sum', '1'],
  [7, 'scale', '0'],
  [8, 'zeroCount', '0'],
  [9, 'positiveOffset', '0'],
  [10, 'positive', '0*'],
  [11, 'negativeOffset', '0'],
  [12, 'negative', '0*'],
  [13, 'bounds', '1*'],
])

const storedSeries = shapeOf('Series', [
  [1, 'labels', '2*', label],
  [2, 'samples', '2*', shapeOf('Sample', [...sampleRows, startOfSample, [4, 'flags', '0']])],
  [3, 'exemplars', '2*', shapeOf('Exemplar', [[1, 'labels', '2*', label], ...exemplarRows])],
  [5, 'points', '2*', storedPoint],
  [6, 'help', '2'],
  [7, 'unit', '2'],
])

/** The tables that remote write goes into, by what they hold. */
export const writeKinds = ['gauge', 'sum', 'histogram', 'exponentialHistogram'] as const
export type WriteKind = (typeof writeKinds)[number]

/** The field of a stored body that holds the series of a kind. 1 is where a WriteRequest has all of its series. */
export const storedFields: Readonly<Record<WriteKind, number>> = {
  gauge: 1,
  sum: 2,
  histogram: 3,
  exponentialHistogram: 4,
}

/**
 * What segments hold: a WriteRequest whose series are sorted by their table into fields of their own, so that the
 * statement of one kind skips the others' bytes; native histograms have become points of OpenTelemetry's shape.
 */
export const stored = shapeOf(
  'Stored',
  writeKinds.map((kind): Row => [storedFields[kind], kind, '2*', storedSeries]),
)
