import type { Counts } from '../../domain/evidence.ts'
import type { AttributeExcess, Explanation, LeftOut, SignalLook } from '../../domain/explanation.ts'
import { formatCount, formatPercent, formatSeconds, formatTime } from '../../domain/format.ts'
import type { Case } from '../case.ts'
import { capital, counted, formatEvidence } from '../figures.ts'
import { html, type Markup } from '../markup.ts'

/** Where a value was found, for people: 'logs', or the instrument; null: spans, as all else on the page. */
export function signalOf({ signal, metric }: AttributeExcess): string | null {
  if (signal === 'logs') return 'logs'
  return signal === 'metrics' ? (metric ?? 'metrics') : null
}

/** The values that hold the excess; null when there are none. */
export function attributesTable(page: Case, { attributes, event }: Explanation): Markup | null {
  if (attributes.length === 0) return null
  const rows = attributes.map((each) => {
    const { attribute, value, share, baseline, canary, eValue } = each
    const where = signalOf(each)
    return html`<tr><th scope="row"><code>${attribute}</code> <code>${value === '' ? '(none)' : value}</code>${where !== null && html`<span class="sub2">in ${where}</span>`}</th>
<td class="num">${formatPercent(share)}</td>
<td class="num" data-l="${page.names.baseline}">${rate(baseline, each)}</td>
<td class="num can" data-l="${page.names.canary}">${rate(canary, each)}</td>
<td class="num end">${formatEvidence(eValue)}</td></tr>
`
  })
  const what = event.kind === 'slow' ? `slower than ${formatSeconds(event.seconds)}` : 'failed'
  return html`<table class="stack"><thead><tr><th scope="col">Attribute</th><th scope="col" class="num">Share of the excess</th><th scope="col" class="num">${page.names.baseline}, ${what}</th><th scope="col" class="num">${page.names.canary}, ${what}</th><th scope="col" class="num">Evidence</th></tr></thead>
<tbody>${rows}</tbody></table>
`
}

function rate({ requests, errors }: Counts, { signal }: AttributeExcess): Markup {
  const what = signal === 'logs' && ' records'
  return html`${formatPercent(requests === 0 ? null : errors / requests)}<span class="sub2">${formatCount(errors)} of ${formatCount(requests)}${what}</span>`
}

/** Which requests were looked at: 'All of the requests'. */
export function requestsLookedAt({ signals = [], oneIn }: Explanation): string {
  if (signals.some(({ signal, counted: count }) => signal === 'traces' && count === 0)) return 'No spans of requests'
  return `${oneIn === 1 ? 'All' : `One in ${formatCount(oneIn)}`} of the requests`
}

/** What else was looked at for attributes, and what was not; '' for an explanation that does not say. */
export function lookedAt({ signals = [], from }: Explanation): string {
  const also = signals.flatMap((look) => seen(look, from))
  const left = signals.flatMap((look) => look.leftOut.map((each) => leftOutOf(look, each)))
  const sentences = [
    ...(also.length === 0 ? [] : [`Attributes also of ${also.join(' and ')}.`]),
    ...left.map((sentence) => `${capital(sentence)}.`),
  ]
  return sentences.map((sentence) => `${sentence} `).join('')
}

function seen({ signal, counted: count, oneIn, from, metrics }: SignalLook, since: number): readonly string[] {
  if (signal === 'traces' || count === 0) return []
  if (signal === 'logs') {
    return [
      `${counted(count, 'log record')} (those of one trace as one${oneIn === 1 ? '' : `, one in ${formatCount(oneIn)}`})`,
    ]
  }
  const shorter = from > since ? ` since ${formatTime(from)}` : ''
  return [`what ${(metrics ?? []).join(', ')} counted${shorter}`]
}

const signalNames = { traces: 'spans', logs: 'logs', metrics: 'metrics' } as const

/** Without a capital and a full stop. */
function leftOutOf({ signal }: SignalLook, { reason, names, more }: LeftOut): string {
  const signalName = signalNames[signal]
  const named = `${names.join(', ')}${more > 0 ? ` and ${formatCount(more)} more` : ''}`
  switch (reason) {
    case 'many-values':
      return `not looked at in ${signalName}, since they have too many values: ${named}`
    case 'many-attributes':
      return `not looked at in ${signalName}, since others are set more often: ${named}`
    case 'many-metrics':
      return `not looked at, since others count failures more often: ${named}`
    case 'many-rows':
      return `of ${signalName} there was too much to look at, and rare values are missing`
    case 'too-much':
      return `${signalName} were not looked at: reading them took more time or memory than it may`
    case 'unreadable':
      return `${signalName} were not looked at: they could not be read`
    case 'not-stored':
      return `of ${signalName} a part had come and was not stored yet`
  }
}
