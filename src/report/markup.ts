/** Text that is markup already. Only `html` and `trusted` make it. */
export type Markup = { readonly markup: string }

/** What may stand between the parts of a template: text and numbers are escaped, nothing is left out. */
export type Part = string | number | Markup | readonly Part[] | null | undefined | false

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/**
 * Text for any place of a page, also inside a quoted attribute. Control characters and those that turn the reading
 * direction become U+FFFD: they could make one name look like another.
 */
export function escapeText(text: string): string {
  return text
    .replace(/[^\P{Cc}\t\n\r]|[\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '\ufffd')
    .replace(/[&<>"']/g, (character) => entities[character]!)
}

function render(part: Part): string {
  if (part === null || part === undefined || part === false) return ''
  if (typeof part === 'string') return escapeText(part)
  if (typeof part === 'number') return String(part)
  if ('markup' in part) return part.markup
  return part.map(render).join('')
}

/** A template whose every part is escaped unless it is markup itself, so that forgetting to escape cannot happen. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  let markup = strings[0]!
  for (const [index, part] of parts.entries()) markup += render(part) + strings[index + 1]!
  return { markup }
}

/** Markup from a constant of this folder, never from data. */
export function trusted(markup: string): Markup {
  return { markup }
}
