/** What stands in a skeleton or a template where a value was. */
export const placeholder = '<*>'

/**
 * What a token of a skeleton is. `value` is a word right after "=", `dotted` a name or path with dots or slashes, `numbered`
 * a word whose digits became "#".
 */
export type TokenKind = 'word' | 'punctuation' | 'masked' | 'dotted' | 'numbered' | 'quoted' | 'value' | 'boolean'

const punctuation = new Set([',', ';', '(', ')', '[', ']', '{', '}', '<', '>', '"', "'", '=', '|', ':'])

/** @param previous the token before it, undefined for the first: a word after "=" is a value. */
export function tokenKind(token: string, previous: string | undefined): TokenKind {
  if (token === placeholder) return 'masked'
  if (punctuation.has(token)) return 'punctuation'
  if (token.startsWith('"') || token.startsWith("'")) return 'quoted'
  if (isBoolean(token)) return 'boolean'
  if (token.includes('#')) return 'numbered'
  if (/[a-z0-9][./\\]+[a-z0-9]/i.test(token)) return 'dotted'
  return previous === '=' ? 'value' : 'word'
}

/** true and false, in the spellings that languages print. */
export function isBoolean(word: string): boolean {
  return (
    word === 'true' || word === 'false' || word === 'True' || word === 'False' || word === 'TRUE' || word === 'FALSE'
  )
}
