import { formatDuration, formatPercent, formatRatio } from '../../domain/format.ts'
import type { RolloutFacts, RolloutVerdict } from './decide-rollout.ts'
import type { MetricEvidence } from './proportion-evidence.ts'
import type { RolloutPolicy } from './rollout-policy.ts'

/** One sentence for people: why a rollout was decided as it was. */
export function explainRollout(
  facts: RolloutFacts & Pick<RolloutVerdict, 'reason'> & { readonly service: string },
  policy: RolloutPolicy,
): string {
  const { service } = facts
  switch (facts.reason) {
    case 'ALIASED_ARMS': {
      const { canary, baseline } = facts.aliased.find(({ isOnePod }) => isOnePod)!
      return `${canary} and ${baseline} of ${service} report the same values under two names, so nothing can be compared.`
    }
    case 'HARM_SHOWN': {
      const evidence = `the evidence is ${eValue(facts.totalLogE)}, ${eValue(-Math.log(policy.alpha))} decides`
      return `The canary of ${service} does harm in ${worst(facts.metrics)} (${evidence}).`
    }
    case 'CANARY_SILENT': {
      const { pod, edge, expected, delivered } = facts.silences.find(({ isSilent }) => isSilent)!
      const intervals = `${delivered} of ${Math.round(expected)} intervals in which it should have been heard`
      return `${pod} of ${service} answered ${edge.from} in ${intervals}.`
    }
    case 'NO_CANARY_DATA':
      return `No canary pod of ${service} has reported a value.`
    case 'SHARED_OUTAGE': {
      const { edge, kind } = facts.outages[0]!
      const what = kind === 'failing' ? 'fails' : 'has no traffic'
      return `${edge.from} to ${edge.to} ${what} for both versions since the canary came; nothing says whose fault it is.`
    }
    case 'TOO_EARLY': {
      const asked = formatDuration(policy.minimumSoakSeconds)
      return `The canary of ${service} ran beside its baseline for ${formatDuration(facts.soakSeconds)}; ${asked} are asked for.`
    }
    case 'UNDERPOWERED': {
      const asked = formatPercent(policy.minimumComparedShare)
      return `Only ${formatPercent(facts.comparedShare)} of the error budget of ${service} could be compared; ${asked} are asked for.`
    }
    case 'NO_HARM_SHOWN': {
      const compared = facts.metrics.map(({ metric }) => metric).join(', ')
      return `No harm of ${service} beyond the margins is shown in ${compared} within ${formatDuration(facts.soakSeconds)}.`
    }
  }
}

/** The metric that says most, with its ratio. */
function worst(metrics: readonly MetricEvidence[]): string {
  const { metric, ratio } = metrics.reduce((most, one) => (one.logE > most.logE ? one : most))
  return ratio === null ? `${metric}, where the baseline has none` : `${metric}, ${formatRatio(ratio)} the baseline`
}

/** exp(logE) with two digits; it may be beyond what a number holds. */
function eValue(logE: number): string {
  const tens = logE / Math.LN10
  return tens < 5 ? String(Number(Math.exp(logE).toPrecision(2))) : `10^${Math.floor(tens)}`
}
