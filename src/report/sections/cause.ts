import type { EdgeComparison, Explanation } from '../../domain/explanation.ts'
import {
  formatAmount,
  formatCount,
  formatPercent,
  formatRatio,
  formatSeconds,
  formatTime,
} from '../../domain/format.ts'
import type { Case } from '../case.ts'
import { section } from '../document.ts'
import { html, type Markup } from '../markup.ts'
import { attributesTable, lookedAt, requestsLookedAt, signalOf } from './cause-attributes.ts'

/** A change of the time of a mean request below this share of it is not worth a sentence. */
const notableShare = 0.1

/** What it comes from: the values that hold the excess, pods, calls, types of error, and who else changed. */
export function causeSection(page: Case): Markup | null {
  const { explanation } = page.input
  if (explanation === undefined || explanation === null) return null
  const panels = [
    [html`<p>${explanation.place.summary}</p>`, timeSentence(page, explanation), suspectsList(explanation)],
    [attributesTable(page, explanation)],
    [edgesTable(page, explanation)],
    [errorTypesTable(page, explanation)],
  ].map((parts) => parts.filter((part) => part !== null))
  const drawn = panels
    .filter((parts) => parts.length > 0)
    .map(
      (parts, index, all) =>
        html`<div class="panel">${parts}${index === all.length - 1 && sourceLine(explanation)}</div>
`,
    )
  return section('cause', 'Likely cause', lead(explanation), ...drawn)
}

function lead({ attributes, place, time, callee }: Explanation): string {
  if (place.kind === 'pod' || place.kind === 'node') return `One bad ${place.kind}, not a bad version.`
  if (callee !== undefined && callee !== null) return `${callee.summary}.`
  const [first] = attributes
  if (first !== undefined) {
    const where = signalOf(first)
    const of = where === null ? 'the excess' : `the excess in ${where}`
    return `${formatPercent(first.share)} of ${of} has ${first.attribute} ${first.value === '' ? '(none)' : first.value}.`
  }
  if (time !== null && time.canary.calls - time.baseline.calls > notableShare * time.baseline.request) {
    return 'Requests wait longer for what the service calls.'
  }
  return 'No single place, caller or error stands out.'
}

function timeSentence(page: Case, { time, edges }: Explanation): Markup | null {
  if (time === null) return null
  const more = time.canary.request - time.baseline.request
  if (Math.abs(more) < notableShare * time.baseline.request) return null
  const inCalls = time.canary.calls - time.baseline.calls
  const slowest = edges.toSorted((a, b) => b.secondsMore - a.secondsMore)[0]
  const named =
    slowest !== undefined && slowest.secondsMore > inCalls / 2 && inCalls > 0 ? `, mostly ${slowest.edge}` : ''
  const own = time.canary.self - time.baseline.self
  return html`<p>A mean request of ${page.names.canary} takes ${formatSeconds(Math.abs(more))} ${more > 0 ? 'more' : 'less'} than one of ${page.names.baseline}: ${signed(inCalls)} in what it calls${named}, ${signed(own)} in the service itself.</p>
`
}

function signed(seconds: number): string {
  return `${seconds < 0 ? '−' : '+'}${formatSeconds(Math.abs(seconds))}`
}

function edgesTable(page: Case, { edges }: Explanation): Markup | null {
  if (edges.length === 0) return null
  const rows = edges.map(
    (edge) => html`<tr><th scope="row"><code>${edge.edge}</code></th>
<td>${stateOf(edge)}</td>
<td class="num" data-l="${page.names.baseline}">${figures(edge.baseline)}</td>
<td class="num can" data-l="${page.names.canary}">${figures(edge.canary)}</td>
<td class="num end">${edge.state === 'vanished' ? '–' : formatRatio(ratio(edge))}</td></tr>
`,
  )
  return html`<table class="stack"><thead><tr><th scope="col">Calls</th><th scope="col"></th><th scope="col" class="num">${page.names.baseline}</th><th scope="col" class="num">${page.names.canary}</th><th scope="col" class="num">Calls a request</th></tr></thead>
<tbody>${rows}</tbody></table>
`
}

const stateWords = { both: '', new: 'new', vanished: 'vanished' } as const

function stateOf({ state }: EdgeComparison): string {
  return stateWords[state]
}

function ratio({ baseline, canary }: EdgeComparison): number | null {
  return baseline.callsPerRequest === 0 ? null : canary.callsPerRequest / baseline.callsPerRequest
}

function figures({ calls, callsPerRequest, failed, seconds }: EdgeComparison['baseline']): Markup {
  if (calls === 0) return html`–`
  return html`${formatAmount(callsPerRequest)} a request<span class="sub2">${formatPercent(failed)} failed, ${formatSeconds(seconds)}</span>`
}

function errorTypesTable(page: Case, { errorTypes }: Explanation): Markup | null {
  if (errorTypes.length === 0) return null
  const rows = errorTypes.map(
    ({ errorType, baseline, canary }) => html`<tr><th scope="row"><code>${errorType}</code></th>
<td class="num" data-l="${page.names.baseline}">${formatPercent(baseline.perRequest)}<span class="sub2">${formatCount(baseline.errors)}</span></td>
<td class="num can" data-l="${page.names.canary}">${formatPercent(canary.perRequest)}<span class="sub2">${formatCount(canary.errors)}</span></td></tr>
`,
  )
  return html`<table class="stack"><thead><tr><th scope="col">Type of error</th><th scope="col" class="num">${page.names.baseline}, of requests</th><th scope="col" class="num">${page.names.canary}, of requests</th></tr></thead>
<tbody>${rows}</tbody></table>
`
}

function suspectsList({ suspects }: Explanation): Markup | null {
  // Only the release itself is no list of suspects.
  if (suspects.filter(({ relation }) => relation !== 'itself').length === 0) return null
  const items = suspects.map(
    ({ service, version, strategy, startedAt, reason, deploymentId }) =>
      html`<li><a href="/deployments/${deploymentId}">${service}${version === null ? '' : ` ${version}`}</a>, ${strategy}, ${formatTime(startedAt)}. ${reason}</li>
`,
  )
  return html`<p>Changed at the time, the most suspect first:</p><ol>${items}</ol>
`
}

function sourceLine(explanation: Explanation): Markup {
  const { from, to, deploymentId } = explanation
  return html`<p class="source">${requestsLookedAt(explanation)} from ${formatTime(from)} to ${formatTime(to)} (<code>otel_traces</code>, <code>rollup_calls_10s</code>). ${lookedAt(explanation)}Attribute values were found at a false discovery rate of 10% over all that were tried. It explains and does not decide. <a href="/api/v1/deployments/${deploymentId}/explanation">JSON</a></p>
`
}
