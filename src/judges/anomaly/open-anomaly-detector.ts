import { sortedSample } from '../../stats/sorted-sample.ts'
import { tailSurprise } from '../../stats/tail-surprise.ts'
import { hourlyExpectation } from './hourly-expectation.ts'

const dayMs = 24 * 3_600_000

/** Ten weeks of five minutes: enough for 1 in 10,000, and a bound on memory. */
const keptDeviations = 20_000

/** One value of a series, judged when it came. */
type Anomaly = {
  /** What the series' past made expect; the value itself when there is no past. */
  readonly expected: number
  /** -log10 of how rarely the series strayed as far from what was expected, 0 .. 30; 0 while it is too young to say. */
  readonly surprise: number
  /** The surprise where it is news, 0 where an as strange one has just been told. An alarm is a score above a threshold. */
  readonly score: number
}

/** A series without a control that is watched value by value. */
export type AnomalyDetector = {
  /** RangeError when the time or the value is not finite. Values that were not measured are left out by the caller. */
  observe(ms: number, value: number): Anomaly
}

/**
 * Watches one series: how far a value is from what is usual at its hour, how rarely the same series was as far away before,
 * and whether that is news. What was told fades with a day's time constant; meanwhile only something stranger is told, so
 * that an outage is one alarm and not one a minute. Only the past enters, and nothing has to be set for a series: its unit,
 * its noise and the weight of its tail are its own history's.
 */
export function openAnomalyDetector(): AnomalyDetector {
  const expectation = hourlyExpectation()
  const deviations = sortedSample(keptDeviations)
  let told = 0
  let toldMs = Number.NEGATIVE_INFINITY
  return {
    observe(ms, value) {
      if (!Number.isFinite(ms) || !Number.isFinite(value)) {
        throw new RangeError(`anomaly detector: expected a finite time and value, got ${value} at ${ms}`)
      }
      const expected = expectation.at(ms) ?? value
      const deviation = Math.abs(value - expected)
      const surprise = tailSurprise(deviations.values, deviation)
      deviations.add(deviation)
      expectation.add(ms, value)
      const stillTold = told * Math.exp(-Math.max(0, ms - toldMs) / dayMs)
      if (surprise <= stillTold) return { expected, surprise, score: 0 }
      told = surprise
      toldMs = ms
      return { expected, surprise, score: surprise }
    },
  }
}
