import type { Slice } from '../../domain/evidence.ts'
import type { Trial, TrialContext } from '../../domain/judge.ts'
import { mainQuery } from '../../domain/template.ts'
import type { Conclusion } from '../../domain/verdict.ts'
import { combineLogE } from '../../stats/combine-evidence.ts'
import { nobodyBlamed, trackCallees } from '../explanation/track-callees.ts'
import { addArrivals, noArrivals, overlappingPods } from './arrivals.ts'
import { attemptBudget, type Budget } from './attempt-budget.ts'
import { watchBaselineHealth } from './baseline-health.ts'
import { decide, type Ruling } from './decide.ts'
import { expectedDecision } from './expected-decision.ts'
import { explain } from './explain.ts'
import { logFromStart, trackLateOnset } from './late-onset.ts'
import { metricNull } from './metric-null.ts'
import { eValue, type MetricTrial, type Reading } from './metric-trial.ts'
import { openMetric } from './open-metric.ts'
import { trackPodAges } from './pod-ages.ts'
import { trackPodEffect } from './pod-effect.ts'
import { watchSampling } from './sampling.ts'
import { watchSilence } from './silence.ts'
import { watchTrafficSplit } from './traffic-split.ts'

/**
 * Opens the sequential judge's trial of one deployment: anytime-valid evidence per metric, one error budget over all
 * metrics and looks. Throws when the template has a kind of metric that nobody judges, or weights above 1 in sum,
 * or when the null of one of its metrics is no null.
 */
export function openTrial(context: TrialContext): Trial {
  const { template, startedAt } = context
  const weights = template.metrics.map((metric) => metric.weight)
  const sum = weights.reduce((total, weight) => total + weight, 0)
  if (sum > 1 + 1e-9) throw new Error(`template ${template.name}: expected weights of at most 1 in sum, got ${sum}`)
  const ages = trackPodAges()
  const metrics = template.metrics.map((spec) => {
    const own = metricNull(context.nulls, spec.name)
    return {
      ...own,
      open: () => openMetric(spec, { context, parameters: own.parameters, isLearned: own.learned, ages }),
    }
  })
  const openAll = (): MetricTrial[] => metrics.map(({ open }) => open())
  const fromStart = openAll()
  const lateOnset = trackLateOnset(openAll, weights, template.deadlineSeconds / template.blockSeconds)
  const podEffect = trackPodEffect()
  const silenceWatch = watchSilence()
  const health = watchBaselineHealth(context.referenceCounts)
  const sampling = watchSampling()
  const callees = trackCallees()
  const split = watchTrafficSplit(context.strategy)
  // Without it nobody counts requests, whether it is critical or not.
  const main = mainQuery(template)?.name
  const budget = attemptBudget(template, context.attempt)
  const warmUpEnd = startedAt + template.warmUpSeconds * 1000
  let arrivals = noArrivals
  let highestLogE = Number.NEGATIVE_INFINITY
  let rollback: Conclusion | null = null
  let promote: { readonly ruling: Ruling; readonly step: number; readonly reason: Conclusion['reason'] } | null = null

  function observe(slice: Slice): void {
    const isJudged = slice.to > warmUpEnd
    arrivals = addArrivals(arrivals, slice, isJudged)
    ages.observe(slice)
    if (!isJudged) return
    for (const watch of [silenceWatch, health, sampling, split]) watch.observe(slice)
    // A slice in which a pod is in both arms compares a version with itself.
    if (overlappingPods(slice).length === 0) {
      podEffect.observe(slice)
      callees.observe(slice)
      for (const metric of fromStart) metric.observe(slice)
      lateOnset.observe(slice)
    }
    if (!slice.closesBlock) return
    podEffect.closeBlock()
    for (const metric of fromStart) metric.closeBlock()
    lateOnset.closeBlock(slice.to, (trials) => read(trials, false).map(({ logE }) => logE))
  }

  /** @param hasIntervals false: intervals, which cost most of a reading, are left open. */
  function read(trials: readonly MetricTrial[], hasIntervals = true): Reading[] {
    const shared = {
      budget,
      pods: podEffect.pods(),
      seconds: arrivals.from === null || arrivals.to === null ? 0 : (arrivals.to - arrivals.from) / 1000,
    }
    return metrics.map(({ parameters, learned }, i) => {
      const { tauPod } = parameters
      const look = {
        ...shared,
        parameters,
        priors: podEffect.priors(tauPod),
        intervals: hasIntervals ? podEffect.intervals(tauPod) : [],
      }
      const reading = trials[i]!.read(look)
      return learned ? { ...reading, judgement: { ...reading.judgement, null: { learned, ...parameters } } } : reading
    })
  }

  function conclude(at: number): Conclusion {
    if (rollback !== null) return rollback
    const readings = read(fromStart)
    const late = lateOnset.strongest()
    const lateLogE = late?.logE ?? Number.NEGATIVE_INFINITY
    const wholeLogE =
      logFromStart +
      combineLogE(
        readings.map((reading) => reading.logE),
        weights,
      )
    const logE = Math.max(wholeLogE, lateLogE)
    highestLogE = Math.max(highestLogE, logE)
    const critical = readings.filter((reading) => reading.judgement.critical)
    const logPromote = critical.length === 0 ? null : Math.min(...critical.map((reading) => reading.logPromote))
    const latched = promote !== null && promote.step === arrivals.step ? promote : null
    const silence = silenceWatch.read()
    const faults = { sampling: sampling.read(), split: split.read(), outage: health.read() }
    const down =
      readings.find(({ judgement: { critical, name, fault } }) => fault !== undefined && (critical || name === main))
        ?.judgement ?? null
    const ruling = decide({
      at,
      startedAt,
      hasBaseline: context.hasBaseline,
      template,
      budget,
      arrivals,
      silence,
      incomparable:
        faults.sampling !== null ? 'SAMPLING_DIFFERS' : faults.split !== null ? 'SAMPLE_RATIO_MISMATCH' : null,
      isSourceDown: down !== null,
      outage: faults.outage?.code ?? null,
      logE,
      lateLogE,
      highestLogE,
      logPromote,
      latched: latched?.ruling ?? null,
    })
    const expectedDecisionAt =
      ruling.code === 'UNDERPOWERED' || ruling.code === 'HARM_LIKELY'
        ? expectedDecision(readings, arrivals, { template, startedAt, at })
        : null
    const isLatched = latched !== null && ruling === latched.ruling
    // Told from what shows the harm: over the whole run, harm that has just begun looks small.
    const begun = late !== null && late.logE > wholeLogE && isHarm(ruling) ? late : null
    const facts = {
      ruling,
      context,
      arrivals,
      silence,
      ...faults,
      down,
      readings: begun === null ? readings : read(begun.metrics),
      callees: isHarm(ruling) ? callees.read(context.service) : nobodyBlamed,
      begunAt: begun?.since ?? null,
      at,
      expectedDecisionAt,
    }
    const conclusion: Conclusion = {
      decision: ruling.decision,
      reason: isLatched ? latched.reason : explain(facts),
      score: scoreOf(ruling, logE, logPromote ?? 0, budget),
      confidence: {
        falseRollbackRate: budget.alpha,
        falsePromoteRate: budget.alphaPromote,
        eValue: eValue(logE),
        promoteEValue: eValue(logPromote ?? 0),
      },
      expectedDecisionAt,
      metrics: (ruling.code === 'HARM_SHOWN' ? facts.readings : readings).map((reading) => reading.judgement),
    }
    if (ruling.decision === 'rollback') rollback = conclusion
    if (ruling.decision === 'promote') promote = { ruling, step: arrivals.step, reason: conclusion.reason }
    return conclusion
  }

  return { observe, conclude }
}

function isHarm({ code }: Ruling): boolean {
  return code === 'HARM_SHOWN' || code === 'HARM_LIKELY'
}

/** 100 for a proven promote, 0 for a proven rollback or one for silence, else 50 with each proof's progress adding or taking up to 25. */
function scoreOf(ruling: Ruling, logE: number, logPromote: number, budget: Budget): number {
  if (ruling.code === 'HARM_RULED_OUT') return 100
  if (ruling.code === 'HARM_SHOWN' || (ruling.code === 'CANARY_SILENT' && ruling.decision === 'rollback')) return 0
  const progress = (log: number, alpha: number): number => Math.min(1, Math.max(0, log / -Math.log(alpha)))
  return 50 + 25 * (progress(logPromote, budget.alphaPromote) - progress(logE, budget.alpha))
}
