import { formatRatio } from '../../domain/format.ts'
import type { Judgement } from '../../domain/verdict.ts'
import { type Case, isNew, tellingQuantile } from '../case.ts'
import { counted, formatChange, formatValue, quantileName, valuesInWords } from '../figures.ts'
import type { Markup } from '../markup.ts'
import { groupTitle } from '../names.ts'

/** One cell of the head: a term, its value and what belongs to it. */
export type Fact = { readonly term: string; readonly value: string | Markup; readonly more: string | Markup }

function slowerFact(judgement: Judgement): Fact | null {
  const quantile = tellingQuantile(judgement, false)
  if (quantile === null || quantile.effect.ratio === null) return null
  return {
    term: 'Slower',
    value: formatChange(quantile.effect.ratio),
    more: `at ${quantileName(quantile.quantile)}; your margin is ${formatRatio(quantile.effect.margin)}`,
  }
}

/** Harm that is no failed request of anybody. */
function moreFact(judgement: Judgement): Fact | null {
  const { kind, name, canary, baseline, effect } = judgement
  const margin = `your margin is ${formatRatio(effect.margin)}`
  if (kind === 'distribution') return slowerFact(judgement)
  if (kind === 'gauge') {
    const value = effect.ratio === null ? formatValue(kind, canary.value) : formatChange(effect.ratio)
    return { term: groupTitle(name), value, more: `${valuesInWords(kind, canary.value, baseline.value)}; ${margin}` }
  }
  const values = `${valuesInWords(kind, canary.value, baseline.value)}; ${margin}`
  return { term: groupTitle(name), value: isNew(judgement) ? 'new' : formatRatio(effect.ratio), more: values }
}

/** What the harm was: failed requests, time when latency decided, or how much more of something. */
export function harmFact(page: Case): Fact | null {
  const { baseline, canary } = page.totals
  const decisive = page.ranked[0]
  if (decisive !== undefined && decisive.kind !== 'proportion') return moreFact(decisive)
  if (baseline.requests === 0) return null
  const extra = canary.errors - (canary.requests * baseline.errors) / baseline.requests
  if (extra < 1) return null
  return {
    term: 'Harm done',
    value: `about ${counted(Math.round(extra), 'request')}`,
    more: `failed that ${page.names.baseline} would have served`,
  }
}
