import { alternatives, bareText, exactlyOne, type Literal, type QueryLanguage } from '../fill-query.ts'

/** What a condition of InfluxQL takes values in: strings, and patterns after `=~` and `!~`. */
export const influxql: QueryLanguage = {
  place: 'within single quotes, or in a pattern (=~ /…/)',
  literalAt(query, at) {
    const mark = query[at]
    if (mark === "'") return text
    if (mark === '"') return name
    return mark === '/' && /[=!]~\s*$/.test(query.slice(0, at)) ? pattern : null
  },
}

const backslash = (query: string, at: number): number => (query[at] === '\\' ? 2 : 0)

const text: Literal = {
  ...{ opens: 1, closes: "'", escapeAt: backslash, isPattern: false },
  write: exactlyOne((value) => value.replace(/[\\']/g, '\\$&').replaceAll('\n', '\\n')),
}

/** The name of a tag or a field. */
const name: Literal = { opens: 1, closes: '"', escapeAt: backslash, isPattern: false, write: null }

const pattern: Literal = {
  ...{ opens: 1, closes: '/', isPattern: true },
  // Its end is escaped by a backslash, whatever stands before that: no backslash can be escaped.
  escapeAt: (query, at) => (query.startsWith('\\/', at) ? 2 : 0),
  write: (values) => alternatives(values, escapedPattern),
}

/** By their numbers, so that neither a slash nor a backslash of a value is one of the pattern. */
function escapedPattern(value: string): string {
  return value.replace(/[^\p{L}\p{N}_-]/gu, (character) => `\\x{${character.codePointAt(0)!.toString(16)}}`)
}

/** A name within its quotes. */
export function quotedName(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`
}

/** Whether a text is a condition that stays one between brackets: no statement of its own, no comment, no stray bracket. */
export function isCondition(condition: string): boolean {
  const bare = bareText(condition, influxql)
  if (bare === null || bare.trim() === '' || /;|--|\/\*/.test(bare)) return false
  let depth = 0
  for (const character of bare) {
    if (character === '(') depth += 1
    if (character === ')') depth -= 1
    if (depth < 0) return false
  }
  return depth === 0
}
