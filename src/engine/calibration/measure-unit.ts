import type { CalibrationMeasure } from '../../domain/calibration.ts'
import { isSameUnit, type Unit } from '../../domain/cohort.ts'
import type { Deployment } from '../../domain/deployment.ts'
import { isQueried, type Template } from '../../domain/template.ts'
import { digestOf } from '../../platform/digest.ts'
import type { Looks } from '../../storage/looks.ts'
import type { RollupReader } from '../../storage/rollup-reader.ts'
import { watermark } from '../timetable.ts'
import { type HistoryRows, readHistoryRows } from './history-rows.ts'
import type { MeasurePlan } from './measure-history.ts'
import { measureInWorker } from './measure-in-worker.ts'
import { type HistoryPlan, mostHistoryMs, planHistory } from './plan-history.ts'

/** A placebo is judged as long as the template's deadline says, but no longer than this and than half the history. */
const mostSeconds = 7200

/** Rows of so much time are in the engine's memory at once. */
const chunkMs = 600_000

/** Real canaries that tell how many pods a placebo has. */
const recentCanaries = 10

export type MeasureOptions = {
  readonly rollups: Pick<RollupReader, 'histories' | 'podTicks' | 'gauges' | 'counters'>
  readonly looks: Pick<Looks, 'newest'>
  readonly deployments: { list(): readonly Deployment[] }
  readonly now: () => number
  /** Since when telemetry has been waiting for storage; null when all is stored. */
  readonly oldestUnstoredAt: () => number | null
  /** Placebos of a measure. */
  readonly runs: number
}

/** What came of it: a measure, or the reason why there is none. */
export type Measured =
  | { readonly measure: CalibrationMeasure; readonly reason: null }
  | { readonly measure: null; readonly reason: string }

/** The history could not be read to its end; another time it can. */
class HistoryUnreadable extends Error {
  override readonly name = 'HistoryUnreadable'
}

/**
 * Measures a unit's history up to now under a template.
 * @throws when the storage cannot be read and when `signal` aborts; a fault of the calculation is a reason.
 */
export async function measureUnit(
  options: MeasureOptions,
  unit: Unit,
  template: Template,
  signal: AbortSignal,
): Promise<Measured> {
  if (template.metrics.every(isQueried)) {
    const reason =
      'expected a metric that is judged from telemetry, of which placebos are made; all of them are queried'
    return { measure: null, reason }
  }
  const complete = watermark(options.now(), options.oldestUnstoredAt(), template.watermarkSeconds)
  const rows = await options.rollups.histories(unit, complete - mostHistoryMs, complete)
  const history = planHistory(rows, complete)
  if (typeof history === 'string') return { measure: null, reason: history }
  const plan = planMeasure(history, unit, template, await canaryPods(options, unit), options.runs)
  try {
    const measure = await measureInWorker(read(options, unit, template, history, signal), plan, signal)
    if (measure.after.rate !== null) return { measure, reason: null }
    const reason = `expected more than ${plan.canaryPods} pods at once for a placebo and the others, found too few to compare`
    return { measure: null, reason }
  } catch (error) {
    if (error instanceof HistoryUnreadable || signal.aborted) throw error
    return { measure: null, reason: `the calculation failed: ${error instanceof Error ? error.message : error}` }
  }
}

function planMeasure(
  { version, from, to, pods }: HistoryPlan,
  unit: Unit,
  template: Template,
  podsOfCanaries: number,
  runs: number,
): MeasurePlan {
  const longest = Math.min(mostSeconds, template.deadlineSeconds, (to - from) / 2000)
  return {
    ...{ template, version, from, to, runs },
    canaryPods: Math.max(1, Math.min(podsOfCanaries, Math.floor(pods / 2))),
    seconds: Math.max(template.lookSeconds, Math.floor(longest)),
    seed: Number.parseInt(digestOf([unit, template, from, to]).slice(-8), 16),
  }
}

/** As many as the unit's last canaries had, their median; 1 when there were none. */
async function canaryPods({ deployments, looks }: MeasureOptions, unit: Unit): Promise<number> {
  const ofUnit = deployments.list().filter((deployment) => isSameUnit(deployment, unit))
  const newest = await looks.newest(ofUnit.slice(0, recentCanaries).map(({ id }) => id))
  const pods = [...newest.values()].flatMap(({ metrics }) => {
    const most = Math.max(0, ...metrics.map(({ canary }) => canary.pods))
    return most > 0 ? [most] : []
  })
  return pods.toSorted((a, b) => a - b)[Math.floor((pods.length - 1) / 2)] ?? 1
}

async function* read(
  { rollups }: MeasureOptions,
  unit: Unit,
  template: Template,
  { version, from, to, thin }: HistoryPlan,
  signal: AbortSignal,
): AsyncGenerator<HistoryRows, void> {
  for (let at = from; at < to; at += chunkMs) {
    const end = Math.min(to, at + chunkMs)
    try {
      yield await readHistoryRows(rollups, { ...unit, version }, template, { from: at, to: end, thin }, signal)
    } catch (cause) {
      throw new HistoryUnreadable(`the history of ${unit.service} could not be read`, { cause })
    }
  }
}
