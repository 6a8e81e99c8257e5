import type { Slice } from '../../../src/domain/evidence.ts'
import type { Trial } from '../../../src/domain/judge.ts'
import type { MetricNulls } from '../../../src/domain/null-parameters.ts'
import type { MetricSpec, Template } from '../../../src/domain/template.ts'
import { armTau } from '../../../src/judges/sequential/cold-start.ts'
import { logFromStart, logShareOfStart } from '../../../src/judges/sequential/late-onset.ts'
import { metricNull } from '../../../src/judges/sequential/metric-null.ts'
import { openTrial } from '../../../src/judges/sequential/open-trial.ts'
import {
  harmEvidence,
  logEvidence,
  type RatioEvidence,
  withBlock,
} from '../../../src/judges/sequential/ratio-evidence.ts'
import { gridFirst, gridStep, kernelFirst } from '../../../src/stats/ratio-grid.ts'
import { type RatioPrior, ratioPrior, type Stratum } from '../../../src/stats/ratio-process.ts'
import { blockSeconds, type CanaryRun, runSeconds, runStartedAt } from './canary-run.ts'
import { tickSeconds } from './generate-traffic.ts'

/** The default template's error metric by itself, so with the whole error budget: the other judges have one metric too. */
export const errorMetric: MetricSpec = {
  name: 'error-rate',
  kind: 'proportion',
  source: 'spans',
  direction: 'increase',
  weight: 1,
  group: 'errors',
  margin: 1.25,
  promoteMargin: 2,
  promoteFloor: 0.005,
  rollbackFloor: 0.001,
  critical: true,
}

const template: Template = {
  name: 'error-rate-only',
  alpha: 0.01,
  alphaPromote: 0.05,
  lookSeconds: tickSeconds,
  blockSeconds,
  watermarkSeconds: 0,
  warmUpSeconds: 0,
  minimum: { seconds: 300, requests: 500 },
  exposureMode: false,
  deadlineSeconds: runSeconds,
  onDeadline: 'hold',
  onSilence: 'hold',
  metrics: [errorMetric],
}

/** Evidence that could decide; a tenth below what does, for rounding. */
const logDecisive = -Math.log(template.alpha) - 0.1

/**
 * Seconds until the sequential judge rolls the canary back, or null. What rolls back is always the judge's own trial, which
 * has seen every slice and is asked at every look that could decide. The trial costs a hundred times as much as a bound on
 * its evidence of harm, so it is opened only when the bound reaches what decides, and asked only at such looks. What is
 * left out changes nothing: a trial that is not asked latches nothing, and what else it holds against a rollback only
 * lowers the evidence.
 *
 * @param isAskedAlways true: the trial by itself, asked at every look, which takes about ten times as long and must give
 * the same
 */
export function davyRollback({ slices }: CanaryRun, nulls: MetricNulls, isAskedAlways = false): number | null {
  const bound = trackHarmBound(slices[0], nulls)
  let trial: Trial | null = null
  for (const [i, slice] of slices.entries()) {
    trial?.observe(slice)
    if (!isAskedAlways && !bound.canDecide(slice)) continue
    trial ??= trialOf(slices.slice(0, i + 1), nulls)
    if (trial.conclude(slice.to).decision === 'rollback') return (slice.to - runStartedAt) / 1000
  }
  return null
}

function trialOf(seen: readonly Slice[], nulls: MetricNulls): Trial {
  const trial = openTrial({
    service: 'simulated',
    baselineLabel: '1',
    canaryLabel: '2',
    hasBaseline: true,
    startedAt: runStartedAt,
    attempt: 1,
    template,
    reference: [],
    nulls,
  })
  for (const slice of seen) trial.observe(slice)
  return trial
}

/**
 * Whether the trial's evidence of harm can decide after each slice. Its most comes from the functions that the trial sums
 * it up with: from the start with the open block, and, where a block ends, from the end of any block before it, each with
 * the share of the budget that it has there. Within a block a rougher bound of a few logarithms goes first.
 */
function trackHarmBound(first: Slice | undefined, nulls: MetricNulls): { canDecide(slice: Slice): boolean } {
  const { parameters } = metricNull(nulls, errorMetric.name)
  const podsOf = (pods: object = {}): number => Math.max(1, Object.keys(pods).length)
  const prior = ratioPrior(armTau(parameters.tauPod, podsOf(first?.canary.pods), podsOf(first?.baseline.pods)))
  let closed = harmEvidence(errorMetric.margin, parameters)
  let roughly = roughBoundOfBlock(closed, prior)
  const starts: Float64Array[] = []
  let open: Stratum = { xc: 0, nc: 0, xb: 0, nb: 0 }
  return {
    canDecide({ canary, baseline, closesBlock }) {
      open = {
        xc: open.xc + canary.errors,
        nc: open.nc + canary.requests,
        xb: open.xb + baseline.errors,
        nb: open.nb + baseline.requests,
      }
      if (!closesBlock && logFromStart + roughly(open) < logDecisive) return false
      const now = withBlock(closed, [open])
      let most = logFromStart + logEvidence(now, [prior])
      if (!closesBlock) return most >= logDecisive
      for (const [i, start] of starts.entries()) {
        const logShare = logShareOfStart(i + 1, runSeconds / blockSeconds)
        if (logShare + roughBound(now.closed, start, prior) <= most) continue
        const since = now.closed.map((sum, j) => sum - start[j]!)
        most = Math.max(most, logShare + logEvidence({ ...now, closed: since }, [prior]))
      }
      closed = now
      roughly = roughBoundOfBlock(closed, prior)
      starts.push(now.closed)
      open = { xc: 0, nc: 0, xb: 0, nb: 0 }
      return most >= logDecisive
    },
  }
}

/** log E of the blocks after `start` is at most max_j S_j - S_c - log pi0_c for any c; a tenth of the cost of log E. */
function roughBound(closed: Float64Array, start: Float64Array, prior: RatioPrior): number {
  let greatest = Number.NEGATIVE_INFINITY
  for (let j = 0; j < closed.length; j++) greatest = Math.max(greatest, closed[j]! - start[j]!)
  const centre = -gridFirst
  return greatest - (closed[centre]! - start[centre]!) - Math.log(prior.null[centre]!)
}

/**
 * With an open block B, log E is at most max_j S_j + max B - S_c - B_c - log pi0_c for any c, where B is at most the
 * greatest A of any ratio and B_c at least A_c with the kernel's weight of no shift.
 */
function roughBoundOfBlock({ closed, model }: RatioEvidence, prior: RatioPrior): (open: Stratum) => number {
  let greatest = Number.NEGATIVE_INFINITY
  let own = { logWeight: Number.NEGATIVE_INFINITY, logRatio: 0 }
  for (let j = 0; j < closed.length; j++) {
    greatest = Math.max(greatest, closed[j]!)
    const logWeight = closed[j]! + Math.log(prior.null[j]!)
    if (logWeight > own.logWeight) own = { logWeight, logRatio: Math.log(model.r0) + (gridFirst + j) * gridStep }
  }
  const unshifted = model.kernel === null ? 0 : Math.log(model.kernel[-kernelFirst]!)
  return ({ xc, nc, xb, nb }) => {
    const m = xc + xb
    if (!(m > 0 && nc > 0 && nb > 0)) return greatest - own.logWeight
    const rho = nc / nb
    const atBest = timesLog(xc) + timesLog(xb) - timesLog(m) - xc * Math.log(rho)
    const here = xc * own.logRatio - m * Math.log1p(rho * Math.exp(own.logRatio))
    return greatest - own.logWeight - unshifted + (atBest - here) / model.phi
  }
}

function timesLog(count: number): number {
  return count === 0 ? 0 : count * Math.log(count)
}
