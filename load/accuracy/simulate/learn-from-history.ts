import type { MetricNulls } from '../../../src/domain/null-parameters.ts'
import { learnMetricNulls } from '../../../src/judges/sequential/learn-metric-nulls.ts'
import { runStartedAt, slicesOf } from './canary-run.ts'
import type { Cell } from './cells.ts'
import { errorMetric } from './davy-rollback.ts'
import { generateTraffic, tickSeconds } from './generate-traffic.ts'
import type { RandomSource } from './random-source.ts'

/** What the judge is given to know of a cell. */
export type CellLearning = {
  readonly nulls: MetricNulls
  /** Why the error metric stays with the cold start; null: it was learned. */
  readonly reason: string | null
}

/** Hours of history: at 5 requests a second a day has too few errors to say whether they come in clumps. */
function historyHours({ requestsPerSecond }: Cell): number {
  return requestsPerSecond < 50 ? 48 : 24
}

/** The nulls that the cell's own history teaches: a day or two of the same service without a canary, other pods. */
export function learnFromHistory(cell: Cell, random: RandomSource): CellLearning {
  const { noise, requestsPerSecond } = cell
  const ticks = (historyHours(cell) * 3600) / tickSeconds
  const traffic = generateTraffic({ noise, requestsPerSecond, canaryPods: 0, ratio: 1, ticks }, random)
  const history = slicesOf(traffic, 0, runStartedAt - ticks * tickSeconds * 1000)
  const { nulls, reasons } = learnMetricNulls(history, [errorMetric])
  return { nulls, reason: reasons[errorMetric.name] ?? null }
}
