import { hampelFilter } from '../../stats/hampel-filter.ts'
import { lineFit } from '../../stats/line-fit.ts'
import { optimalPartition } from '../../stats/optimal-partition.ts'

/** How a series was cut. */
export type Segmentation = {
  /** First positions of the segments after the first one, 0-based, ascending. */
  readonly changePoints: readonly number[]
}

/** Two points of five may be outliers; a stretch of its own has to outvote them. */
const minLength = 5

/** Standard deviations of what one line leaves of the series: the usual three. */
const outlierSds = 3

/**
 * Where a finished series changes its level or its slope: the partition of least squares in which every segment is flat or
 * a straight line, whichever pays, and every parameter costs log(length) (BIC: the place of the change, a level, perhaps a
 * slope). Squares count in units of what the best single line leaves of the whole series, so that a change is what is
 * large beside all that no change leaves open: neither the unit nor a steady trend matters, and noise that remembers
 * itself, like a slow season, is followed only where it is as large as the series. Several dimensions change together
 * and have levels and slopes of their own. Outliers of one or two positions are no change.
 * Throws a RangeError when there is no dimension, when their lengths differ, or on a value that is not finite.
 *
 * @param dimensions one array a dimension, one value a position, null where nothing was measured
 */
export function segmentSeries(dimensions: readonly (readonly (number | null)[])[]): Segmentation {
  const length = checkedLength(dimensions)
  const perParameter = Math.log(length)
  const fits = dimensions.map(inUnitsOfTheUnexplained).filter((fit) => fit !== undefined)
  if (fits.length === 0) return { changePoints: [] }
  const changePoints = optimalPartition(length, {
    segment(from, to) {
      let cost = 0
      for (const { fit, unit } of fits) {
        const flat = fit.aroundMean(from, to) / unit + perParameter
        const line = fit.aroundLine(from, to) / unit + 2 * perParameter
        cost += Math.min(flat, line)
      }
      return cost
    },
    change: perParameter,
    splitSurcharge: 2 * perParameter * fits.length,
    minLength,
  })
  return { changePoints }
}

/** A dimension with the variance that one line leaves of it; undefined when nothing is left that could change. */
function inUnitsOfTheUnexplained(values: readonly (number | null)[]) {
  const whole = unexplained(values)
  if (whole === undefined) return undefined
  return unexplained(hampelFilter(values, outlierSds * Math.sqrt(whole.unit)))
}

function unexplained(values: readonly (number | null)[]) {
  const fit = lineFit(values)
  const known = fit.count(0, values.length)
  const unit = fit.aroundLine(0, values.length) / (known - 2)
  const size = values.reduce<number>((most, value) => Math.max(most, Math.abs(value ?? 0)), 0)
  // what is left of an exact line is rounding
  return known > 2 && Math.sqrt(unit) > 1e-9 * size ? { fit, unit } : undefined
}

function checkedLength(dimensions: readonly (readonly (number | null)[])[]): number {
  const length = dimensions[0]?.length
  if (length === undefined) throw new RangeError('segmentSeries: expected at least one dimension, got none')
  for (const [at, values] of dimensions.entries()) {
    if (values.length !== length) {
      throw new RangeError(`segmentSeries: expected ${length} positions in dimension ${at}, got ${values.length}`)
    }
    const wrong = values.findIndex((value) => value !== null && !Number.isFinite(value))
    if (wrong >= 0) {
      throw new RangeError(`segmentSeries: expected finite values or null, got ${values[wrong]} at ${wrong} of ${at}`)
    }
  }
  return length
}
