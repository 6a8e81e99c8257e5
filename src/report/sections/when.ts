import { formatPercent, formatRatio, formatTime } from '../../domain/format.ts'
import type { Judgement, ReasonCode } from '../../domain/verdict.ts'
import { type Case, emptyWords, tellingQuantile } from '../case.ts'
import { intervalFunnel } from '../charts/interval-funnel.ts'
import { block, chart, upright } from '../charts/svg.ts'
import { section } from '../document.ts'
import { formatEvidence, intervalWords, quantileName, valuesInWords } from '../figures.ts'
import { html, type Markup } from '../markup.ts'
import { groupTitle } from '../names.ts'
import { findingWord } from '../state.ts'

const reserve = 0.88

/** How far one proof has come, on the log scale of the balance. */
function proofBar(judgement: Judgement, promoteAt: number): Markup {
  const { promoteEValue } = judgement
  const share = promoteEValue <= 1 ? 0 : Math.min(1, (reserve * Math.log(promoteEValue)) / Math.log(promoteAt))
  return chart(
    14,
    `${judgement.name}: proof ${formatEvidence(promoteEValue)} of ${formatEvidence(promoteAt)}`,
    block('w-sunken', 0, 1, 4, 6),
    block('f-promote', 0, share, 4, 6),
    upright(share > reserve ? 's-cut' : 's-promote thin', reserve, 1, 13),
  )
}

function proofRow(page: Case, judgement: Judgement): Markup {
  const spec = page.input.deployment.template.metrics.find((metric) => metric.name === judgement.name)
  const floor =
    spec?.promoteFloor === undefined ? '' : ` or the rate is proven below ${formatPercent(spec.promoteFloor)}`
  const values = valuesInWords(judgement.kind, judgement.canary.value, judgement.baseline.value)
  const seen = judgement.smallestDetectable === null ? 'none yet' : formatRatio(judgement.smallestDetectable)
  return html`<tr><th scope="row">${groupTitle(judgement.group)}<span class="sub2">${judgement.name}: ${values}</span></th>
<td class="spark">${proofBar(judgement, page.promoteAt)}<span class="sub2">${formatEvidence(judgement.promoteEValue)} of ${formatEvidence(page.promoteAt)}; below ${formatRatio(judgement.effect.promoteMargin)}${floor}</span></td>
<td class="num end" data-l="could be seen">${seen}</td>
<td class="state-cell">${findingWord(judgement.finding)}</td></tr>
`
}

function proofs(page: Case): Markup {
  return html`<div class="panel"><h3>What promotion waits for</h3><p class="note">Each critical metric needs its own proof that harm beyond its promote margin is absent.</p>
<table class="stack"><thead><tr><th scope="col">Metric</th><th scope="col" class="spark">Proof so far</th><th scope="col" class="num">Could be seen by now</th><th scope="col">Judgement</th></tr></thead>
<tbody>${page.critical.map((judgement) => proofRow(page, judgement))}</tbody></table></div>
`
}

function funnelName(judgement: Judgement): string {
  const quantile = judgement.kind === 'distribution' ? tellingQuantile(judgement, true) : null
  const name = groupTitle(judgement.group)
  return quantile === null ? name : `${name}, ${quantileName(quantile.quantile)} furthest from its proof`
}

function funnel(page: Case, judgement: Judgement): Markup {
  const { looks, now } = page.input
  const interval = intervalWords(judgement.effect)
  const known = interval === null ? `${emptyWords(judgement)}` : `now ${interval} times`
  const dashed =
    page.expectedAt === null ? '' : `; dashed: expected if ${page.names.canary} is as good as ${page.names.baseline}`
  return html`<div class="panel"><h3>${funnelName(judgement)}: what is known so far</h3><p class="note">Canary divided by baseline with its interval, ${known}${dashed}.</p>
<div class="plot">${intervalFunnel({
    looks,
    metric: judgement.name,
    effect: judgement.effect,
    expectedAt: page.expectedAt,
    deadlineAt: page.deadlineAt,
    now,
  })}</div></div>
`
}

const whileWords: Partial<Readonly<Record<ReasonCode, string>>> = {
  SHARED_OUTAGE:
    'Not before the outage is over: until then nothing is promoted, and only a canary that is worse still is rolled back',
  BASELINE_UNHEALTHY: 'Not before the baseline is healthy again: until then nothing is promoted',
  SAMPLING_DIFFERS: 'Not while the versions are sampled differently',
  SAMPLE_RATIO_MISMATCH: 'Not while the traffic is split otherwise than announced',
  COHORTS_OVERLAP: 'Not while a pod belongs to both versions',
}

function lead(page: Case): string {
  const { deployment } = page.input
  if (page.input.verdict.reason.code === 'WARMING_UP') {
    const from = formatTime(page.startedAt + deployment.template.warmUpSeconds * 1000, true)
    return `What arrives before ${from} is left out: a fresh process is slower than one that runs.`
  }
  const obstacle = whileWords[page.input.verdict.reason.code]
  if (obstacle !== undefined) return `${obstacle}; the deadline is ${formatTime(page.deadlineAt)}.`
  if (page.expectedAt === null) return `No time can be named yet; the deadline is ${formatTime(page.deadlineAt)}.`
  const before = page.expectedAt <= page.deadlineAt ? 'before' : 'after'
  const at = formatTime(page.expectedAt)
  return `If nothing is wrong, at about ${at}, ${before} the deadline at ${formatTime(page.deadlineAt)}.`
}

/** Hold: when it will be decided, and what the decision waits for. */
export function when(page: Case): Markup | null {
  const weakest = page.critical[0]
  if (weakest === undefined) return null
  const drawable = page.input.looks.length > 1 && intervalWords(weakest.effect) !== null
  return section(
    'when',
    'When it will be decided',
    lead(page),
    html`<div class="halves">${drawable && funnel(page, weakest)}${proofs(page)}</div>
`,
  )
}
