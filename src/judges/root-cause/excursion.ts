import { percentile } from '../../stats/percentile.ts'
import type { NodeRow, NodeRows, Symptom } from './node-rows.ts'

/** How far one symptom of one node has left what is normal for it. */
export type Excursion = {
  readonly symptom: Symptom
  /** {@link windowRise} in units of what 1% of the normal windows exceed; 1 = as loud as that. */
  readonly loudness: number
  /** Louder than every normal window. */
  readonly isAnomalous: boolean
  /** The loudness of each normal window, by the row that it starts at; null where it has no values. */
  readonly normal: readonly (number | null)[]
}

/** What 1% of the windows exceed is not known from fewer. */
const fewestWindows = 99

/** Nobody's concern below this, whatever the spread of the normal rows: log(1 + 5%). */
const smallestSlowdown = Math.log(1.05)

/**
 * One symptom of a node against the same symptom in its own normal operation. Each row becomes a robust z (Hampel 1974:
 * from the median, in 1.4826 MADs): latency on the log scale with a scale of at least 5%, failures with a scale of at
 * least one request. The same statistic of every normal window of as many rows says how loud that is: a metric that
 * often jumps has to jump higher.
 *
 * @returns null when there are fewer than 99 normal windows with values, or the current rows have not two values after their first
 * @throws RangeError on a latency that is not above 0 or a share outside [0, 1]
 */
export function excursionOf({ node, baseline, current }: NodeRows, symptom: Symptom): Excursion | null {
  const history = baseline.map((row) => harmOf(node, row, symptom))
  const known = history.filter((value) => value !== null)
  const requests = baseline.map((row) => row.requests).filter((count) => count > 0)
  if (known.length === 0 || requests.length === 0) return null
  const centre = median(known)
  const smallest = symptom === 'latency' ? smallestSlowdown : 1 / median(requests)
  const spread = 1.4826 * median(known.map((value) => Math.abs(value - centre)))
  const scale = Math.max(spread, smallest)
  const standardized = (value: number | null) => (value === null ? null : (value - centre) / scale)
  const rise = windowRise(current.map((row) => standardized(harmOf(node, row, symptom))))
  const z = history.map(standardized)
  const rises = z.slice(0, Math.max(0, z.length - current.length + 1)).map((_, from) => {
    return windowRise(z.slice(from, from + current.length))
  })
  const sorted = Float64Array.from(rises.filter((value) => value !== null)).sort()
  if (rise === null || sorted.length < fewestWindows) return null
  // A symptom that never moves in normal operation has to move by one scale at least.
  const unit = Math.max(1, percentile(sorted, 99))
  return {
    symptom,
    loudness: rise / unit,
    isAnomalous: rise > Math.max(1, sorted.at(-1)!),
    normal: rises.map((value) => (value === null ? null : value / unit)),
  }
}

/**
 * How far a window rises above its own first row: the second highest z after it, minus the first row's where that is
 * above normal. The second highest, since an issue lasts longer than one row. Beyond the first row, since what was
 * already so when the window began is old: the baseline may be.
 *
 * @returns null with less than two values after the first row
 */
export function windowRise(z: readonly (number | null)[]): number | null {
  const [, second] = z
    .slice(1)
    .filter((value) => value !== null)
    .sort((a, b) => b - a)
  return second === undefined ? null : second - Math.max(0, z[0] ?? 0)
}

function median(values: readonly number[]): number {
  return percentile(Float64Array.from(values).sort(), 50)
}

/** On the scale that z is taken on; the higher, the worse. */
function harmOf(node: string, { latencySeconds, failedShare }: NodeRow, symptom: Symptom): number | null {
  if (symptom === 'failures') {
    if (failedShare === null) return null
    if (failedShare >= 0 && failedShare <= 1) return failedShare
    throw new RangeError(`${node}: expected a share of failures within [0, 1], got ${failedShare}`)
  }
  if (latencySeconds === null) return null
  if (latencySeconds > 0 && latencySeconds < Infinity) return Math.log(latencySeconds)
  throw new RangeError(`${node}: expected a finite latency above 0, got ${latencySeconds}`)
}
