import { html, type Markup, trusted } from './markup.ts'

const shapes = {
  rollback:
    '<path d="M5.2 1h5.6L15 5.2v5.6L10.8 15H5.2L1 10.8V5.2z" fill="currentColor" fill-opacity=".2" stroke="currentColor" stroke-width="1.4"/><path d="M10.9 11c.7-2.8-.8-4.7-3.2-4.7H5.3M7.3 4.2 5.1 6.3l2.2 2.2" fill="none" stroke="currentColor" stroke-width="1.6"/>',
  hold: '<rect x="1" y="1" width="14" height="14" rx="2.6" fill="currentColor" fill-opacity=".2" stroke="currentColor" stroke-width="1.4"/><path d="M6 5v6M10 5v6" stroke="currentColor" stroke-width="2"/>',
  promote:
    '<circle cx="8" cy="8" r="7" fill="currentColor" fill-opacity=".2" stroke="currentColor" stroke-width="1.4"/><path d="m4.8 8.2 2.3 2.3 4.1-4.6" fill="none" stroke="currentColor" stroke-width="1.8"/>',
  nodata:
    '<circle cx="8" cy="8" r="6.8" fill="none" stroke="currentColor" stroke-width="1.4" stroke-dasharray="2.6 2.6"/><path d="M5 8h6" stroke="currentColor" stroke-width="1.6"/>',
  check: '<path d="m3 8.4 3.4 3.4L13 4.6" fill="none" stroke="currentColor" stroke-width="2"/>',
  warn: '<path d="M8 1.6 15 14H1z" fill="none" stroke="currentColor" stroke-width="1.5"/><path d="M8 6v4M8 11.4v.8" stroke="currentColor" stroke-width="1.6"/>',
  cross: '<path d="m3.5 3.5 9 9m0-9-9 9" fill="none" stroke="currentColor" stroke-width="2"/>',
  lamp: '<path d="M8 .8a1.8 1.8 0 0 1 1.8 1.8v.7H6.2v-.7A1.8 1.8 0 0 1 8 .8zM4.6 3.4h6.8M5.2 5.6h5.6v5.8H5.2zM3.8 11.5h8.4V15H3.8z" fill="none" stroke="currentColor" stroke-width="1.3"/><path class="flame" d="M8 6.4c1.1 1.3 1.5 1.8 1.5 2.6a1.5 1.5 0 0 1-3 0c0-.8.4-1.3 1.5-2.6z"/>',
} as const

export type IconName = keyof typeof shapes

/** The shapes that `icon` refers to; stands once, first in the body. */
export const iconShapes: Markup = trusted(
  `<svg class="shapes" width="0" height="0" aria-hidden="true">${Object.entries(shapes)
    .map(([name, shape]) => `<symbol id="icon-${name}" viewBox="0 0 16 16">${shape}</symbol>`)
    .join('')}</svg>`,
)

/** A silhouette of 16 px in the colour of its text; says nothing to a screen reader, the word beside it does. */
export function icon(name: IconName): Markup {
  return html`<svg class="icon" width="16" height="16" aria-hidden="true"><use href="#icon-${name}"/></svg>`
}
