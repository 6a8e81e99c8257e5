import { characterClass, classOf, isAlphanumeric, isWordCode } from './character-class.ts'
import { dropBracketAfterMask, pushMask } from './push-token.ts'
import { placeholder } from './token-kind.ts'
import type { TokenList } from './token-list.ts'

const maxQuote = 200
const maxBracket = 300
const methods = /^(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|CONNECT|TRACE) /

/** Reads what begins with a delimiter: a quoted string, "=" with its value when that has brackets, else the mark itself.
 * @returns the place after it
 */
export function scanDelimiter(line: string, at: number, end: number, tokens: TokenList): number {
  const mark = line[at] as string
  if (mark === '"' || mark === "'") {
    const after = scanQuote(line, at, end, tokens)
    if (after > 0) return after
  }
  if (mark === '<' && classOf(line.charCodeAt(at + 1)) === characterClass.digit && !isBracketed(line, at + 1, end)) {
    return at + 1
  }
  if (mark === '>' && tokens.last(1) === placeholder && tokens.last(2) === '<') {
    tokens.drop(2)
    pushMask(tokens)
    return at + 1
  }
  if (mark === '=') {
    if (tokens.last(1) !== '=') tokens.push('=')
    return scanAfterEquals(line, at + 1, end, tokens)
  }
  tokens.push(mark)
  if (mark === ')' || mark === ']') dropBracketAfterMask(tokens, mark === ')' ? '(' : '[')
  return at + 1
}

/** `<5 ms` is less than, `<5f3a>` a value in brackets, as is `<f35a>`. */
function isBracketed(line: string, start: number, end: number): boolean {
  let at = start
  while (at < end && isWordCode(line.charCodeAt(at))) at += 1
  return line[at] === '>'
}

/** `ruser= rhost=` has an empty value, `source=Work{1 2}` a value with brackets: both are one value. */
function scanAfterEquals(line: string, at: number, end: number, tokens: TokenList): number {
  const isAttached = at >= 2 && isWordCode(line.charCodeAt(at - 2))
  const next = classOf(line.charCodeAt(at))
  if (isAttached && (at >= end || next !== characterClass.digit) && hasNoValue(line, at, end)) {
    pushMask(tokens)
    return at
  }
  if (next === characterClass.space) return at
  let open = at
  while (open < end && isWordCode(line.charCodeAt(open))) open += 1
  if (line[open] !== '{' && line[open] !== '[') return at
  const after = matchingClose(line, open, Math.min(end, at + maxBracket))
  if (after < 0) return at
  pushMask(tokens)
  return after
}

function hasNoValue(line: string, start: number, end: number): boolean {
  let at = start
  while (at < end && classOf(line.charCodeAt(at)) === characterClass.space) at += 1
  if (at >= end) return true
  const mark = line[at] as string
  if (mark === ',' || mark === ';' || mark === ')' || mark === '}' || mark === ']') return true
  if (at === start) return false
  while (at < end && isWordCode(line.charCodeAt(at))) at += 1
  return line[at] === '=' && line[at + 1] !== '='
}

function matchingClose(line: string, open: number, end: number): number {
  let depth = 0
  for (let at = open; at < end; at += 1) {
    const mark = line[at]
    if (mark === '{' || mark === '[') depth += 1
    else if (mark === '}' || mark === ']') {
      depth -= 1
      const isFollowed = line[at + 1] === '[' || line[at + 1] === '{'
      if (depth === 0 && !isFollowed) return at + 1
    }
  }
  return -1
}

/** @returns the place after the quote; 0 when it is no quoted string: an apostrophe, or one that never ends. */
function scanQuote(line: string, at: number, end: number, tokens: TokenList): number {
  const mark = line[at] as string
  if (at > 0 && isAlphanumeric(line.charCodeAt(at - 1))) return 0
  const close = line.indexOf(mark, at + 1)
  if (close < 0 || close >= end || close - at > maxQuote) return 0
  const inside = line.slice(at + 1, close)
  if (inside.includes('\n') || (mark === "'" && isAlphanumeric(line.charCodeAt(close + 1)))) return 0
  const method = methods.exec(inside)
  if (method !== null) tokens.push(method[1] as string)
  if (method !== null || inside === '' || /\d/.test(inside)) pushMask(tokens)
  else tokens.push(mark + inside + mark)
  return close + 1
}
