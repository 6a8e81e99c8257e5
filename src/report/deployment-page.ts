import { formatTime } from '../domain/format.ts'
import { type Case, caseOf } from './case.ts'
import { documentOf } from './document.ts'
import { formatMoment } from './figures.ts'
import { html, type Markup } from './markup.ts'
import { shortName, verdictPath } from './names.ts'
import type { ReportInput } from './report-input.ts'
import { calibration } from './sections/calibration.ts'
import { causeSection } from './sections/cause.ts'
import { checksSection } from './sections/checks.ts'
import { exact } from './sections/exact.ts'
import { fair, isUnfair } from './sections/fair.ts'
import { head } from './sections/head.ts'
import { latency } from './sections/latency.ts'
import { logged } from './sections/logged.ts'
import { lost } from './sections/lost.ts'
import { margins } from './sections/margins.ts'
import { metricsTable } from './sections/metrics-table.ts'
import { overTime, race } from './sections/over-time.ts'
import { told } from './sections/told.ts'
import { when } from './sections/when.ts'
import { whereSection } from './sections/where.ts'
import { why } from './sections/why.ts'
import { engineVerdict, stateWord, verdictWords } from './state.ts'

type Drawn = { readonly anchor: string; readonly id: string; readonly markup: Markup | null }

/** The sections in their fixed order; one without content leaves out its anchor as well. */
function sectionsOf(page: Case): readonly (Drawn & { readonly markup: Markup })[] {
  const fairness: Drawn = { anchor: 'Comparison', id: 'fair', markup: fair(page) }
  const unfair = isUnfair(page)
  const held = page.tone === 'hold' && !page.over
  const { blind } = page
  const drawn: readonly (Drawn | null)[] = [
    unfair ? fairness : null,
    blind ? { anchor: 'Data', id: 'lost', markup: lost(page) } : null,
    held ? { anchor: 'When', id: 'when', markup: when(page) } : null,
    blind ? null : { anchor: page.tone === 'hold' ? 'Known' : 'Why', id: 'why', markup: why(page) },
    unfair ? null : fairness,
    page.tone === 'promote' ? { anchor: 'Ruled out', id: 'race', markup: race(page) } : null,
    blind ? null : { anchor: 'Evidence', id: 'over-time', markup: overTime(page) },
    { anchor: 'Margins', id: 'margins', markup: margins(page) },
    { anchor: 'Where', id: 'where', markup: whereSection(page) },
    { anchor: 'Cause', id: 'cause', markup: causeSection(page) },
    { anchor: 'Logs', id: 'logged', markup: logged(page) },
    { anchor: 'Checks', id: 'checks', markup: checksSection(page) },
    { anchor: 'Latency', id: 'latency', markup: latency(page) },
    { anchor: 'All metrics', id: 'metrics', markup: metricsTable(page) },
    { anchor: 'False alarms', id: 'calibration', markup: calibration(page) },
    { anchor: 'Who was told', id: 'told', markup: told(page) },
    { anchor: 'Exact evidence', id: 'evidence', markup: exact(page) },
  ]
  return drawn.flatMap((one) => (one === null || one.markup === null ? [] : [{ ...one, markup: one.markup }]))
}

function anchors(page: Case, sections: readonly Drawn[]): Markup {
  const { decision, code } = engineVerdict(page.input.verdict, page.input.looks)
  const links = sections.map(({ anchor, id }) => html`<a href="#${id}">${anchor}</a>`)
  return html`<nav class="anchors" aria-label="On this page"><div class="wrap">${stateWord(page.tone, verdictWords(decision, code))}${links}</div></nav>
`
}

function foot({ input: { deployment, verdict, now } }: Case): Markup {
  const path = verdictPath(deployment.id)
  return html`<footer class="foot"><span>Deployment <code>${deployment.id}</code></span><span>${verdict.engine}</span><span>template <code>${verdict.template.name}</code> <code>${shortDigest(verdict.template.digest)}</code></span><span>Page made ${formatMoment(now)}</span><span><a href="${path}">JSON</a> · <a href="${path}?format=markdown">Markdown</a> · <a href="${path}s">All looks</a></span></footer>
`
}

/** 'sha256:9b1f…e07c': enough to compare by eye; the whole one stands in the exact evidence. */
function shortDigest(digest: string): string {
  const [kind, hash] = digest.split(':')
  return hash === undefined || hash.length < 12 ? digest : `${kind}:${hash.slice(0, 4)}…${hash.slice(-4)}`
}

function titleOf(page: Case): string {
  const { deployment, verdict, looks } = page.input
  const { decision, code } = engineVerdict(verdict, looks)
  const until = page.tone === 'hold' && page.expectedAt !== null ? ` until about ${formatTime(page.expectedAt)}` : ''
  return `${verdictWords(decision, code)}${until}: ${shortName(deployment.service)} ${page.names.canary}`
}

/** A deployment's report as one HTML document; the sentence first, then the number, the picture, the proof. */
export function renderDeployment(input: ReportInput): string {
  const page = caseOf(input)
  const sections = sectionsOf(page)
  return documentOf({
    title: titleOf(page),
    description: input.verdict.reason.summary,
    tone: page.tone,
    refresh: input.deployment.status === 'open',
    aside: [input.deployment.environment, 'UTC'],
    onFleet: false,
    body: html`${head(page)}${anchors(page, sections)}
<div class="wrap">
${sections.map(({ markup }) => markup)}
${foot(page)}</div>`,
  })
}
