import { formatRatio } from '../../domain/format.ts'
import type { Judgement } from '../../domain/verdict.ts'
import { type Case, emptyWords } from '../case.ts'
import { ratioHead, ratioRow } from '../charts/ratio-axis.ts'
import { block, dot, level, upright } from '../charts/svg.ts'
import { section } from '../document.ts'
import { formatEvidence, formatWeight, intervalWords } from '../figures.ts'
import { html, type Markup } from '../markup.ts'
import { groupTitle } from '../names.ts'
import { findingWord } from '../state.ts'

const mostRows = 8

/** One row per group, the metric with most weight times evidence standing for it; a lone group shows its metrics. */
function rowsOf(page: Case): readonly Judgement[] {
  const groups = new Map<string, Judgement>()
  for (const judgement of page.ranked) if (!groups.has(judgement.group)) groups.set(judgement.group, judgement)
  const rows = groups.size > 1 ? [...groups.values()] : page.ranked
  return rows.slice(0, mostRows)
}

function drawRow(judgement: Judgement): Markup {
  const { effect, finding, weight } = judgement
  const margins = `margin ${formatRatio(effect.margin)}, promote margin ${formatRatio(effect.promoteMargin)}`
  return html`<div class="row"><span class="label"><b>${groupTitle(judgement.group)}</b><small>${judgement.name}, ${margins}</small></span>
<span class="picture">${ratioRow({ effect, finding, grey: weight === 0, empty: emptyWords(judgement) }, 44)}</span>
<span class="effect">${formatEvidence(judgement.eValue)}<small>weight ${formatWeight(weight)}</small></span>
<span class="judged">${findingWord(finding)}</span></div>
`
}

type Sample = { readonly marks: readonly (Markup | null)[]; readonly text: string }

const samples: readonly Sample[] = [
  {
    marks: [level('s-promote', 0.05, 0.38, 7), dot('f-promote', 0.22, 7, 3.5)],
    text: 'ruled out',
  },
  {
    marks: [level('s-hold dash', 0.22, 0.9, 7), dot('s-hold hollow', 0.56, 7, 3.5)],
    text: 'undecided: a margin lies inside',
  },
  {
    marks: [level('s-rollback', 0.6, 0.97, 7), dot('s-rollback hollow', 0.78, 7, 3.5)],
    text: 'harm likely: beyond it, but would not decide alone',
  },
  { marks: [level('s-rollback', 0.6, 0.97, 7), dot('f-rollback', 0.78, 7, 3.5)], text: 'harm shown' },
]

function key(): Markup {
  const margins = [block('w-rollback', 0.5, 1, 0, 14), upright('s-margin', 0.5, 0, 14)]
  const sample = (marks: readonly (Markup | null)[], text: string) =>
    html`<span><svg class="zone" width="60" height="14" aria-hidden="true">${marks}</svg>${text}</span>`
  return html`<p class="key ruled">${sample([...margins], 'margin: harm wholly beyond it rolls back')}${sample([upright('s-allow', 0.5, 0, 14)], 'promote margin: an interval wholly below it promotes')}${samples.map(({ marks, text }) => sample([...margins, ...marks], text))}</p>
`
}

/** The forest: every group's effect against both margins. */
export function margins(page: Case): Markup | null {
  const rows = rowsOf(page)
  if (rows.every(({ effect }) => intervalWords(effect) === null)) return null
  return section(
    'margins',
    'Effect against your margin',
    'Canary divided by baseline. The line is the interval; only what lies wholly beyond the margin counts as harm.',
    html`<div class="panel"><div class="forest"><div class="row heads"><span>Group</span><span class="picture">${ratioHead()}</span><span class="effect">Evidence</span><span>Judgement</span></div>
${rows.map(drawRow)}</div>
${key()}</div>
`,
  )
}
