import { formatTime } from '../../domain/format.ts'
import type { Case } from '../case.ts'
import { section } from '../document.ts'
import { counted } from '../figures.ts'
import { html, type Markup } from '../markup.ts'
import { checksPath } from '../names.ts'

/** What people's own tests, scans, probes and alerts say; they hold a promote and roll nothing back. */
export function checksSection(page: Case): Markup | null {
  const checks = page.input.checks ?? []
  if (checks.length === 0) return null
  const failed = checks.filter(({ passed }) => !passed)
  const rows = [...failed, ...checks.filter(({ passed }) => passed)].map(
    ({
      name,
      kind,
      passed,
      summary,
      url,
      at,
    }) => html`<tr><th scope="row">${url === null ? name : html`<a href="${url}">${name}</a>`}</th>
<td>${kind}</td><td>${summary}</td><td class="num">${formatTime(Date.parse(at))}</td>
<td class="state-cell">${passed ? html`<span class="muted">passed</span>` : html`<span class="state hold likely">failed</span>`}</td></tr>
`,
  )
  const lead =
    failed.length === 0
      ? `${counted(checks.length, 'check')} passed.`
      : `${counted(failed.length, 'check')} failed; nothing is promoted meanwhile.`
  return section(
    'checks',
    'Checks and alerts',
    lead,
    html`<div class="panel"><table class="stack"><thead><tr><th scope="col">Name</th><th scope="col">Kind</th><th scope="col">What it says</th><th scope="col" class="num">Since</th><th scope="col"></th></tr></thead>
<tbody>${rows}</tbody></table>
<p class="source">Rows of <code>facts</code> of the kinds check, probe and alert. <a href="${checksPath(page.input.deployment.id)}">As JSON</a>.</p></div>`,
  )
}
