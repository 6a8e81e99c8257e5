import { formatPercent, formatRatio, formatSeconds } from '../../domain/format.ts'
import type { Judgement } from '../../domain/verdict.ts'
import { type Case, emptyWords, excessOf, isNew, tellingQuantile } from '../case.ts'
import { quantileChart } from '../charts/quantiles.ts'
import { ratioCard } from '../charts/ratio-axis.ts'
import { block, keySample, level } from '../charts/svg.ts'
import { errorSeries, latestRate } from '../charts/time-series.ts'
import { section } from '../document.ts'
import {
  capital,
  counted,
  countWord,
  formatChange,
  formatEvidence,
  formatValue,
  intervalWords,
  quantileName,
  unitOf,
  valuesInWords,
} from '../figures.ts'
import { html, type Markup, type Part } from '../markup.ts'
import { groupTitle } from '../names.ts'
import { findingWord } from '../state.ts'

type Card = {
  readonly title: string
  readonly judgement: Judgement
  readonly big: string
  readonly small: string
  readonly text: Part
  readonly picture: Markup
  readonly link: { readonly href: string; readonly text: string }
  readonly wideLabels?: boolean
}

function bounds(judgement: Judgement): string {
  const { margin, promoteMargin } = judgement.effect
  return `margin ${formatRatio(margin)}, promote margin ${formatRatio(promoteMargin)}`
}

/** The canary's error rate over time against the baseline's. */
function rateCard(page: Case, judgement: Judgement): Card {
  const { looks } = page.input
  const { canary, baseline } = judgement
  const latest = latestRate(looks)
  const worst = judgement.where.toSorted((a, b) => excessOf(b) - excessOf(a))[0]
  const worse = latest !== null && latest.rate > (canary.value ?? 0) * 1.15
  return {
    title: groupTitle(judgement.group),
    judgement,
    big: formatPercent(canary.value),
    small: `of requests fail; ${formatPercent(baseline.value)} for ${page.names.baseline}`,
    text: html`${counted(Math.round((canary.value ?? 0) * canary.samples), 'failed request')} of ${counted(canary.samples, 'request').replace(/ requests?$/, '')}.${worse && html` <b>${formatPercent(latest.rate)} in the last ${latest.seconds} s.</b>`}`,
    picture: errorSeries({ looks, margin: judgement.effect.margin, canary: page.names.canary }),
    link:
      worst === undefined
        ? { href: '#margins', text: 'Effect against your margin' }
        : { href: '#where', text: `Where: ${worst.value}` },
  }
}

function ratioText(page: Case, judgement: Judgement): string {
  const { effect, promoteProof } = judgement
  const spec = page.input.deployment.template.metrics.find((metric) => metric.name === judgement.name)
  if (judgement.finding === 'harm-shown')
    return effect.low > effect.margin
      ? `All of the interval lies beyond your margin of ${formatRatio(effect.margin)}.`
      : `Harm beyond your margin of ${formatRatio(effect.margin)} is shown.`
  if (judgement.finding === 'harm-ruled-out' && promoteProof === 'floor' && spec?.promoteFloor !== undefined) {
    return `The canary’s own rate is proven below ${formatPercent(spec.promoteFloor)}, whatever the ratio.`
  }
  if (judgement.finding === 'harm-ruled-out')
    return `All that is possible lies below ${formatRatio(effect.promoteMargin)}, where you let it promote.`
  if (judgement.finding === 'harm-likely')
    return 'Beyond the margin. It would have paused the ramp, not rolled back, alone.'
  return `Rolls back when all of it lies beyond ${formatRatio(effect.margin)}, promotes when all lies below ${formatRatio(effect.promoteMargin)}.`
}

/** The ratio with its interval against both margins. */
function ratioCardOf(page: Case, judgement: Judgement): Card {
  const { effect } = judgement
  const proven = judgement.finding === 'harm-ruled-out' && effect.high !== null
  const interval = intervalWords(effect)
  const ratio = isNew(judgement) ? 'new' : formatRatio(effect.ratio)
  return {
    title: `${groupTitle(judgement.group)} against margin`,
    judgement,
    big: proven ? `≤ ${formatRatio(effect.high)}` : ratio,
    small: proven && effect.ratio !== null ? `${ratio}; ${interval}` : (interval ?? emptyWords(judgement)),
    text: ratioText(page, judgement),
    picture: ratioCard({ effect, finding: judgement.finding, empty: emptyWords(judgement) }, 132),
    link: { href: '#margins', text: 'Effect against your margin' },
  }
}

function latencyCard(page: Case, judgement: Judgement): Card {
  const quantile = tellingQuantile(judgement, page.tone === 'promote')
  const effect = quantile?.effect ?? judgement.effect
  const name = quantile === null ? '' : `${quantileName(quantile.quantile)}; `
  const interval =
    effect.low > 0 && effect.high !== null
      ? `${formatChange(effect.low)} to ${formatChange(effect.high)}`
      : (intervalWords(effect) ?? 'no interval yet')
  const proven = judgement.finding === 'harm-ruled-out' && effect.high !== null
  const change = effect.ratio === null ? '–' : formatChange(effect.ratio)
  const values =
    quantile === null
      ? null
      : `${quantileName(quantile.quantile)} ${formatSeconds(quantile.baseline)} → ${formatSeconds(quantile.canary)}. `
  return {
    title: groupTitle(judgement.group),
    judgement,
    big: proven ? `≤ ${formatChange(effect.high ?? 1)}` : change,
    small: `${name}${interval}`,
    text: `${values ?? ''}${capital(bounds({ ...judgement, effect }))}.`,
    picture: quantileChart(judgement.quantiles ?? []),
    link: { href: '#latency', text: 'All quantiles' },
    wideLabels: true,
  }
}

/** A gauge, a kind of event or pairs: the ratio says it all. */
function plainCard(page: Case, judgement: Judgement): Card {
  const { kind, effect, canary, baseline } = judgement
  const change =
    kind === 'gauge' && effect.ratio !== null ? formatChange(effect.ratio) : formatValue(kind, canary.value)
  const isChange = kind === 'gauge' && effect.ratio !== null
  const interval = intervalWords(effect)
  const times = interval === null ? emptyWords(judgement) : `${interval} times`
  return {
    title: groupTitle(judgement.name),
    judgement,
    big: change,
    small: isChange ? times : `${unitOf(kind) ?? ''}; ${formatValue(kind, baseline.value)} for ${page.names.baseline}`,
    text: `${isChange ? capital(valuesInWords(kind, canary.value, baseline.value)) : capital(times)}. ${ratioText(page, judgement)}`,
    picture: ratioCard({ effect, finding: judgement.finding, empty: emptyWords(judgement) }, 132),
    link: { href: '#metrics', text: 'All metrics' },
  }
}

/** What a reader must know: harm of any metric, else what a promote waits for. */
function reasonsOf(page: Case): readonly Judgement[] {
  const judged = page.ranked.filter((metric) => metric.finding !== 'no-data' && metric.finding !== 'error')
  const telling = judged.filter(
    ({ critical, finding }) => critical || finding === 'harm-shown' || finding === 'harm-likely',
  )
  return telling.length === 0 ? judged : telling
}

function cardsOf(page: Case): readonly Card[] {
  const judged = reasonsOf(page)
  const cards = judged.slice(0, 3).flatMap((metric): Card[] => {
    if (metric.kind === 'distribution') return [latencyCard(page, metric)]
    if (metric.kind !== 'proportion') return [plainCard(page, metric)]
    return page.input.looks.length === 0
      ? [ratioCardOf(page, metric)]
      : [rateCard(page, metric), ratioCardOf(page, metric)]
  })
  const first = judged[0]
  if (cards.length === 1 && first?.kind === 'distribution') cards.push(ratioCardOf(page, first))
  return cards.slice(0, 3)
}

function drawCard(page: Case, card: Card, index: number): Markup {
  const { judgement } = card
  const proof =
    page.tone === 'promote'
      ? `proof ${formatEvidence(judgement.promoteEValue)}; ${formatEvidence(page.promoteAt)} needed`
      : `evidence ${formatEvidence(judgement.eValue)}`
  return html`<article class="card reason"><div class="over"><span>${index + 1} · ${card.title}</span>${findingWord(judgement.finding)}</div>
<p class="big">${card.big}<small>${card.small}</small></p>
<p class="text">${card.text}</p>
<div class="plot${card.wideLabels && ' ends'}">${card.picture}</div>
<p class="below"><a href="${card.link.href}">${card.link.text}</a><span>${proof}</span></p></article>
`
}

function key(page: Case): Markup {
  const sample = (mark: Markup | null, text: string) => html`<span>${keySample(mark ?? html``)}${text}</span>`
  return html`<p class="key">${sample(level('s-canary', 0, 1, 6), `canary ${page.names.canary}`)}${sample(level('s-base', 0, 1, 6), `baseline ${page.names.baseline}`)}${sample(level('s-margin', 0, 1, 6), 'margin')}${sample(block('w-canary', 0, 1, 1, 10), '95% band of each bin, from its counts alone')}</p>
`
}

function everyCritical(count: number): string {
  if (count === 1) return 'the critical metric'
  return count === 2 ? 'both critical metrics' : `all ${countWord(count)} critical metrics`
}

function whyLead(page: Case): string {
  const metrics = page.reported
  const count = (finding: Judgement['finding']) => metrics.filter((metric) => metric.finding === finding).length
  const shown = count('harm-shown')
  const likely = count('harm-likely')
  const all = countWord(metrics.length)
  const { critical } = page
  if (
    page.tone === 'promote' &&
    critical.length > 0 &&
    critical.every((metric) => metric.finding === 'harm-ruled-out')
  ) {
    return `Harm beyond the promote margin is ruled out in ${everyCritical(critical.length)}.`
  }
  if (shown > 0) {
    const more = likely > 0 ? `, ${countWord(likely)} more probably` : ''
    return `${capital(countWord(shown))} of ${all} metrics ${shown === 1 ? 'shows' : 'show'} harm${more}.`
  }
  if (likely > 0)
    return `${capital(countWord(likely))} of ${all} metrics probably ${likely === 1 ? 'shows' : 'show'} harm; none alone decides.`
  return `${capital(all)} ${metrics.length === 1 ? 'metric' : 'metrics'} judged.`
}

/** Why: up to three cards, by weight times evidence. Nothing when no metric was judged. */
export function why(page: Case): Markup | null {
  const cards = cardsOf(page)
  if (cards.length === 0) return null
  const title = page.tone !== 'hold' ? 'Why' : page.over ? 'What was known' : 'What is known so far'
  return section(
    'why',
    title,
    whyLead(page),
    html`<div class="cards">${cards.map((card, index) => drawCard(page, card, index))}</div>
`,
    key(page),
  )
}
