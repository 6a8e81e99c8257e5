import type { Literal, QueryLanguage, WriteValues } from '../fill-query.ts'

/**
 * How NRQL takes values: bare, and Davy writes the quotes around them. New Relic documents no escape within a string, so a
 * value that would need one is not asked for.
 */
export const nrql: QueryLanguage = {
  place: 'outside of quotes, which Davy writes itself',
  literalAt: (query, at) => quotedAt(query, at) ?? listAt(query, at),
  writeBare: (values) =>
    values.length === 1 ? written(values) : { reason: `has ${values.length} values, which only IN (…) takes` },
}

function written(values: readonly string[]): ReturnType<WriteValues> {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  if (values.some((value) => /['"`\\\u0000-\u001f\u007f]/.test(value))) {
    return { reason: 'has a quote, a backslash or a control character, of which NRQL might make something else' }
  }
  return values.map((value) => `'${value}'`).join(', ')
}

function quotedAt(query: string, at: number): Literal | null {
  const mark = query[at]!
  if (!'\'"`'.includes(mark)) return null
  const escapeAt = (text: string, place: number) => (text[place] === '\\' ? 2 : 0)
  return { opens: 1, closes: mark, escapeAt, isPattern: false, write: null }
}

/** A list of alternatives, as in `podName IN (…)`. */
function listAt(query: string, at: number): Literal | null {
  const opening = /\bIN\s*\(/iy
  opening.lastIndex = at
  const [text] = opening.exec(query) ?? []
  if (text === undefined) return null
  return { opens: text.length, closes: ')', escapeAt: () => 0, isPattern: true, write: written }
}
