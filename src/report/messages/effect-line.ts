import { formatRatio, formatSeconds } from '../../domain/format.ts'
import type { Effect, Judgement } from '../../domain/verdict.ts'
import { isNew, tellingQuantile } from '../case.ts'
import { formatChange, formatValue, intervalWords, quantileName, valuesInWords } from '../figures.ts'
import { groupTitle } from '../names.ts'
import { plainText } from './plain-text.ts'

function subject({ name, kind }: Judgement): string {
  return kind === 'proportion' && name === 'error-rate' ? 'Errors' : plainText(groupTitle(name))
}

/** 'margin 1.25×' beyond which it rolls back, or 'at most 2.0× allowed' of what may be promoted. */
function marginOf(effect: Effect, isPromote: boolean): string {
  return isPromote ? `you allow ${formatRatio(effect.promoteMargin)}` : `margin ${formatRatio(effect.margin)}`
}

function latencyLine(judgement: Judgement, isPromote: boolean): string | null {
  const quantile = tellingQuantile(judgement, isPromote)
  const effect = quantile?.effect ?? judgement.effect
  const name = quantile === null ? subject(judgement) : `${quantileName(quantile.quantile)} ${judgement.name}`
  if (effect.low <= 0 && effect.high === null) return null
  if (isPromote && effect.high !== null) {
    return `${name} at most ${formatRatio(effect.high)} (${marginOf(effect, true)})`
  }
  const { canary, baseline } = quantile ?? { canary: judgement.canary.value, baseline: judgement.baseline.value }
  const values = `${formatSeconds(baseline)} → ${formatSeconds(canary)}`
  const change =
    effect.low > 0 && effect.high !== null
      ? `${formatChange(effect.low)} to ${formatChange(effect.high)}`
      : `${intervalWords(effect)}×`
  return `${name} ${values} (${change}), ${marginOf(effect, false)}`
}

/**
 * One metric on one line: the effect, its interval and the margin, 'Errors 6.2× (4.9 to 7.8), margin 1.25×', or what is
 * ruled out when `isPromote`. Null without an interval: a ratio is never told alone. Plain text, one line.
 */
export function effectLine(judgement: Judgement, isPromote: boolean): string | null {
  const { effect, kind, finding, canary, baseline, promoteProof } = judgement
  const likely = finding === 'harm-likely' ? ', likely' : ''
  if (kind === 'distribution') {
    const line = latencyLine(judgement, isPromote)
    return line === null ? null : `${plainText(line)}${likely}`
  }
  const interval = intervalWords(effect)
  if (isPromote && promoteProof === 'floor' && finding === 'harm-ruled-out') {
    return `${subject(judgement)} rare: ${formatValue(kind, canary.value)} against ${formatValue(kind, baseline.value)}`
  }
  if (interval === null) return null
  if (isPromote && effect.high !== null) {
    return `${subject(judgement)} at most ${formatRatio(effect.high)} (${marginOf(effect, true)})`
  }
  const margin = marginOf(effect, false)
  if (isNew(judgement)) {
    return `${subject(judgement)} new: ${valuesInWords(kind, canary.value, baseline.value)} (${interval} times), ${margin}${likely}`
  }
  return `${subject(judgement)} ${formatRatio(effect.ratio)} (${interval}), ${margin}${likely}`
}
