import { documentOf } from './document.ts'
import { html } from './markup.ts'

/** What went wrong with the request for a page; `expected` says what would have been right. */
export type ShownProblem = {
  readonly status: number
  readonly title: string
  readonly detail: string
  readonly expected?: string
  readonly traceId?: string
}

/** The page instead of a page. It comes again by itself when Davy is to blame, so that an open tab heals. */
export function renderProblem({ status, title, detail, expected, traceId }: ShownProblem): string {
  return documentOf({
    title,
    description: detail,
    tone: 'nodata',
    refresh: status >= 500,
    aside: [],
    onFleet: false,
    body: html`<div class="wrap"><div class="fleet-head"><h1>${title}</h1>
<p>${detail}${expected !== undefined && html` Expected: ${expected}.`}</p>
<p class="muted">HTTP ${status}${traceId !== undefined && html`, trace <code>${traceId}</code>`}</p></div>
<p class="acts"><a class="button main" href="/">All deployments</a></p></div>`,
  })
}
