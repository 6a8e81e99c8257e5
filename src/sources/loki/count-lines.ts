import { DavyError } from '../../domain/errors.ts'
import { histogramScale } from '../../domain/evidence.ts'
import { placeExplicit } from '../../stats/bucket-placement.ts'
import type { DurationIncrease } from '../bucket-increases.ts'
import type { Series } from '../read-series.ts'
import { type DurationUnit, nanoseconds } from '../slices-of-series.ts'

/** The label that durations are sorted by: two digits and an exponent. */
const bucketLabel = 'davy_bucket'

/** The LogQL that counts lines in each 10 s, by some labels. The query has a line of its own, as it may end in a comment. */
export function countedLines(query: string, by: readonly (string | undefined)[]): string {
  const labels = [...new Set(by.filter((label) => label !== undefined))]
  return `sum by (${labels.join(', ')}) (count_over_time(${query}\n[10s]))`
}

/**
 * The LogQL that counts durations in each 10 s in buckets of two digits, 1% to 10% wide: ninety for a power of ten, since
 * Loki answers at most 500 series unless it is told otherwise. What is no number from 0 on is in a bucket without a name.
 */
export function countedDurations(query: string, value: string, operationLabel: string | undefined): string {
  const isNumber = `eq "" (regexReplaceAll "^[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?$" .${value} "")`
  const bucket = `{{ if and .${value} (${isNumber}) }}{{ printf "%.1e" (float64 .${value}) }}{{ end }}`
  return countedLines(`${query}\n| label_format ${bucketLabel}=\`${bucket}\``, [bucketLabel, operationLabel])
}

/**
 * Durations from the series of {@link countedDurations}, each between the edges of what its digits stand for.
 * @throws DavyError SOURCE_DOWN for lines whose value is no number
 */
export function durationsOf(
  series: readonly Series[],
  { value, unit }: { readonly value: string; readonly unit: DurationUnit },
): readonly DurationIncrease[] {
  const grid = { scale: histogramScale, unit: nanoseconds[unit] }
  return series.flatMap(({ labels, samples }) => {
    const digits = labels[bucketLabel] ?? ''
    if (!/^\d\.\de[-+]\d+$/.test(digits)) throw noNumber(value, digits, samples)
    const edges = edgesOf(digits)
    return samples.map(([at, count]) => ({
      ...{ at, count, labels },
      placed: edges === null ? { upper: [], lower: [] } : placeExplicit(edges, [[1, count]], grid),
    }))
  })
}

/** What a number of two digits was rounded from, null for zero. Below a power of ten the digits are ten times as fine. */
function edgesOf(digits: string): readonly [low: number, high: number] | null {
  const [mantissa, exponent] = digits.split('e') as [string, string]
  if (Number(mantissa) === 0) return null
  const at = (tens: number, hundredths: number): number => Number(`${tens * 100 + hundredths}e${Number(exponent) - 2}`)
  const low = mantissa === '1.0' ? Number(`995e${Number(exponent) - 3}`) : at(Number(mantissa), -5)
  return [low, at(Number(mantissa), 5)]
}

function noNumber(value: string, digits: string, samples: Series['samples']): DavyError {
  const lines = samples.reduce((sum, [, count]) => sum + count, 0)
  const got = `${lines} lines ${digits === '' ? 'without one' : `with ${digits}`}`
  return new DavyError(
    'SOURCE_DOWN',
    `Loki has lines that cannot be used: expected a number as ${value}, got ${got}.`,
    {
      ...{ expected: `a number from 0 on as ${value}`, got },
    },
  )
}
