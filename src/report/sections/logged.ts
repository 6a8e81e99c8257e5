import { formatCount, formatPercent, formatRatio } from '../../domain/format.ts'
import type { Case } from '../case.ts'
import { section } from '../document.ts'
import { capital, counted, countWord, formatMoment } from '../figures.ts'
import { html, type Markup } from '../markup.ts'
import type { ReportLog } from '../report-log.ts'

const mostRows = 8

const changeWords: Readonly<Record<ReportLog['change'], string>> = {
  new: 'new',
  increased: 'more often',
  vanished: 'vanished',
  same: 'as before',
}

function share({ requests, of }: ReportLog['canary']): number | null {
  return of === 0 ? null : requests / of
}

function rate(by: ReportLog['canary']): Markup {
  return html`${formatPercent(share(by))}<span class="sub2">${formatCount(by.requests)} of ${formatCount(by.of)}</span>`
}

function ratioOf({ baseline, canary }: ReportLog): string {
  const [b, c] = [share(baseline), share(canary)]
  return b === null || c === null || b === 0 ? '–' : formatRatio(c / b)
}

function stateOf({ muted, change }: ReportLog): Markup {
  if (muted !== null) {
    return html`<span class="muted">expected until ${formatMoment(Date.parse(muted.expiresAt))}: ${muted.reason} (${muted.by})</span>`
  }
  if (change === 'same' || change === 'vanished') return html`<span class="muted">${changeWords[change]}</span>`
  return html`<b>${changeWords[change]}</b>`
}

function rowsPath({ input: { deployment } }: Case, { hash }: ReportLog): string {
  const query = new URLSearchParams({ environment: deployment.environment, hash, hours: '336' })
  return `/api/v1/services/${encodeURIComponent(deployment.service)}/log-templates?${query}`
}

function drawRow(page: Case, log: ReportLog): Markup {
  const since = log.firstVersion === '' ? '' : `, by ${log.firstVersion}`
  return html`<tr><th scope="row"><code class="anywhere">${log.text}</code><span class="sub2 anywhere">${log.example}</span></th>
<td>${log.severity}</td>
<td class="num" data-l="${page.names.baseline}">${rate(log.baseline)}</td>
<td class="num can" data-l="${page.names.canary}">${rate(log.canary)}</td>
<td class="num">${ratioOf(log)}</td>
<td class="hide">${formatMoment(log.firstSeen)}${since}<span class="sub2"><a href="${rowsPath(page, log)}">${log.hash}</a></span></td>
<td class="state-cell">${stateOf(log)}</td></tr>
`
}

function lead(logs: readonly ReportLog[]): string {
  const judged = logs.filter(({ muted }) => muted === null)
  const told = (['new', 'increased', 'vanished'] as const).flatMap((change) => {
    const count = judged.filter((log) => log.change === change).length
    return count === 0 ? [] : [`${countWord(count)} ${changeWords[change]}`]
  })
  if (told.length === 0) return 'Both versions log the same warnings and errors.'
  return `${capital(told.join(', '))} among ${counted(logs.length, 'kind')} of warnings and errors.`
}

/** What both versions log as warnings and errors: what differs, how often by request, since when, and an example. */
export function logged(page: Case): Markup | null {
  const logs = page.input.logs ?? []
  if (logs.length === 0) return null
  const shown = logs.slice(0, mostRows)
  const rest = logs.length - shown.length
  return section(
    'logged',
    'What it logs',
    lead(logs),
    html`<div class="panel"><table class="stack"><thead><tr><th scope="col">Message or exception</th><th scope="col">Severity</th><th scope="col" class="num">${page.names.baseline}</th><th scope="col" class="num">${page.names.canary}</th><th scope="col" class="num">Ratio</th><th scope="col" class="hide">First logged</th><th scope="col"></th></tr></thead>
<tbody>${shown.map((log) => drawRow(page, log))}</tbody></table>
<p class="source">${rest > 0 && `And ${counted(rest, 'more', 'more')}. `}By requests that logged it, of all requests of the version. These counts explain; whether they are harm is decided with the metrics of the template.</p></div>
`,
  )
}
