import type { Literal, QueryLanguage, WriteValues } from '../fill-query.ts'

const mostCharacters = 200

/**
 * A value as Datadog keeps it as a tag: lower-case letters, digits, `_ - : . /`, anything else one underscore, at most 200
 * characters. So a value can be no more than a value, and versions that Datadog takes for one are one here too.
 * Source: Datadog's documentation, "Getting started with tags", "Define tags".
 */
function tagValue(value: string): string {
  return value
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\-:./]+/gu, '_')
    .replace(/^_+/, '')
    .slice(0, mostCharacters)
    .replace(/_+$/, '')
}

function written(values: readonly string[]): ReturnType<WriteValues> {
  const tags = values.map(tagValue)
  if (tags.includes('')) return { reason: 'has a value of which a tag keeps nothing' }
  return tags.join(',')
}

/** A list of alternatives, as in `pod_name IN (a,b)`. */
function listAt(query: string, at: number): Literal | null {
  const opening = /\bIN\s*\(/iy
  opening.lastIndex = at
  const [text] = opening.exec(query) ?? []
  if (text === undefined) return null
  return { opens: text.length, closes: ')', escapeAt: () => 0, isPattern: true, write: written }
}

/** How filters of tags take values: one after a key, several within `IN (…)`. */
export const tagFilter: QueryLanguage = {
  place: 'in a filter of tags',
  literalAt: listAt,
  writeBare: (values) =>
    values.length === 1 ? written(values) : { reason: `has ${values.length} values, which only IN (…) takes` },
}
