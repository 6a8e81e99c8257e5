import type { MetricNulls } from '../../../src/domain/null-parameters.ts'
import { learnMetricNulls } from '../../../src/judges/sequential/learn-metric-nulls.ts'
import { runStartedAt, slicesOf } from './canary-run.ts'
import type { Service } from './cells.ts'
import { errorMetric } from './davy-rollback.ts'
import { generateTraffic, tickSeconds } from './generate-traffic.ts'
import type { RandomSource } from './random-source.ts'

/** What the judge is given to know of a service. */
export type ServiceLearning = {
  readonly nulls: MetricNulls
  /** Why the error metric stays with the cold start; null: it was learned. */
  readonly reason: string | null
}

/** Hours of history: at 5 requests a second a day has too few errors to say whether they come in clumps. */
function historyHours({ requestsPerSecond }: Service): number {
  return requestsPerSecond < 50 ? 48 : 24
}

/** The nulls that a service's own history teaches: a day or two of it without a canary, on other pods. */
export function learnFromHistory(service: Service, random: RandomSource): ServiceLearning {
  const { noise, requestsPerSecond } = service
  const ticks = (historyHours(service) * 3600) / tickSeconds
  const traffic = generateTraffic({ noise, requestsPerSecond, canaryPods: 0, ratio: 1, ticks }, random)
  const history = slicesOf(traffic, 0, runStartedAt - ticks * tickSeconds * 1000)
  const { nulls, reasons } = learnMetricNulls(history, [errorMetric])
  return { nulls, reason: reasons[errorMetric.name] ?? null }
}
