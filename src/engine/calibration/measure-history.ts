import type { CalibrationMeasure } from '../../domain/calibration.ts'
import type { Template } from '../../domain/template.ts'
import { calibrateNulls } from '../../judges/sequential/calibrate-nulls.ts'
import { learnMetricNulls } from '../../judges/sequential/learn-metric-nulls.ts'
import type { HistoryTick } from '../../judges/sequential/placebo-slices.ts'

/** What to do with a history; all of it plain data, so that it can be sent to another thread. */
export type MeasurePlan = {
  readonly template: Template
  readonly version: string
  /** Unix milliseconds, whole ticks, `to` exclusive. */
  readonly from: number
  readonly to: number
  readonly canaryPods: number
  readonly runs: number
  readonly seconds: number
  readonly seed: number
}

/**
 * Learns the nulls of a history and audits them with placebos; seconds to minutes of computing. The same history and
 * plan give the same measure.
 */
export function measureHistory(history: readonly HistoryTick[], plan: MeasurePlan): CalibrationMeasure {
  const { template, version, canaryPods, seconds, seed, runs } = plan
  const slices = history.map(({ from, to, pods }) => ({
    ...{ from, to, closesBlock: false },
    baseline: { pods: Object.fromEntries(pods) },
  }))
  const { nulls, reasons, basis } = learnMetricNulls(slices, template.metrics, { blockSeconds: template.blockSeconds })
  const calibration = calibrateNulls(history, { template, nulls, canaryPods, runs, seconds, seed })
  return {
    from: new Date(plan.from).toISOString(),
    to: new Date(plan.to).toISOString(),
    ...{ version, canaryPods, seconds, seed },
    ...{ reasons, basis },
    ...calibration,
  }
}
