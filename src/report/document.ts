import { icon, iconShapes } from './icons.ts'
import { html, type Markup, trusted } from './markup.ts'
import type { Tone } from './state.ts'

const favicons: Readonly<Record<Tone, Markup>> = {
  rollback: trusted("%3Cpath d='M11 3h10l8 8v10l-8 8H11l-8-8V11z' fill='%23a51d13'/%3E"),
  hold: trusted("%3Crect x='3' y='3' width='26' height='26' rx='4' fill='%23f0b429'/%3E"),
  promote: trusted("%3Ccircle cx='16' cy='16' r='14' fill='%230f7350'/%3E"),
  nodata: trusted("%3Ccircle cx='16' cy='16' r='12' fill='none' stroke='%23667182' stroke-width='4'/%3E"),
}

/** A page without its frame. `refresh`: reload every 10 s, for what is still open. */
export type Page = {
  readonly title: string
  readonly description: string
  readonly tone: Tone
  readonly refresh: boolean
  /** Said at the right of the top bar: the environment, the time zone. */
  readonly aside: readonly (string | Markup)[]
  readonly onFleet: boolean
  readonly body: Markup
}

function topBar(page: Page): Markup {
  const current = page.onFleet ? trusted(' aria-current="page"') : null
  return html`<header class="top"><div class="wrap">
<a class="brand" href="/">${icon('lamp')}Davy</a>
<nav aria-label="Main"><a href="/"${current}>Deployments</a></nav>
<div class="aside">${page.aside.map((text) => html`<span>${text}</span>`)}</div>
</div></header>`
}

/** The whole document: no script, no style attribute, everything readable without its style sheet. */
export function documentOf(page: Page): string {
  const { markup } = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
${page.refresh && trusted('<meta http-equiv="refresh" content="10">')}
<title>${page.title} · Davy</title>
<meta name="description" content="${page.description}">
<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E${favicons[page.tone]}%3C/svg%3E">
<link rel="stylesheet" href="/assets/davy.css"></head>
<body>
${iconShapes}
${topBar(page)}
<main>
${page.body}
</main></body></html>
`
  return markup
}

/** A section with its heading and one claim. */
export function section(
  id: string,
  title: string,
  lead: string | Markup | null,
  ...content: readonly Markup[]
): Markup {
  return html`<section id="${id}"><div class="sec"><h2>${title}</h2>${lead !== null && html`<p class="lead">${lead}</p>`}</div>
${content}</section>
`
}
