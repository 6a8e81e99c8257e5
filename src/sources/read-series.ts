import { answerParts } from './answer-parts.ts'

const { record, anyList: list, unreadable } = answerParts('The answer cannot be read')

/** A native histogram's bucket: values between the edges, and how many; as Prometheus answers, empty ones left out. */
export type NativeBucket = { readonly low: number; readonly high: number; readonly count: number }

export type NativeHistogram = {
  readonly count: number
  readonly sum: number
  readonly buckets: readonly NativeBucket[]
}

/** A series with its samples in order of time (Unix milliseconds). A vector's have one each. */
export type Series = {
  /** `__name__` among them when the expression kept it. */
  readonly labels: Readonly<Record<string, string>>
  /** Values may be NaN or infinite. */
  readonly samples: readonly (readonly [at: number, value: number])[]
  readonly histograms: readonly (readonly [at: number, histogram: NativeHistogram])[]
}

/**
 * The data of an answer: a vector, a matrix or a scalar.
 * @throws DavyError SOURCE_DOWN for anything else
 */
export function readSeries(data: unknown): readonly Series[] {
  const { resultType, result } = record(data)
  if (resultType === 'scalar') return [{ labels: {}, samples: [sample(result)], histograms: [] }]
  if ((resultType !== 'vector' && resultType !== 'matrix') || !Array.isArray(result)) {
    throw unreadable('a vector, a matrix or a scalar', resultType)
  }
  return result.map((item) => {
    const { metric, value, values, histogram, histograms } = record(item)
    return {
      labels: labelsOf(metric),
      samples: [...list(values), ...(value === undefined ? [] : [value])].map(sample),
      histograms: [...list(histograms), ...(histogram === undefined ? [] : [histogram])].map(histogramAt),
    }
  })
}

/** A list of names. @throws DavyError SOURCE_DOWN for anything else */
export function readNames(data: unknown): readonly string[] {
  return list(data ?? null).map((name) => {
    if (typeof name !== 'string') throw unreadable('a name', name)
    return name
  })
}

function labelsOf(value: unknown): Readonly<Record<string, string>> {
  const labels = record(value)
  for (const [name, text] of Object.entries(labels)) {
    if (typeof text !== 'string') throw unreadable(`text for the label ${name}`, text)
  }
  return labels as Readonly<Record<string, string>>
}

function sample(value: unknown): readonly [number, number] {
  const [at, text] = list(value)
  if (typeof at !== 'number' || typeof text !== 'string') throw unreadable('a time and a value', value)
  return [Math.round(at * 1000), numberOf(text)]
}

function histogramAt(value: unknown): readonly [number, NativeHistogram] {
  const [at, body] = list(value)
  if (typeof at !== 'number') throw unreadable('a time and a histogram', value)
  const { count, sum, buckets } = record(body)
  return [
    Math.round(at * 1000),
    {
      count: numberOf(count),
      sum: numberOf(sum),
      buckets: list(buckets).map((bucket) => {
        const [, low, high, inBucket] = list(bucket)
        return { low: numberOf(low), high: numberOf(high), count: numberOf(inBucket) }
      }),
    },
  ]
}

function numberOf(text: unknown): number {
  if (typeof text !== 'string') throw unreadable('a number as text', text)
  if (text === '+Inf') return Number.POSITIVE_INFINITY
  if (text === '-Inf') return Number.NEGATIVE_INFINITY
  const value = Number(text)
  if (text === '' || (Number.isNaN(value) && text !== 'NaN')) throw unreadable('a number', text)
  return value
}
