import {
  formatCount,
  formatDuration,
  formatInterval,
  formatPercent,
  formatRatio,
  formatSeconds,
  formatTime,
} from '../../domain/format.ts'
import type { TrialContext } from '../../domain/judge.ts'
import type { Conclusion, Judgement, QuantileJudgement } from '../../domain/verdict.ts'
import type { Arrivals } from './arrivals.ts'
import type { Ruling } from './decide.ts'
import type { Reading } from './metric-trial.ts'
import type { Silence } from './silence.ts'
import { fitSummary, quantileName, shortName, shortVersion } from './words.ts'

/** What a reason is told from. */
export type Facts = {
  readonly ruling: Ruling
  readonly context: TrialContext
  readonly arrivals: Arrivals
  readonly silence: Silence | null
  readonly readings: readonly Reading[]
  /** Unix milliseconds since when `readings` count, when harm began later than the trial; null: from its start. */
  readonly begunAt: number | null
  readonly at: number
  readonly expectedDecisionAt: number | null
}

/** The names as sentences use them: service, canary, baseline. */
type Names = { readonly s: string; readonly c: string; readonly b: string }

function namesOf(context: TrialContext): Names {
  return {
    s: shortName(context.service),
    c: shortVersion(context.canaryLabel),
    b: shortVersion(context.baselineLabel),
  }
}

/** The reason of a ruling: one sentence of at most 140 characters, and up to three that say how much is known. */
export function explain(facts: Facts): Conclusion['reason'] {
  const names = namesOf(facts.context)
  return {
    code: facts.ruling.code,
    summary: fitSummary(summaries(facts, names)),
    detail: details(facts, names)
      .filter((sentence) => sentence !== null)
      .slice(0, 3)
      .join(' '),
  }
}

/** The metric with most evidence of harm by its share of the budget. */
function worst(readings: readonly Reading[]): Reading | undefined {
  const share = ({ judgement, logE }: Reading): number => Math.log(Math.max(1e-9, judgement.weight)) + logE
  return readings.toSorted((a, b) => share(b) - share(a))[0]
}

/** The judged quantile that speaks for a latency metric. */
function quantileOf(judgement: Judgement): QuantileJudgement | undefined {
  return judgement.quantiles?.find((quantile) => quantile.effect === judgement.effect)
}

/** Longest first, for {@link fitSummary}. */
function summaries(facts: Facts, names: Names): string[] {
  const { s, c, b } = names
  const { arrivals, context } = facts
  const start = context.startedAt + context.template.warmUpSeconds * 1000
  switch (facts.ruling.code) {
    case 'HARM_SHOWN':
      return harmSummaries(facts, names, '')
    case 'HARM_LIKELY':
      return harmSummaries(facts, names, '; likely, not yet shown')
    case 'HARM_RULED_OUT':
      return [`${s} ${c} does no harm beyond your margins.`]
    case 'EXPOSURE_REACHED':
      return [
        `${s} ${c} saw ${formatCount(arrivals.requests.canary)} requests without a sign of harm; harm was not ruled out.`,
      ]
    case 'WARMING_UP':
      return context.template.warmUpSeconds === 0
        ? [`${s} ${c} has just started; judging starts with its first look.`]
        : [`${s} ${c} is warming up; judging starts at ${formatTime(start)}.`]
    case 'NO_TRAFFIC':
      return [`No request has reached ${s} ${c} since ${formatTime(lastRequest(arrivals) ?? start)}.`]
    case 'NO_CANARY_DATA':
      return [
        `Nothing has arrived from ${s} ${c} since ${formatTime(arrivals.last.canary ?? start)}, although ${b} has traffic.`,
        `Nothing has arrived from ${s} ${c}.`,
      ]
    case 'CANARY_SILENT':
      return silenceSummaries(facts, names)
    case 'NO_BASELINE_DATA':
      return context.hasBaseline
        ? [`${s} ${c} has nothing to be compared with: no data from ${b}.`]
        : [`${s} ${c} has nothing to be compared with: no baseline was found.`]
    case 'TELEMETRY_LOSS':
      return [lossSummary(arrivals, names)]
    case 'COHORTS_OVERLAP':
      return [overlapSummary(arrivals, names)]
    case 'DEADLINE':
      return [
        `${formatDuration(context.template.deadlineSeconds)} of ${s} ${c} were too few requests to rule harm out.`,
      ]
    default:
      return [`No harm seen in ${s} ${c}, but too few requests to rule it out.`]
  }
}

function silenceSummaries({ silence }: Facts, { s, c }: Names): string[] {
  if (silence === null) return [`${s} ${c} is silent although traffic is sent to it.`]
  const counts = `${formatCount(silence.delivered)} of about ${formatCount(Math.round(silence.expected))} requests`
  return [
    `${s} ${c} is silent: ${counts} have been reported since ${formatTime(silence.since)}.`,
    `${s} ${c} is silent: ${counts} were reported.`,
  ]
}

function silenceDetails({ silence, ruling }: Facts): (string | null)[] {
  if (silence === null) return []
  return [
    'Traffic is announced for it, and the baseline reports its own.',
    `A harmless release is so silent about once in ${formatCount(Math.round(silence.eValue))} times; more cannot be said.`,
    ruling.decision === 'rollback' ? 'The template says to roll back on silence.' : 'Look whether it serves at all.',
  ]
}

function lastRequest({ last }: Arrivals): number | null {
  if (last.canary === null) return last.baseline
  return last.baseline === null ? last.canary : Math.max(last.canary, last.baseline)
}

function harmSummaries({ readings }: Facts, { s, c, b }: Names, ending: string): string[] {
  const reading = worst(readings)
  if (reading === undefined) return [`${s} ${c} does harm beyond your margins.`]
  const { judgement } = reading
  const quantile = quantileOf(judgement)
  if (quantile !== undefined) {
    const name = quantileName(quantile.quantile)
    const figures = `${name} ${formatSeconds(quantile.canary)} against ${formatSeconds(quantile.baseline)}`
    return [`${s} ${c} is slow: ${figures} for ${b}${ending}.`, `${s} ${c} is slow: ${figures}.`]
  }
  const rates = `${formatPercent(judgement.canary.value)} of requests against ${formatPercent(judgement.baseline.value)}`
  const sentence = `${s} ${c} fails ${rates} for ${b}`
  const place = placeOf(reading)
  return [`${sentence}${place}${ending}.`, `${sentence}${ending}.`, `${s} ${c} fails ${rates}.`]
}

/** Where the excess is, when one operation has most of it. */
function placeOf({ judgement, worstShare }: Reading): string {
  const route = judgement.where[0]
  if (route === undefined || worstShare < 0.5) return ''
  return `, ${worstShare >= 0.8 ? 'nearly all' : 'most'} on ${shortName(route.value)}`
}

function lossSummary({ lateShare }: Arrivals, { s, c, b }: Names): string {
  const isCanary = lateShare.canary >= lateShare.baseline
  const share = formatPercent(Math.max(lateShare.canary, lateShare.baseline))
  return `${share} of ${s} ${isCanary ? c : b}'s requests came too late to be judged, so its figures cannot be trusted.`
}

function overlapSummary({ overlap }: Arrivals, { s, c, b }: Names): string {
  const pods = overlap.length === 1 ? `Pod ${shortName(overlap[0]!)} reports` : `${overlap.length} pods report`
  return `${pods} as both ${c} and ${b}, so ${s} cannot be compared.`
}

function details(facts: Facts, names: Names): (string | null)[] {
  const { context, arrivals, readings } = facts
  const { template } = context
  switch (facts.ruling.code) {
    case 'HARM_SHOWN':
      return harmDetails(facts, names)
    case 'HARM_LIKELY':
      return [...harmDetails(facts, names).slice(0, 1), forecast(facts), 'A rollout should wait here.']
    case 'HARM_RULED_OUT':
      return [upperBounds(readings, names)]
    case 'EXPOSURE_REACHED':
      return [couldStillHide(readings), upToNow(readings, names)]
    case 'WARMING_UP':
      return template.warmUpSeconds === 0
        ? ['Nothing has been judged yet.']
        : [`The first ${formatDuration(template.warmUpSeconds)} after the start are left out.`]
    case 'NO_TRAFFIC':
    case 'NO_CANARY_DATA':
      return [`Neither harm nor its absence is known.`, deadline(context)]
    case 'CANARY_SILENT':
      return silenceDetails(facts)
    case 'NO_BASELINE_DATA':
      return [
        `${formatCount(arrivals.requests.canary)} requests of ${names.c} were counted, and nothing beside them.`,
        deadline(context),
      ]
    case 'TELEMETRY_LOSS':
      return ['Nothing new is decided until at most 1% of the requests come late.', deadline(context)]
    case 'COHORTS_OVERLAP':
      return ['Slices in which a pod belongs to both versions are not judged.', deadline(context)]
    case 'DEADLINE':
      return [
        upToNow(readings, names),
        couldStillHide(readings),
        `At the deadline the template says: ${template.onDeadline}.`,
      ]
    default:
      return [upToNow(readings, names), forecast(facts), couldStillHide(readings)]
  }
}

/** 'Errors are' or 'p99 latency is'. */
function subjectOf(judgement: Judgement): { readonly name: string; readonly are: string; readonly those: string } {
  const quantile = quantileOf(judgement)
  return quantile === undefined
    ? { name: 'Errors', are: 'are', those: 'those' }
    : { name: `${quantileName(quantile.quantile)} latency`, are: 'is', those: 'that' }
}

function effectSentence(judgement: Judgement, { b }: Names): string {
  const { name, are, those } = subjectOf(judgement)
  const { ratio, low, high, margin } = judgement.effect
  const interval = formatInterval(low, high)
  const range = interval === '–' ? '' : ` (${interval})`
  if (ratio === null) return `${name} ${are} new: ${b} has none; your margin is ${formatRatio(margin)}.`
  return `${name} ${are} ${formatRatio(ratio)} ${those} of ${b}${range}; your margin is ${formatRatio(margin)}.`
}

function harmDetails({ readings, begunAt }: Facts, names: Names): string[] {
  const reading = worst(readings)
  if (reading === undefined) return []
  const { judgement } = reading
  const sentences = [effectSentence(judgement, names)]
  if (begunAt !== null) sentences.push(`It began at about ${formatTime(begunAt)}; the figures count from then.`)
  const { canary, baseline } = judgement
  if (judgement.kind === 'proportion' && canary.value !== null) {
    const excess = Math.round((canary.value - (baseline.value ?? 0)) * canary.samples)
    if (excess > 0) sentences.push(`About ${formatCount(excess)} requests failed that ${names.b} would have served.`)
  }
  const next = readings.find((other) => other !== reading && other.looksHarmful)
  if (next !== undefined) sentences.push(effectSentence(next.judgement, names))
  return sentences
}

/** What was ruled out, metric by metric: 'errors are at most 1.16× those of 2.4.0 (you allow 3.0×); p99 latency …'. */
function upperBounds(readings: readonly Reading[], { b }: Names): string {
  const clauses = readings
    .filter(({ judgement }) => judgement.critical)
    .map(({ judgement }) => {
      const { name, are, those } = subjectOf(judgement)
      const { high, promoteMargin } = judgement.effect
      if (judgement.promoteProof === 'floor') {
        return `${name.toLowerCase()} are rare: ${formatPercent(judgement.canary.value)} of ${formatCount(judgement.canary.samples)} requests`
      }
      const subject = `${judgement.kind === 'proportion' ? 'errors' : name} ${are}`
      return high === null || high >= promoteMargin
        ? `${subject} below ${formatRatio(promoteMargin)} ${those} of ${b}`
        : `${subject} at most ${formatRatio(high)} ${those} of ${b} (you allow ${formatRatio(promoteMargin)})`
    })
  const text = clauses.join('; ')
  return `Harm beyond your promote margins is ruled out: ${text}.`
}

/** What is known so far, for the first metric that has an effect. */
function upToNow(readings: readonly Reading[], { b }: Names): string | null {
  const reading = readings.find(({ judgement }) => judgement.critical && judgement.effect.ratio !== null)
  if (reading === undefined) return null
  const { name, are } = subjectOf(reading.judgement)
  const { canary, baseline, effect, kind } = reading.judgement
  const format = kind === 'proportion' ? formatPercent : formatSeconds
  const interval = formatInterval(effect.low, effect.high)
  const range = interval === '–' ? 'no interval yet' : `${interval} times as much`
  return `${name} ${are} ${format(canary.value)} against ${format(baseline.value)} for ${b}: ${range}.`
}

function couldStillHide(readings: readonly Reading[]): string | null {
  const reading = readings.find(({ judgement }) => judgement.critical && judgement.smallestDetectable !== null)
  if (reading === undefined) return null
  const { name } = subjectOf(reading.judgement)
  return `${name} below ${formatRatio(reading.judgement.smallestDetectable)} could still hide.`
}

function forecast({ expectedDecisionAt }: Facts): string | null {
  return expectedDecisionAt === null ? null : `A decision comes at about ${formatTime(expectedDecisionAt)}.`
}

function deadline({ startedAt, template }: TrialContext): string {
  return `The deadline is ${formatTime(startedAt + template.deadlineSeconds * 1000)}.`
}
