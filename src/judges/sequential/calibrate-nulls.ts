import type { PlaceboRate } from '../../domain/calibration.ts'
import type { MetricNulls, NullParameters } from '../../domain/null-parameters.ts'
import { metricNull } from './metric-null.ts'
import { type PlaceboPlan, replayPlacebos } from './placebo.ts'
import type { HistoryTick } from './placebo-slices.ts'

const step = 1.25

/** A tauPod below this is none on the grid, and so no start for raising it. */
const leastRaised = 0.04

/** Five times the cold start: pods that differ more are no replicas of each other. */
const mostTauPod = 1

export type Calibration = {
  /** The plan's nulls, with the tauPod of metrics that rolled placebos back raised; those then count as learned. */
  readonly nulls: MetricNulls
  /** The placebos as planned, and with `nulls`; the same when nothing was raised. */
  readonly before: PlaceboRate
  readonly after: PlaceboRate
  /** How often the placebos were judged again with something raised. */
  readonly raises: number
  /**
   * Whether at most a share alpha of the placebos is rolled back with `nulls`. false: not even at the largest tauPod,
   * or there was no placebo at all. Then the promise of alpha is not known to hold for this service.
   */
  readonly isWithinAlpha: boolean
}

/**
 * Replays placebos and, while more than a share alpha of them is rolled back, makes the null more careful: tauPod times
 * 1.25, up to 1, for each metric that a rollback came from. The noise behind a false rollback may be of another kind
 * (longer bursts, drifts of single pods); a larger tauPod covers it all the same, at the price of a later verdict.
 *
 * The rate after raising is of the very placebos that asked for it, so it is a little better than new ones would show.
 */
export function calibrateNulls(history: readonly HistoryTick[], plan: PlaceboPlan): Calibration {
  const before = replayPlacebos(history, plan)
  let nulls = plan.nulls ?? {}
  let after = before
  let raises = 0
  while (isAbove(after, plan)) {
    const raised = raise(nulls, after)
    if (raised === null) break
    nulls = raised
    after = replayPlacebos(history, { ...plan, nulls })
    raises++
  }
  return { nulls, before, after, raises, isWithinAlpha: after.rate !== null && !isAbove(after, plan) }
}

function isAbove({ rate }: PlaceboRate, { template }: PlaceboPlan): boolean {
  return rate !== null && rate > template.alpha
}

/** The nulls with more of tauPod where rollbacks came from; null when there is nothing left to raise. */
function raise(nulls: MetricNulls, { rollbacksBy }: PlaceboRate): MetricNulls | null {
  const raised: [string, NullParameters][] = []
  for (const name of Object.keys(rollbacksBy)) {
    const { parameters } = metricNull(nulls, name)
    if (parameters.tauPod >= mostTauPod) continue
    const tauPod = Math.min(mostTauPod, step * Math.max(leastRaised, parameters.tauPod))
    raised.push([name, { ...parameters, tauPod }])
  }
  return raised.length === 0 ? null : { ...nulls, ...Object.fromEntries(raised) }
}
