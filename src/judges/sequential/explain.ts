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
import { isOfRequests } from '../../domain/template.ts'
import type { Conclusion, Judgement, Where } from '../../domain/verdict.ts'
import type { Reading } from './metric-trial.ts'
import { bothValues, inSentence, isErrorRate, speakingQuantile, subjectOf } from './metric-words.ts'
import type { Names, ReasonFacts } from './reason-facts.ts'
import { tellObstacle } from './tell-obstacle.ts'
import { clip, fitSummary, quantileName, shortName, shortVersion } from './words.ts'

function namesOf(context: TrialContext): Names {
  return {
    s: shortName(context.service),
    c: shortVersion(context.canaryLabel),
    b: shortVersion(context.baselineLabel),
  }
}

/** The reason of a ruling: one sentence of at most 140 characters, and up to three that say how much is known. */
export function explain(facts: ReasonFacts): Conclusion['reason'] {
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

/** Longest first, for {@link fitSummary}. */
function summaries(facts: ReasonFacts, names: Names): string[] {
  const { s, c } = names
  const { arrivals, context } = facts
  const told = tellObstacle(facts, names)
  if (told !== null) return [...told.summaries]
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
    case 'DEADLINE':
      return [
        `${formatDuration(context.template.deadlineSeconds)} of ${s} ${c} were too few requests to rule harm out.`,
      ]
    default:
      return [`No harm seen in ${s} ${c}, but too few requests to rule it out.`]
  }
}

function harmSummaries(facts: ReasonFacts, { s, c, b }: Names, ending: string): string[] {
  const { readings, callees, context } = facts
  const reading = worst(readings)
  if (reading === undefined) return [`${s} ${c} does harm beyond your margins.`]
  const { judgement } = reading
  const quantile = speakingQuantile(judgement)
  if (quantile !== undefined) {
    const name = quantileName(quantile.quantile)
    const figures = `${name} ${formatSeconds(quantile.canary)} against ${formatSeconds(quantile.baseline)}`
    // What is asked of a source of its own may be anybody's durations.
    if (!isOfService(judgement, context)) {
      const words = `${s} ${c}: ${judgement.name.replaceAll('-', ' ')} ${figures}`
      return [`${words} for ${b}${ending}.`, `${words}.`]
    }
    const { slow } = callees
    const blamed =
      slow === null
        ? []
        : [
            `${slow.summary}: ${name} ${formatSeconds(quantile.canary)} for ${c} against ${formatSeconds(quantile.baseline)} for ${b}${ending}.`,
            `${slow.summary}: ${figures}${ending}.`,
            `${slow.summary}${ending}.`,
          ]
    return [...blamed, `${s} ${c} is slow: ${figures} for ${b}${ending}.`, `${s} ${c} is slow: ${figures}.`]
  }
  const [first] = judgement.where
  if (judgement.kind === 'signatures' && first !== undefined) return loggedSummaries(first, { s, c, b }, ending)
  if (judgement.kind === 'edges' && first !== undefined) return calledSummaries(first, { s, c, b }, ending)
  if (!isErrorRate(judgement)) {
    const { name, are } = subjectOf(judgement)
    const sentence = `${s} ${c}: ${inSentence(name)} ${are} ${bothValues(judgement)}`
    return [`${sentence} for ${b}${ending}.`, `${sentence}.`]
  }
  const rates = `${formatPercent(judgement.canary.value)} of requests against ${formatPercent(judgement.baseline.value)}`
  const sentence = `${s} ${c} fails ${rates} for ${b}`
  const place = placeOf(reading)
  const whole = [`${sentence}${ending}.`, `${s} ${c} fails ${rates}.`]
  if (callees.failing === null) return [`${sentence}${place}${ending}.`, ...whole]
  const blamed = `: ${callees.failing.summary}${ending}.`
  return [`${sentence}${place}${blamed}`, `${sentence}${blamed}`, `${s} ${c} fails ${rates}${blamed}`, ...whole]
}

/** Whether a metric is of the service's own requests, and not what a source tells of others. */
function isOfService({ name }: Judgement, { template }: TrialContext): boolean {
  const spec = template.metrics.find((metric) => metric.name === name)
  return spec === undefined || isOfRequests(spec)
}

/** What the canary logs, in whose words: they say more than how often. */
function loggedSummaries({ value, canary, baseline }: Where, { s, c, b }: Names, ending: string): string[] {
  const share = ({ errors, requests }: Where['canary']) => formatPercent(requests === 0 ? null : errors / requests)
  const rates = `in ${share(canary)} of requests against ${share(baseline)}`
  return [60, 40, 24].flatMap((length) => {
    const words = `${s} ${c} logs “${clip(value, length)}” ${rates}`
    return [`${words} for ${b}${ending}.`, `${words}${ending}.`]
  })
}

/** Whom the canary has begun to call, or no longer calls. */
function calledSummaries({ attribute, value, canary, baseline }: Where, { s, c, b }: Names, ending: string): string[] {
  const isGone = attribute === 'vanished edge'
  const rarer = (isGone ? canary : baseline).errors > 0
  return [60, 40, 24].flatMap((length) => {
    const edge = `“${clip(value, length)}”`
    const words = isGone ? `${s} ${c} ${rarer ? 'hardly calls' : 'no longer calls'} ${edge}` : `${s} ${c} calls ${edge}`
    const other = isGone ? `which ${b} calls` : `which ${b} ${rarer ? 'hardly calls' : 'does not call'}`
    return [`${words}, ${other}${ending}.`, `${words}${ending}.`]
  })
}

/** Where the excess is, when one operation has most of it. */
function placeOf({ judgement, worstShare }: Reading): string {
  const route = judgement.where[0]
  if (route === undefined || worstShare < 0.5) return ''
  return `, ${worstShare >= 0.8 ? 'nearly all' : 'most'} on ${shortName(route.value)}`
}

function details(facts: ReasonFacts, names: Names): (string | null)[] {
  const { readings } = facts
  const { template } = facts.context
  const told = tellObstacle(facts, names)
  if (told !== null) return [...told.details]
  switch (facts.ruling.code) {
    case 'HARM_SHOWN':
      return harmDetails(facts, names)
    case 'HARM_LIKELY':
      return [...harmDetails(facts, names).slice(0, 1), forecast(facts), 'A rollout should wait here.']
    case 'HARM_RULED_OUT':
      return [upperBounds(readings, names)]
    case 'EXPOSURE_REACHED':
      return [couldStillHide(readings), upToNow(readings, names)]
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

function effectSentence(judgement: Judgement, { b }: Names): string {
  const { name, are, those } = subjectOf(judgement)
  const { ratio, low, high, margin } = judgement.effect
  const interval = formatInterval(low, high)
  const range = interval === '–' ? '' : ` (${interval})`
  if (ratio === null) return `${name} ${are} new: ${b} has none; your margin is ${formatRatio(margin)}.`
  return `${name} ${are} ${formatRatio(ratio)} ${those} of ${b}${range}; your margin is ${formatRatio(margin)}.`
}

function harmDetails({ readings, begunAt }: ReasonFacts, names: Names): string[] {
  const reading = worst(readings)
  if (reading === undefined) return []
  const { judgement } = reading
  const sentences = [effectSentence(judgement, names)]
  if (begunAt !== null) sentences.push(`It began at about ${formatTime(begunAt)}; the figures count from then.`)
  const { canary, baseline } = judgement
  if (isErrorRate(judgement) && canary.value !== null) {
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
        return `${inSentence(name)} ${are} rare: ${formatPercent(judgement.canary.value)} of ${formatCount(judgement.canary.samples)} requests`
      }
      const subject = `${inSentence(name)} ${are}`
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
  const { effect } = reading.judgement
  const interval = formatInterval(effect.low, effect.high)
  const range = interval === '–' ? 'no interval yet' : `${interval} times as much`
  return `${name} ${are} ${bothValues(reading.judgement)} for ${b}: ${range}.`
}

function couldStillHide(readings: readonly Reading[]): string | null {
  const reading = readings.find(({ judgement }) => judgement.critical && judgement.smallestDetectable !== null)
  if (reading === undefined) return null
  const { name } = subjectOf(reading.judgement)
  return `${name} below ${formatRatio(reading.judgement.smallestDetectable)} could still hide.`
}

function forecast({ expectedDecisionAt }: ReasonFacts): string | null {
  return expectedDecisionAt === null ? null : `A decision comes at about ${formatTime(expectedDecisionAt)}.`
}
