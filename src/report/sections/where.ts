import type { Counts } from '../../domain/evidence.ts'
import { formatCount, formatPercent, formatRatio } from '../../domain/format.ts'
import type { Effect, Judgement, Where } from '../../domain/verdict.ts'
import { roughRateRatio } from '../../stats/rough-rate-ratio.ts'
import { type Case, excessOf } from '../case.ts'
import { ratioHead, ratioRow } from '../charts/ratio-axis.ts'
import { section } from '../document.ts'
import { capital, counted, countWord, formatEvidence } from '../figures.ts'
import { html, type Markup } from '../markup.ts'

const mostRows = 5

type Place = Where & { readonly effect: Effect; readonly excess: number }

/** What an edge that has vanished is harmed by are the calls that are missing. */
function isOfMissing({ attribute }: Where): boolean {
  return attribute === 'vanished edge'
}

function placesOf(judgement: Judgement): readonly Place[] {
  return judgement.where
    .map((where) => {
      const [few, many] = isOfMissing(where) ? [where.canary, where.baseline] : [where.baseline, where.canary]
      return {
        ...where,
        effect: { ...judgement.effect, ...roughRateRatio(few, many) },
        excess: excessOf({ ...where, baseline: few, canary: many }),
      }
    })
    .toSorted((a, b) => b.excess - a.excess)
}

/** A place is a route or a region; each kind has a table, since their requests are the same ones. */
function byAttribute(judgement: Judgement): ReadonlyMap<string, readonly Place[]> {
  const attributes = [...new Set(judgement.where.map(({ attribute }) => attribute))]
  const places = placesOf(judgement)
  return new Map(attributes.map((name) => [name, places.filter(({ attribute }) => attribute === name)]))
}

function isBeyond(place: Place): boolean {
  return place.effect.low > place.effect.margin
}

function isFresh(place: Place): boolean {
  return place.baseline.errors === 0 && place.canary.errors > 0
}

function isGone(place: Place): boolean {
  return isOfMissing(place) && place.canary.errors === 0
}

function verdictOf(place: Place): Markup {
  if (isBeyond(place)) return html`<span class="state rollback likely">beyond the margin</span>`
  if (place.effect.high !== null && place.effect.high < place.effect.margin)
    return html`<span class="muted">within the margin</span>`
  if (isFresh(place)) return html`<span class="muted">none in the baseline</span>`
  if (isGone(place)) return html`<span class="muted">none in the canary</span>`
  return html`<span class="faint">too little to tell</span>`
}

function rate(counts: Counts): Markup {
  const share = counts.requests === 0 ? null : counts.errors / counts.requests
  return html`${formatPercent(share)}<span class="sub2">${formatCount(counts.errors)} of ${formatCount(counts.requests)}</span>`
}

function drawRow(page: Case, place: Place, requests: number): Markup {
  const beyond = isBeyond(place)
  const finding = beyond ? 'harm-likely' : 'undecided'
  const ratio = isFresh(place) ? 'new' : isGone(place) ? 'gone' : formatRatio(place.effect.ratio)
  const empty =
    place.canary.errors === 0 && place.baseline.errors === 0 ? 'no events in either version' : 'no interval yet'
  const share = requests === 0 ? null : place.canary.requests / requests
  return html`<tr><th scope="row"><code>${place.value === '' ? '(none)' : place.value}</code></th>
<td class="num hide">${formatPercent(share)}</td>
<td class="num" data-l="${page.names.baseline}">${rate(place.baseline)}</td>
<td class="num can" data-l="${page.names.canary}">${rate(place.canary)}</td>
<td class="spark">${ratioRow({ effect: place.effect, finding, grey: !beyond, empty }, 30)}</td>
<td class="num end">${beyond ? html`<b>${ratio}</b>` : ratio}</td>
<td class="state-cell">${verdictOf(place)}</td></tr>
`
}

/** What there is more of at a place, or less. */
function excessWords(place: Place): string {
  if (isOfMissing(place)) return 'missing calls'
  return place.attribute === 'new edge' ? 'new calls' : 'additional failures'
}

function lead(places: readonly Place[]): string {
  const beyond = places.filter(isBeyond)
  const total = places.reduce((sum, place) => sum + Math.max(0, place.excess), 0)
  const first = places[0]
  if (beyond.length === 1 && places.length > 1) return `One of ${countWord(places.length)} lies beyond the margin.`
  if (beyond.length > 1 && beyond.length === places.length) {
    return beyond.length === 2
      ? 'Both lie beyond the margin.'
      : `All ${countWord(beyond.length)} lie beyond the margin.`
  }
  if (beyond.length > 1)
    return `${capital(countWord(beyond.length))} of ${countWord(places.length)} lie beyond the margin.`
  if (first !== undefined && total > 1 && first.excess > total / 2) {
    return `${formatPercent(first.excess / total)} of the ${excessWords(first)} are on ${first.value}.`
  }
  return 'None stands out.'
}

function tableOf(page: Case, judgement: Judgement, attribute: string, places: readonly Place[]): Markup {
  const shown = places.slice(0, mostRows)
  const rest = places.length - shown.length
  return html`<div class="panel"><table class="stack"><thead><tr><th scope="col">${attribute}</th><th scope="col" class="num">Share of traffic</th><th scope="col" class="num">${page.names.baseline}</th><th scope="col" class="num">${page.names.canary}</th><th scope="col" class="spark">${ratioHead()}</th><th scope="col" class="num">Ratio</th><th scope="col"></th></tr></thead>
<tbody>${shown.map((place) => drawRow(page, place, judgement.canary.samples))}</tbody></table>
<p class="source">${rest > 0 && `And ${counted(rest, 'more', 'more')}. `}By contribution to the ${excessWords(places[0]!)} of ${judgement.name} (evidence ${formatEvidence(judgement.eValue)}). Intervals here follow from the counts alone; they explain and do not decide.</p></div>
`
}

/** Where: the places that the additional failures come from. */
export function whereSection(page: Case): Markup | null {
  const located = page.ranked.filter((judgement) => judgement.where.length > 0)
  const first = located[0]
  if (first === undefined) return null
  const tables = located.flatMap((judgement) =>
    [...byAttribute(judgement)].map(([attribute, places]) => tableOf(page, judgement, attribute, places)),
  )
  const [firstPlaces] = byAttribute(first).values()
  return section('where', 'Where', lead(firstPlaces!), ...tables)
}
