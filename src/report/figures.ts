import {
  formatAmount,
  formatCount,
  formatInterval,
  formatPercent,
  formatRatio,
  formatSeconds,
  missing,
} from '../domain/format.ts'
import type { MetricKind } from '../domain/template.ts'
import type { Effect } from '../domain/verdict.ts'

/** Evidence with three digits: '0.9', '41.6', '5,120', '1.39 million'; beyond a billion only that. */
export function formatEvidence(evidence: number): string {
  if (!Number.isFinite(evidence)) return missing
  if (evidence >= 1e9) return 'over a billion'
  if (evidence === 0) return '0'
  if (evidence < 0.01) return '< 0.01'
  if (evidence >= 99.95) return formatCount(evidence >= 1e6 ? evidence : Number(evidence.toPrecision(3)))
  return String(Number(evidence.toPrecision(evidence < 1 ? 1 : evidence < 10 ? 2 : 3)))
}

/** A proof's threshold, 1 / budget: '20', '100', '400'. */
export function threshold(budget: number): number {
  return 1 / budget
}

/** A budget as people say it: 0.01 is '1 of 100', 0.0025 '1 of 400', 0.05 '1 of 20'. */
export function formatOdds(budget: number): string {
  return budget > 0 && budget <= 1 ? `1 of ${formatCount(Math.round(1 / budget))}` : missing
}

/** The change that a ratio means, signed: '+84%', '−9%', 'none'; from ten times as a ratio. */
export function formatChange(ratio: number): string {
  if (ratio >= 10) return formatRatio(ratio)
  const percent = Math.round((ratio - 1) * 100)
  if (percent === 0) return '±0%'
  return `${percent > 0 ? '+' : '−'}${Math.abs(percent)}%`
}

/** An effect's interval in a sentence: '4.9 to 7.8', 'at least 12', or null while there is none. */
export function intervalWords(effect: Effect): string | null {
  return effect.low <= 0 && effect.high === null ? null : formatInterval(effect.low, effect.high)
}

/** An effect's interval in a table: '4.9–7.8', '≥ 12', '≤ 3.6', '–'. */
export function intervalCell(effect: Effect): string {
  const words = intervalWords(effect)
  if (words === null) return missing
  return words.replace(' to ', '–').replace('at least', '≥').replace('at most', '≤')
}

const valueFormats: Readonly<Record<MetricKind, (value: number | null) => string>> = {
  proportion: formatPercent,
  paired: formatPercent,
  signatures: formatPercent,
  edges: formatPercent,
  distribution: formatSeconds,
  gauge: formatAmount,
  count: formatAmount,
}

const units: Partial<Readonly<Record<MetricKind, string>>> = {
  ...{ count: 'per pod and hour', paired: 'failed by it alone', edges: 'of the ten seconds in which a pod served' },
}

/** What a metric's values are of, where their format does not say it: 'per pod and hour'; null: it does. */
export function unitOf(kind: MetricKind): string | null {
  return units[kind] ?? null
}

/** A metric's value in one arm for a table; {@link unitOf} stands beside it. */
export function formatValue(kind: MetricKind, value: number | null): string {
  return valueFormats[kind](value)
}

/** A metric's values in a sentence: '3.1% against 0.50%', '12 against 0 per pod and hour'. */
export function valuesInWords(kind: MetricKind, canary: number | null, baseline: number | null): string {
  const values = `${formatValue(kind, canary)} against ${formatValue(kind, baseline)}`
  const unit = unitOf(kind)
  return unit === null ? values : `${values} ${unit}`
}

/** A share of the budget as the template gives it: '0.35', '1'. */
export function formatWeight(weight: number): string {
  return String(Number(weight.toFixed(3)))
}

/** A quantile's name: 0.5 is 'p50', 0.999 'p99.9'. */
export function quantileName(quantile: number): string {
  return `p${Number((quantile * 100).toFixed(4))}`
}

const smallNumbers = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten']

/** A count in words up to ten: 'two', '11', '1,204'. */
export function countWord(count: number): string {
  return smallNumbers[count] ?? formatCount(count)
}

/** '1 pod', '2 pods', '1,584 requests'. */
export function counted(count: number, singular: string, plural = `${singular}s`): string {
  return `${formatCount(count)} ${count === 1 ? singular : plural}`
}

/** A date and time for people: '21 Nov 2026, 10:04:31 UTC'. `at` is Unix milliseconds. */
export function formatMoment(at: number): string {
  return `${formatDate(at)}, ${new Date(at).toISOString().slice(11, 19)} UTC`
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** '21 Nov 2026' in UTC. */
export function formatDate(at: number): string {
  const date = new Date(at)
  return `${date.getUTCDate()} ${months[date.getUTCMonth()]} ${date.getUTCFullYear()}`
}

/** The first letter as a capital. */
export function capital(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1)
}
