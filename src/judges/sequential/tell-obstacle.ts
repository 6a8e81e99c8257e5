import type { FailedCheck } from '../../domain/check.ts'
import { formatCount, formatDuration, formatPercent, formatTime } from '../../domain/format.ts'
import type { TrialContext } from '../../domain/judge.ts'
import type { Arrivals } from './arrivals.ts'
import { inSentence } from './metric-words.ts'
import type { Names, ReasonFacts } from './reason-facts.ts'
import { shortName } from './words.ts'

/** What is said of an obstacle: summaries, longest first, and details. */
type Told = { readonly summaries: readonly string[]; readonly details: readonly string[] }

/** What keeps the arms from being compared, in words; null when the ruling is none of that. */
export function tellObstacle(facts: ReasonFacts, names: Names): Told | null {
  const { s, c, b } = names
  const { arrivals, context } = facts
  const start = context.startedAt + context.template.warmUpSeconds * 1000
  const nothingKnown = ['Neither harm nor its absence is known.', deadline(context)]
  switch (facts.ruling.code) {
    case 'WARMING_UP':
      return tellWarmUp(facts, names, start)
    case 'NO_TRAFFIC': {
      const since = formatTime(lastRequest(arrivals) ?? start)
      return { summaries: [`No request has reached ${s} ${c} since ${since}.`], details: nothingKnown }
    }
    case 'NO_CANARY_DATA':
      return {
        summaries: [
          `Nothing has arrived from ${s} ${c} since ${formatTime(arrivals.last.canary ?? start)}, although ${b} has traffic.`,
          `Nothing has arrived from ${s} ${c}.`,
        ],
        details: nothingKnown,
      }
    case 'NO_BASELINE_DATA': {
      const why = context.hasBaseline ? `no data from ${b}` : 'no baseline was found'
      const requests = formatCount(arrivals.requests.canary)
      return {
        summaries: [`${s} ${c} has nothing to be compared with: ${why}.`],
        details: [`${requests} requests of ${c} were counted, and nothing beside them.`, deadline(context)],
      }
    }
    case 'CANARY_SILENT':
      return tellSilence(facts, names)
    case 'TELEMETRY_LOSS':
      return {
        summaries: [lossSummary(arrivals, names)],
        details: ['Nothing new is decided until at most 1% of the requests come late.', deadline(context)],
      }
    case 'COHORTS_OVERLAP':
      return {
        summaries: [overlapSummary(arrivals, names)],
        details: ['Slices in which a pod belongs to both versions are not judged.', deadline(context)],
      }
    case 'SAMPLING_DIFFERS':
      return tellSampling(facts, names)
    case 'SAMPLE_RATIO_MISMATCH':
      return tellSplit(facts, names)
    case 'CHECK_FAILED':
      return tellChecks(facts, names)
    case 'SOURCE_DOWN':
      return {
        summaries: [
          `${s} ${c} cannot be judged by ${inSentence(facts.down?.name ?? 'a metric')}: its source cannot be asked.`,
          `The source of a metric of ${s} cannot be asked.`,
        ],
        details: [
          ...(facts.down?.fault === undefined ? [] : [facts.down.fault]),
          'What it tells is made up for once it answers.',
          deadline(context),
        ],
      }
    case 'SHARED_OUTAGE':
    case 'BASELINE_UNHEALTHY':
      return tellOutage(facts, names)
    default:
      return null
  }
}

function tellWarmUp({ context: { template } }: ReasonFacts, { s, c }: Names, start: number): Told {
  return template.warmUpSeconds === 0
    ? {
        summaries: [`${s} ${c} has just started; judging starts with its first look.`],
        details: ['Nothing has been judged yet.'],
      }
    : {
        summaries: [`${s} ${c} is warming up; judging starts at ${formatTime(start)}.`],
        details: [`The first ${formatDuration(template.warmUpSeconds)} after the start are left out.`],
      }
}

function tellSilence({ silence, ruling }: ReasonFacts, { s, c }: Names): Told {
  if (silence === null) return { summaries: [`${s} ${c} is silent although traffic is sent to it.`], details: [] }
  const counts = `${formatCount(silence.delivered)} of about ${formatCount(Math.round(silence.expected))} requests`
  return {
    summaries: [
      `${s} ${c} is silent: ${counts} have been reported since ${formatTime(silence.since)}.`,
      `${s} ${c} is silent: ${counts} were reported.`,
    ],
    details: [
      'Traffic is announced for it, and the baseline reports its own.',
      `A harmless release is so silent about once in ${formatCount(Math.round(silence.eValue))} times; more cannot be said.`,
      ruling.decision === 'rollback' ? 'The template says to roll back on silence.' : 'Look whether it serves at all.',
    ],
  }
}

function tellSampling({ sampling, context }: ReasonFacts, { s, c, b }: Names): Told {
  const one = (adjusted: number): string =>
    Math.round(adjusted) <= 1 ? 'all' : `one in ${formatCount(Math.round(adjusted))}`
  const shares =
    sampling === null
      ? ''
      : `: ${one(sampling.canary)} of ${c}'s requests are kept, ${one(sampling.baseline)} of ${b}'s`
  return {
    summaries: [
      `${s} ${c} is sampled unlike ${b}${shares}.`,
      `${s} ${c} is sampled unlike ${b}.`,
      'The two versions are sampled differently.',
    ],
    details: ['Sample both versions alike, then register the deployment again.', deadline(context)],
  }
}

function tellSplit({ split, context }: ReasonFacts, { s, c }: Names): Told {
  const shares =
    split === null
      ? ''
      : `: ${formatPercent(split.seen)} of the requests came to ${c}, ${formatPercent(split.planned)} were announced`
  return {
    summaries: [
      `The traffic of ${s} is not split as announced${shares}.`,
      `The traffic of ${s} is not split as announced.`,
    ],
    details: ['Its users were not drawn at random, so the versions cannot be compared.', deadline(context)],
  }
}

const report = 'Send a report that passes under the same name.'

const howItPasses: Readonly<Record<FailedCheck['kind'], string>> = {
  ...{ tests: report, vulnerabilities: report, result: report },
  alert: 'It is judged on once the alert is resolved.',
  probe: 'It is asked again and again, and passes once the canary answers as expected.',
}

function tellChecks({ arrivals, context }: ReasonFacts, { s, c }: Names): Told {
  const [first, ...more] = arrivals.failedChecks
  const isAlert = first?.kind === 'alert'
  const name = shortName(first?.name ?? 'a check')
  const others = more.length === 0 ? '' : ` and ${formatCount(more.length)} more`
  return {
    summaries: [
      isAlert
        ? `Alert ${name}${others} fires for ${s} ${c}, so it is not promoted.`
        : `Check ${name}${others} failed for ${s} ${c}, so it is not promoted.`,
      `A check of ${s} ${c} failed.`,
    ],
    details: [
      ...(first === undefined ? [] : [first.summary]),
      first === undefined ? howItPasses.result : howItPasses[first.kind],
      deadline(context),
    ],
  }
}

function tellOutage({ outage, ruling }: ReasonFacts, { s, c, b }: Names): Told {
  const since = outage === null ? '' : ` since ${formatTime(outage.since)}`
  const before = outage === null ? '' : ` It failed ${formatPercent(outage.before)} in the hour before the start.`
  if (ruling.code === 'SHARED_OUTAGE') {
    const rates =
      outage === null ? '' : `: ${b} fails ${formatPercent(outage.baseline)}, ${c} ${formatPercent(outage.canary)}`
    return {
      summaries: [`Unexplained outage of ${s}${since}${rates}.`, `Unexplained outage of ${s}${since}.`],
      details: [`Both versions have it, so ${c} is neither promoted nor blamed.${before}`, 'Look for what they share.'],
    }
  }
  const rate = outage === null ? '' : ` fails ${formatPercent(outage.baseline)} of requests`
  return {
    summaries: [
      `${b}, which ${s} ${c} is compared with,${rate}${since}.`,
      `The baseline of ${s} is unhealthy${since}.`,
    ],
    details: [`Being no worse than something broken is no reason to promote ${c}.${before}`],
  }
}

function lastRequest({ last }: Arrivals): number | null {
  if (last.canary === null) return last.baseline
  return last.baseline === null ? last.canary : Math.max(last.canary, last.baseline)
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

function deadline({ startedAt, template }: TrialContext): string {
  return `The deadline is ${formatTime(startedAt + template.deadlineSeconds * 1000)}.`
}
