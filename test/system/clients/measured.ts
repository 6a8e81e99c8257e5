import { expect } from 'vitest'
import type { Run } from './run-client.ts'
import type { SentPoint } from './sent.ts'
import type { Instrument } from './telemetry.ts'

/** How many values lie in each bucket; a bucket's upper bound belongs to it. */
function countsOf(values: readonly number[], bounds: readonly number[]): number[] {
  const counts = [...bounds, Number.POSITIVE_INFINITY].map(() => 0)
  for (const value of values) {
    const bucket = bounds.findIndex((bound) => value <= bound)
    counts[bucket === -1 ? bounds.length : bucket]! += 1
  }
  return counts
}

/** The point that `values` make, one after the other; of an exponential histogram without its buckets. */
function pointOf(kind: Instrument['kind'], bounds: readonly number[], values: readonly number[]): Partial<SentPoint> {
  if (kind === 'gauge') return { value: values.at(-1)! }
  const sum = values.reduce((total, value) => total + value, 0)
  if (kind === 'counter' || kind === 'upDownCounter') return { value: sum }
  const counted = { count: values.length, sum, min: Math.min(...values), max: Math.max(...values) }
  if (kind === 'histogram') return { ...counted, bounds, counts: countsOf(values, bounds) }
  return { ...counted, zeroCount: values.filter((value) => value === 0).length }
}

/** How many values each bucket of an exponential histogram holds, from its scale: (base^i, base^(i+1)]. */
function exponentialCounts(values: readonly number[], scale: number): Map<number, number> {
  const counts = new Map<number, number>()
  for (const value of values.filter((each) => each > 0)) {
    const index = Math.ceil(Math.log2(value) * 2 ** scale) - 1
    counts.set(index, (counts.get(index) ?? 0) + 1)
  }
  return counts
}

/** An SDK's points say what it was told to measure: names, units, kinds, sums, and each bucket. */
export function expectMeasured({ telemetry, sent }: Run): void {
  expect(sent.metrics.map(({ name }) => name).sort()).toEqual(telemetry.instruments.map(({ name }) => name).sort())
  for (const { name, kind, unit, description, bounds, values } of telemetry.instruments) {
    const metric = sent.metrics.find((each) => each.name === name)!
    const isSum = kind === 'counter' || kind === 'upDownCounter'
    expect(metric).toMatchObject({ unit, description, kind: isSum ? 'sum' : kind, monotonic: kind === 'counter' })
    expect(metric.temporality, name).toBe(kind === 'gauge' ? 0 : 2)
    const byAttributes = Map.groupBy(values, ({ attributes }) =>
      JSON.stringify(Object.fromEntries(attributes.map(({ key, text }) => [key, text]))),
    )
    expect(metric.points.length, name).toBe(byAttributes.size)
    for (const [attributes, measured] of byAttributes) {
      const all = measured.map(({ value }) => value)
      const point = metric.points.find((each) => isSame(each.attributes, JSON.parse(attributes)))
      expect(point, name).toMatchObject(pointOf(kind, bounds, all))
      if (kind !== 'exponentialHistogram') continue
      const { offset, counts } = point!.positive!
      const found = counts.map((count, index) => [offset + index, count] as const).filter(([, count]) => count > 0)
      expect(new Map(found)).toEqual(exponentialCounts(all, point!.scale!))
    }
  }
}

function isSame(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key])
}
