import { formatRatio, formatSeconds } from '../../domain/format.ts'
import type { Finding, Judgement, QuantileJudgement } from '../../domain/verdict.ts'
import { type Case, emptyWords } from '../case.ts'
import { latencyTail } from '../charts/latency-tail.ts'
import { ratioHead, ratioRow } from '../charts/ratio-axis.ts'
import { keySample, level } from '../charts/svg.ts'
import { section } from '../document.ts'
import { formatChange, formatEvidence, intervalCell, quantileName } from '../figures.ts'
import { html, type Markup } from '../markup.ts'
import { findingWord } from '../state.ts'

/** A quantile has no finding of its own; its interval and its proof tell which word fits. */
function quantileFinding(page: Case, judgement: Judgement, quantile: QuantileJudgement): Finding {
  if (quantile.baseline === null || quantile.canary === null) return 'no-data'
  if (quantile.promoteEValue >= page.promoteAt) return 'harm-ruled-out'
  if (quantile.effect.low <= quantile.effect.margin || quantile.eValue < 10) return 'undecided'
  return judgement.finding === 'harm-shown' ? 'harm-shown' : 'harm-likely'
}

function drawRow(page: Case, judgement: Judgement, quantile: QuantileJudgement): Markup {
  const { effect } = quantile
  const finding = quantileFinding(page, judgement, quantile)
  return html`<tr><th scope="row">${quantileName(quantile.quantile)}</th>
<td class="num" data-l="${page.names.baseline}">${formatSeconds(quantile.baseline)}</td>
<td class="num can" data-l="${page.names.canary}">${formatSeconds(quantile.canary)}</td>
<td class="spark">${ratioRow({ effect, finding, empty: emptyWords(judgement) }, 30)}</td>
<td class="num end">${formatRatio(effect.ratio)}</td>
<td class="num hide">${intervalCell(effect)}</td>
<td class="num hide">${formatRatio(effect.margin)}</td>
<td class="num hide">${formatRatio(effect.promoteMargin)}</td>
<td class="num hide">${formatEvidence(quantile.eValue)}</td>
<td class="state-cell">${findingWord(finding)}</td></tr>
`
}

function tableOf(page: Case, judgement: Judgement): Markup {
  return html`<table class="stack quantiles"><thead><tr><th scope="col">${judgement.name}</th><th scope="col" class="num">${page.names.baseline}</th><th scope="col" class="num">${page.names.canary}</th><th scope="col" class="spark">${ratioHead()}</th><th scope="col" class="num">Ratio</th><th scope="col" class="num">Interval</th><th scope="col" class="num">Margin</th><th scope="col" class="num">Promote margin</th><th scope="col" class="num">Evidence</th><th scope="col">Judgement</th></tr></thead>
<tbody>${(judgement.quantiles ?? []).map((quantile) => drawRow(page, judgement, quantile))}</tbody></table>
`
}

function lead(judgement: Judgement): string {
  const quantiles = (judgement.quantiles ?? []).filter(({ effect }) => effect.ratio !== null)
  const beyond = quantiles.filter(({ effect }) => effect.low > effect.margin)
  const worst = beyond.toSorted((a, b) => b.effect.ratio! - a.effect.ratio!)[0]
  if (worst !== undefined) {
    const { quantile, baseline, canary, effect } = worst
    return `${quantileName(quantile)} went from ${formatSeconds(baseline)} to ${formatSeconds(canary)}, ${formatChange(effect.ratio!)}.`
  }
  const faster = quantiles.filter(({ effect }) => effect.high !== null && effect.high < 1)
  if (faster.length > 0)
    return `${faster.map(({ quantile }) => quantileName(quantile)).join(' and ')} ${faster.length === 1 ? 'is' : 'are'} faster.`
  return 'No quantile lies beyond the margin.'
}

function tailPanel(page: Case, judgement: Judgement): Markup | null {
  const { baseline, canary } = page.totals
  const tail = latencyTail({
    baseline: baseline.latency,
    canary: canary.latency,
    margin: judgement.effect.margin,
    baselineName: page.names.baseline,
    canaryName: page.names.canary,
  })
  if (tail === null) return null
  const slower = `${page.names.baseline} slowed by the margin, ${formatRatio(judgement.effect.margin)}`
  return html`<div class="panel"><div class="plot">${tail}</div>
<p class="key indented"><span>${keySample(level('s-canary', 0, 1, 6))}canary ${page.names.canary}</span><span>${keySample(level('s-base', 0, 1, 6))}baseline ${page.names.baseline}</span><span>${keySample(level('s-base thin dash', 0, 1, 6))}${slower}</span></p>
<p class="source">Down is rarer, right is slower. A curve ends where fewer than 5 requests remain.</p></div>
`
}

/** Latency: the whole distribution, and a row per judged quantile. */
export function latency(page: Case): Markup | null {
  const judged = page.ranked.filter(({ kind, quantiles }) => kind === 'distribution' && (quantiles ?? []).length > 0)
  const first = judged[0]
  if (first === undefined) return null
  return section(
    'latency',
    'Latency',
    lead(first),
    tailPanel(page, first) ?? html``,
    html`<div class="panel">${judged.map((judgement) => tableOf(page, judgement))}</div>
`,
  )
}
