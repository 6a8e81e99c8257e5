import type { QueryFault } from '../domain/metric-source.ts'
import { armVariables, type QueryValues, queryVariables, valuesNamed } from './query-values.ts'

/** Values as a query's text, or why they cannot be: the end of a sentence about the variable. */
export type WriteValues = (values: readonly string[]) => string | { readonly reason: string }

/** A stretch of a query that is read by rules of its own: a string, a pattern, a comment. */
export type Literal = {
  /** Characters of its opening mark. */
  readonly opens: number
  readonly closes: string
  /** Characters of the escape at a place within it, 0 when there is none. */
  readonly escapeAt: (query: string, at: number) => number
  /** Whether its values are patterns, of which there may be none or several. */
  readonly isPattern: boolean
  /** null: no value may stand in it. */
  readonly write: WriteValues | null
}

/** Where values may stand in a language of queries, and how they are written there. */
export type QueryLanguage = {
  /** The literal that begins at a place which is in none. */
  readonly literalAt: (query: string, at: number) => Literal | null
  /** How values are written outside of all literals; absent: none may stand there. */
  readonly writeBare?: WriteValues
  /** For people, where values may stand, as in "within the quotes of a label's value". */
  readonly place: string
}

const variable = /\$\{([A-Za-z.]+)(?::-([^}]*))?\}/y

type Piece =
  | { readonly text: string }
  | { readonly name: string; readonly fallback: string | undefined; readonly literal: Literal | null }

/** A query cut at its variables, each with the literal that it stands in; `bare`: its text outside of all literals. */
function cut(query: string, language: QueryLanguage): { pieces: Piece[]; bare: string; isClosed: boolean } {
  const pieces: Piece[] = []
  let [literal, start, bare]: [Literal | null, number, string] = [null, 0, '']
  for (let at = 0; at < query.length; ) {
    variable.lastIndex = at
    const match = variable.exec(query)
    if (match !== null) {
      pieces.push({ text: query.slice(start, at) }, { name: match[1]!, fallback: match[2], literal })
      at += match[0].length
      start = at
    } else if (literal === null) {
      literal = language.literalAt(query, at)
      bare += literal === null ? query[at]! : ' '
      at += literal?.opens ?? 1
    } else if (literal.escapeAt(query, at) > 0) at += literal.escapeAt(query, at)
    else if (query.startsWith(literal.closes, at)) {
      at += literal.closes.length
      literal = null
    } else at += 1
  }
  return {
    pieces: [...pieces, { text: query.slice(start) }],
    bare,
    isClosed: literal === null || literal.closes === '\n',
  }
}

/** A query without its literals and variables, each literal a space; null: its last literal has no end. */
export function bareText(query: string, language: QueryLanguage): string | null {
  const { bare, isClosed } = cut(query, language)
  return isClosed ? bare : null
}

/** Whether a query asks each arm something else. */
export function tellsArmsApart(query: string, language: QueryLanguage): boolean {
  return cut(query, language).pieces.some((piece) => 'name' in piece && armVariables.includes(piece.name))
}

/** What is wrong with a query's variables, whatever they stand for; null: nothing. */
export function checkVariables(query: string, language: QueryLanguage): Omit<QueryFault, 'key'> | null {
  for (const piece of cut(query, language).pieces) {
    if ('text' in piece) {
      const odd = /\$\{[^}]*\}?/.exec(piece.text)?.[0]
      if (odd !== undefined) return { expected: `one of the variables ${shown(queryVariables)}`, got: odd }
      continue
    }
    const { name, literal, fallback } = piece
    if (!queryVariables.includes(name)) {
      return { expected: `one of the variables ${shown(queryVariables)}`, got: `\${${name}}` }
    }
    const mayStand = literal === null ? name === 'window' || language.writeBare !== undefined : literal.write !== null
    if (!mayStand) return { expected: `\${${name}} ${language.place}`, got: `\${${name}} outside of them` }
    if (fallback !== undefined && literal?.isPattern !== true) {
      return { expected: `a value instead of none only in a pattern (=~), as in pod=~"\${pod:-.+}"`, got: fallback }
    }
  }
  return null
}

function shown(names: readonly string[]): string {
  return names.map((name) => `\${${name}}`).join(' ')
}

/** A query that cannot be asked: why. */
export type Unfilled = { readonly name: string; readonly reason: string }

/** A query with its variables filled in as its language writes them, so that a value can never be more than a value. */
export function fillQuery(query: string, values: QueryValues, language: QueryLanguage): string | Unfilled {
  let filled = ''
  for (const piece of cut(query, language).pieces) {
    if ('text' in piece) {
      filled += piece.text
      continue
    }
    const { name, fallback, literal } = piece
    const all = valuesNamed(name, values)
    if (all.length === 0 && fallback === undefined) return { name, reason: `\${${name}} has no value` }
    const write =
      literal === null ? (name === 'window' ? exactlyOne((value) => value) : language.writeBare) : literal.write
    const written = all.length === 0 ? fallback! : (write?.(all) ?? { reason: 'may not stand there' })
    if (typeof written !== 'string') return { name, reason: `\${${name}} ${written.reason}` }
    filled += written
  }
  return filled
}

/** Writes a single value, and refuses several. */
export function exactlyOne(write: (value: string) => string): WriteValues {
  return (values) =>
    values.length === 1 ? write(values[0]!) : { reason: `has ${values.length} values, which only a pattern (=~) takes` }
}

/** Writes values as alternatives of a pattern, each escaped. */
export function alternatives(values: readonly string[], escaped: (value: string) => string): string {
  const patterns = values.map(escaped)
  return patterns.length === 1 ? patterns[0]! : `(?:${patterns.join('|')})`
}
