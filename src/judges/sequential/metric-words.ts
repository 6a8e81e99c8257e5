import { formatAmount, formatPercent, formatSeconds } from '../../domain/format.ts'
import type { Judgement, QuantileJudgement } from '../../domain/verdict.ts'
import { quantileName } from './words.ts'

/** A metric in a sentence: 'Errors are … those of', 'p99 latency is … that of', 'Memory is … that of'. */
export type Subject = { readonly name: string; readonly are: string; readonly those: string }

/** The judged quantile that speaks for a latency metric. */
export function speakingQuantile(judgement: Judgement): QuantileJudgement | undefined {
  return judgement.quantiles?.find((quantile) => quantile.effect === judgement.effect)
}

export function subjectOf(judgement: Judgement): Subject {
  const quantile = speakingQuantile(judgement)
  if (quantile !== undefined) return { name: `${quantileName(quantile.quantile)} latency`, are: 'is', those: 'that' }
  const name = capitalised(judgement.name.replaceAll('-', ' '))
  switch (judgement.kind) {
    case 'proportion':
      return isErrorRate(judgement) ? { name: 'Errors', are: 'are', those: 'those' } : named(name)
    case 'paired':
      return { name: 'Requests that only one version fails', are: 'are', those: 'those' }
    case 'signatures':
      return { name: 'Requests that log errors', are: 'are', those: 'those' }
    case 'count':
    case 'edges':
      return named(name)
    default:
      return { name, are: 'is', those: 'that' }
  }
}

/** Whether a metric is the share of a service's failed requests; any other share is told by its name. */
export function isErrorRate({ kind, name }: Pick<Judgement, 'kind' | 'name'>): boolean {
  return kind === 'proportion' && name === 'error-rate'
}

function named(name: string): Subject {
  const isPlural = name.endsWith('s')
  return { name, are: isPlural ? 'are' : 'is', those: isPlural ? 'those' : 'that' }
}

/** A subject's name inside a sentence; 'p99 latency' has no capital to lose. */
export function inSentence(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1)
}

/** How a metric's own value is written. */
function valueFormat(judgement: Judgement): (value: number | null) => string {
  switch (judgement.kind) {
    case 'proportion':
    case 'paired':
    case 'signatures':
    case 'edges':
      return formatPercent
    case 'distribution':
      return formatSeconds
    case 'count':
      return (value) => (value === null ? '–' : `${formatAmount(value)} per pod and hour`)
    default:
      return formatAmount
  }
}

/** Both arms' values: '3.1% against 0.50%', '12 per pod and hour against 0'. */
export function bothValues(judgement: Judgement): string {
  const format = valueFormat(judgement)
  const { canary, baseline, kind } = judgement
  return `${format(canary.value)} against ${kind === 'count' ? formatAmount(baseline.value) : format(baseline.value)}`
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
