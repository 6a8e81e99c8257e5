import { formatRatio } from '../../domain/format.ts'
import { isQueried } from '../../domain/template.ts'
import type { Finding, Judgement } from '../../domain/verdict.ts'
import { type Case, emptyWords, isNew } from '../case.ts'
import { ratioHead, ratioRow } from '../charts/ratio-axis.ts'
import { section } from '../document.ts'
import { counted, formatEvidence, formatOdds, formatValue, formatWeight, intervalCell, unitOf } from '../figures.ts'
import { html, type Markup } from '../markup.ts'
import { findingLook, findingWord } from '../state.ts'

const mostRows = 20
const order: readonly Finding[] = ['harm-shown', 'harm-likely', 'error', 'undecided', 'no-data', 'harm-ruled-out']

function drawRow(page: Case, judgement: Judgement): Markup {
  const { effect, finding, kind, weight } = judgement
  const ratio = isNew(judgement) ? 'new' : formatRatio(effect.ratio)
  const unit = unitOf(kind)
  const source = sourceOf(page, judgement)
  const strong = finding === 'harm-shown' || finding === 'harm-likely'
  return html`<tr><th scope="row">${judgement.name}<span class="sub2">${kind}${unit !== null && `, ${unit}`}${source !== null && `, asked of ${source}`}${judgement.critical && ', critical'}</span></th>
<td class="num" data-l="${page.names.baseline}">${formatValue(kind, judgement.baseline.value)}</td>
<td class="num can" data-l="${page.names.canary}">${formatValue(kind, judgement.canary.value)}</td>
<td class="spark">${ratioRow({ effect, finding, grey: weight === 0, empty: emptyWords(judgement) }, 30)}</td>
<td class="num end">${strong ? html`<b>${ratio}</b>` : ratio}</td>
<td class="num hide">${intervalCell(effect)}</td>
<td class="num hide">${formatRatio(effect.margin)}</td>
<td class="num hide">${formatRatio(effect.promoteMargin)}</td>
<td class="num hide">${formatEvidence(judgement.eValue)}</td>
<td class="num hide">${formatWeight(weight)}</td>
<td class="state-cell">${findingWord(finding)}</td></tr>
`
}

/** The system that was asked for this metric alone; null: it came with the telemetry. */
function sourceOf({ input }: Case, { name }: Judgement): string | null {
  const metric = input.deployment.template.metrics.find((one) => one.name === name)
  return metric !== undefined && isQueried(metric) ? metric.source : null
}

/** The metrics that the table has no room for, counted per group and finding. */
function restOf(rest: readonly Judgement[]): Markup | null {
  if (rest.length === 0) return null
  const groups = new Map<string, Map<Finding, number>>()
  for (const { group, finding } of rest) {
    const counts = groups.get(group) ?? new Map<Finding, number>()
    counts.set(finding, (counts.get(finding) ?? 0) + 1)
    groups.set(group, counts)
  }
  const lines = [...groups].map(([group, counts]) => {
    const words = [...counts].map(([finding, count]) => `${count} ${findingLook(finding).word}`)
    return html`<li>${group}: ${words.join(', ')}</li>`
  })
  return html`<details class="more"><summary>${counted(rest.length, 'more metric')}</summary><ul>${lines}</ul></details>
`
}

/** Every metric with its numbers: harm first, then undecided; past twenty the rest as counts. */
export function metricsTable(page: Case): Markup | null {
  const { reported, unreported } = page
  if (reported.length === 0) return null
  const sorted = reported.toSorted((a, b) => order.indexOf(a.finding) - order.indexOf(b.finding))
  const shown = sorted.slice(0, mostRows)
  return section(
    'metrics',
    'All metrics',
    `${counted(reported.length, 'metric')}, one budget: a healthy release is rolled back in at most ${formatOdds(page.input.verdict.confidence.falseRollbackRate)} rollouts.`,
    html`<div class="panel"><table class="stack metrics"><thead><tr><th scope="col">Metric</th><th scope="col" class="num">${page.names.baseline}</th><th scope="col" class="num">${page.names.canary}</th><th scope="col" class="spark">${ratioHead()}</th><th scope="col" class="num">Ratio</th><th scope="col" class="num">Interval</th><th scope="col" class="num">Margin</th><th scope="col" class="num">Promote margin</th><th scope="col" class="num">Evidence</th><th scope="col" class="num">Weight</th><th scope="col">Judgement</th></tr></thead>
<tbody>${shown.map((judgement) => drawRow(page, judgement))}</tbody></table>
${restOf(sorted.slice(mostRows))}${unreported.length > 0 && html`<p class="source">Not reported: ${unreported.join(', ')}.</p>`}</div>
`,
  )
}
