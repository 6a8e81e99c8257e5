import type { Json, TestSeries } from './codec.ts'

/** Unix milliseconds that tests take as now. */
export const now = Date.UTC(2026, 10, 21, 10)

export const point = (value: number): Json => ({ value, timestamp: now })

/** A native histogram of integers: buckets -1, 0 and 4 above zero, 2 below, and the zero bucket. */
export const integerHistogram: Json = {
  count_int: 12,
  sum: 3.5,
  schema: 2,
  zero_threshold: 1e-9,
  zero_count_int: 1,
  positive_spans: [
    { offset: -1, length: 2 },
    { offset: 3, length: 1 },
  ],
  positive_deltas: [2, 1, -1],
  negative_spans: [{ offset: 2, length: 1 }],
  negative_deltas: [4],
  timestamp: now,
}

export const customHistogram: Json = {
  count_float: 5,
  sum: 4,
  schema: -53,
  custom_values: [0.5, 1, 2.5],
  positive_spans: [
    { offset: 0, length: 1 },
    { offset: 2, length: 1 },
  ],
  positive_counts: [2, 3],
  timestamp: now,
}

/** One of everything. */
export const manySeries: readonly TestSeries[] = [
  {
    labels: [
      ['__name__', 'orders_total'],
      ['instance', 'a:1'],
      ['job', 'shop/api'],
      ['region', 'eu'],
    ],
    samples: [point(5), { value: 6.5, timestamp: now - 1000 }],
    exemplars: [
      {
        labels: [
          ['trace_id', '0af7651916cd43dd8448eb211c80319c'],
          ['user', 'u'],
        ],
        value: 2,
        timestamp: now - 5,
      },
    ],
  },
  {
    labels: [
      ['__name__', 'temperature'],
      ['job', 'api'],
    ],
    samples: [point(-0.25)],
  },
  {
    labels: [
      ['__name__', 'latency'],
      ['job', 'api'],
    ],
    histograms: [integerHistogram, { ...integerHistogram, reset_hint: 3 }],
  },
  {
    labels: [
      ['__name__', 'sizes'],
      ['job', 'api'],
    ],
    histograms: [customHistogram],
  },
]
