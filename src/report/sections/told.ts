import { formatTime } from '../../domain/format.ts'
import type { Case } from '../case.ts'
import { section } from '../document.ts'
import { capital, counted, countWord } from '../figures.ts'
import { icon } from '../icons.ts'
import { html, type Markup } from '../markup.ts'
import type { ReportDelivery } from '../report-input.ts'

const mostRows = 20

/** One message to one endpoint: its attempts in their order. */
type Told = { readonly endpoint: string; readonly attempts: readonly ReportDelivery[] }

/** Attempts gathered to messages, the one that was attempted first last. */
function messagesOf(deliveries: readonly ReportDelivery[]): readonly Told[] {
  const messages = new Map<string, { readonly endpoint: string; readonly attempts: ReportDelivery[] }>()
  for (const delivery of deliveries.toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at))) {
    const key = `${delivery.endpoint}\0${delivery.messageId}`
    const message = messages.get(key) ?? { endpoint: delivery.endpoint, attempts: [] }
    messages.set(key, message)
    message.attempts.push(delivery)
  }
  return [...messages.values()].toReversed()
}

const outcomeWords: Readonly<Record<string, string>> = {
  delivered: 'delivered',
  retry: 'not yet, tries again',
  failed: 'failed',
  gone: 'wants no more messages',
}

function drawRow({ endpoint, attempts }: Told): Markup {
  const last = attempts.at(-1)!
  const delivered = last.outcome === 'delivered'
  const statuses = attempts.map(({ status }) => status ?? 'no answer')
  const tries = attempts.length === 1 && delivered ? String(last.attempt) : `${last.attempt} (${statuses.join(', ')})`
  const bad = last.outcome === 'failed' || last.outcome === 'gone'
  return html`<tr><th scope="row"><span class="anywhere">${endpoint}</span></th>
<td class="nowrap">${formatTime(Date.parse(last.at), true)}</td>
<td class="state-cell"><span class="done${bad && ' bad'}">${icon(delivered ? 'check' : bad ? 'cross' : 'warn')}${outcomeWords[last.outcome] ?? last.outcome}</span>${last.note && html`<span class="source anywhere">${last.note}</span>`}</td>
<td class="num end" data-l="tries">${tries}</td></tr>
`
}

function lead(messages: readonly Told[]): string {
  if (messages.length === 0) return 'Nobody: no endpoint takes these verdicts, or nothing has changed yet.'
  const failed = messages.filter(({ attempts }) => attempts.at(-1)!.outcome !== 'delivered').length
  const sent = capital(`${countWord(messages.length)} ${messages.length === 1 ? 'message' : 'messages'}`)
  return failed === 0 ? `${sent}, all delivered.` : `${sent}, ${countWord(failed)} not delivered.`
}

/** Who was told, newest first. */
export function told(page: Case): Markup {
  const messages = messagesOf(page.input.deliveries)
  const rest = messages.length - mostRows
  if (messages.length === 0) return section('told', 'Who was told', lead(messages))
  return section(
    'told',
    'Who was told',
    lead(messages),
    html`<div class="panel"><table class="stack"><thead><tr><th scope="col">Who</th><th scope="col">When</th><th scope="col">Result</th><th scope="col" class="num">Tries</th></tr></thead>
<tbody>${messages.slice(0, mostRows).map(drawRow)}</tbody></table>
${rest > 0 && html`<p class="source">And ${counted(rest, 'earlier message')}.</p>`}</div>
`,
  )
}
