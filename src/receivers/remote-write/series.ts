import { readLength } from '../otlp/wire.ts'
import type { Labels } from './labels.ts'
import { type NativeHistogram, readHistogram } from './native-histogram.ts'
import {
  exemplarElements,
  once,
  type Reading,
  readEight,
  readField,
  readNumbers,
  readSigned,
  readUnsigned,
  spend,
} from './read-field.ts'
import type { Shape, ShapeField } from './schema.ts'

/** `valueAt`: where the eight bytes of the value are, -1 for 0. Times in Unix milliseconds; a `start` of 0 is unknown. */
export type Sample = { readonly valueAt: number; readonly timestamp: number; readonly start: number }

export type Exemplar = { readonly labels: Labels; readonly valueAt: number; readonly timestamp: number }

/** A text in the body. */
export type Place = { readonly from: number; readonly to: number }

/** One series as it came: everything in it, and nothing judged yet. */
export type Series = {
  labels: Labels
  samples: Sample[]
  exemplars: Exemplar[]
  histograms: NativeHistogram[]
  /** Metadata.MetricType of 2.0; 0 when it is not known. */
  type: number
  help: Place | null
  unit: Place | null
  /** The bytes hold fields that the .proto does not know, or a message with another message's field. */
  hasUnknown: boolean
}

/** Turns the numbers of a label list in 2.0 into labels; 1.0 has none. */
export type LabelsOf = (references: readonly number[]) => Labels

function emptySeries(): Series {
  return { labels: [], samples: [], exemplars: [], histograms: [], type: 0, help: null, unit: null, hasUnknown: false }
}

/** A TimeSeries of 1.0 whose content ends at `end`. @throws Malformed */
export function readSeries(reading: Reading, shape: Shape, end: number): Series {
  spend(reading, 1)
  const series = emptySeries()
  while (reading.position < end) {
    const field = readField(reading, shape, end)
    if (field === null) {
      series.hasUnknown = true
      continue
    }
    const length = readLength(reading, end)
    const partEnd = reading.position + length
    if (field.number === 1)
      series.hasUnknown = readLabel(reading, field.shape!, partEnd, series.labels) || series.hasUnknown
    else if (field.number === 2) readSample(reading, field.shape!, partEnd, series)
    else if (field.number === 3) series.exemplars.push(readExemplar(reading, field.shape!, partEnd, null, series))
    else series.histograms.push(readHistogram(reading, field.shape!, partEnd))
  }
  return series
}

/** A TimeSeries of 2.0 whose content ends at `end`. @param texts Gives the place of a symbol. @throws Malformed */
export function readSeriesV2(
  reading: Reading,
  shape: Shape,
  end: number,
  labelsOf: LabelsOf,
  textOf: (reference: number) => Place,
): Series {
  spend(reading, 1)
  const series = emptySeries()
  const references = noReferences()
  let created = 0
  let seen = 0
  while (reading.position < end) {
    const field = readField(reading, shape, end)
    if (field === null) continue
    seen = once(reading, seen, field)
    if (field.number === 1) readReferences(reading, field, end, references)
    else if (field.number === 6) created = readSigned(reading, end)
    else {
      const length = readLength(reading, end)
      const partEnd = reading.position + length
      if (field.number === 2) readSample(reading, field.shape!, partEnd, series)
      else if (field.number === 3) series.histograms.push(readHistogram(reading, field.shape!, partEnd))
      else if (field.number === 4) series.exemplars.push(readExemplar(reading, field.shape!, partEnd, labelsOf, series))
      else readMetadata(reading, field.shape!, partEnd, series, textOf)
    }
  }
  series.labels = labelsOf(backAt(reading, references))
  if (created !== 0) {
    series.samples = series.samples.map((sample) => (sample.start === 0 ? { ...sample, start: created } : sample))
    for (const histogram of series.histograms) if (histogram.start === 0) histogram.start = created
  }
  return series
}

/** @returns whether there was an unknown field. */
function readLabel(reading: Reading, shape: Shape, end: number, labels: Labels): boolean {
  spend(reading, 1)
  let hasUnknown = false
  let seen = 0
  let nameFrom = end
  let nameTo = end
  let valueFrom = end
  let valueTo = end
  while (reading.position < end) {
    const field = readField(reading, shape, end)
    if (field === null) {
      hasUnknown = true
      continue
    }
    seen = once(reading, seen, field)
    const length = readLength(reading, end)
    const from = reading.position
    reading.position += length
    if (field.number === 1) {
      nameFrom = from
      nameTo = reading.position
    } else {
      valueFrom = from
      valueTo = reading.position
    }
  }
  labels.push(nameFrom, nameTo, valueFrom, valueTo)
  return hasUnknown
}

function readSample(reading: Reading, shape: Shape, end: number, series: Series): void {
  spend(reading, 1)
  let valueAt = -1
  let timestamp = 0
  let start = 0
  let seen = 0
  while (reading.position < end) {
    const field = readField(reading, shape, end)
    if (field === null) {
      series.hasUnknown = true
      continue
    }
    seen = once(reading, seen, field)
    if (field.number === 1) valueAt = readEight(reading, end)
    else if (field.number === 2) timestamp = readSigned(reading, end)
    else start = readSigned(reading, end)
  }
  series.samples.push({ valueAt, timestamp, start })
}

/** @param labelsOf null in 1.0, whose exemplars spell their labels out. */
function readExemplar(
  reading: Reading,
  shape: Shape,
  end: number,
  labelsOf: LabelsOf | null,
  series: Series,
): Exemplar {
  spend(reading, exemplarElements)
  let labels: Labels = []
  const references = noReferences()
  let valueAt = -1
  let timestamp = 0
  let seen = 0
  while (reading.position < end) {
    const field: ShapeField | null = readField(reading, shape, end)
    if (field === null) {
      series.hasUnknown = true
      continue
    }
    seen = once(reading, seen, field)
    if (field.number === 2) valueAt = readEight(reading, end)
    else if (field.number === 3) timestamp = readSigned(reading, end)
    else if (labelsOf !== null) readReferences(reading, field, end, references)
    else {
      const length = readLength(reading, end)
      if (readLabel(reading, field.shape!, reading.position + length, labels)) series.hasUnknown = true
    }
  }
  if (labelsOf !== null) labels = labelsOf(backAt(reading, references))
  return { labels, valueAt, timestamp }
}

/** References of a list, and where it stood: what is wrong with them is known at its end only. */
type References = { readonly numbers: number[]; field: ShapeField | null; tagAt: number }

function noReferences(): References {
  return { numbers: [], field: null, tagAt: 0 }
}

function readReferences(reading: Reading, field: ShapeField, end: number, references: References): void {
  references.field = field
  references.tagAt = reading.tagAt
  readNumbers(reading, end, references.numbers, readUnsigned)
}

function backAt(reading: Reading, { numbers, field, tagAt }: References): readonly number[] {
  if (field !== null) {
    reading.field = field
    reading.tagAt = tagAt
  }
  return numbers
}

function readMetadata(
  reading: Reading,
  shape: Shape,
  end: number,
  series: Series,
  textOf: (reference: number) => Place,
): void {
  let seen = 0
  while (reading.position < end) {
    const field = readField(reading, shape, end)
    if (field === null) continue
    seen = once(reading, seen, field)
    const value = readUnsigned(reading, end)
    if (field.number === 1) series.type = value
    else if (field.number === 3) series.help = textOf(value)
    else series.unit = textOf(value)
  }
}
