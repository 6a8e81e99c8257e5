import { characterClass, classOf } from './character-class.ts'
import { isBoolean, placeholder } from './token-kind.ts'
import type { TokenList } from './token-list.ts'

const units = words(
  'b byte bytes kb mb gb tb kib mib gib tib bit bits bps kbps mbps ns us µs ms msec msecs s sec secs second seconds min mins ' +
    'minute minutes hour hours day days percent %',
)
const zones = words('utc gmt z est edt cst cdt mst mdt pst pdt cet cest bst jst ist hkt msk')
const months = words(
  'jan feb mar apr may jun jul aug sep oct nov dec january february march april june july august september october november december',
)
const weekdays = words('mon tue wed thu fri sat sun monday tuesday wednesday thursday friday saturday sunday')
const absent = words('null nil none undefined nan n/a <nil>')
const separators = new Set([':', ',', '|', ';', '-', '/'])
const valuePlaces = new Set(['=', ':', ',', '(', '|', '[', '{'])

/** What a word is wherever it stands: its token, and whether that stands for a value, or it may also be a unit, part of a date, or no value. */
export type WordReading = {
  readonly token: string
  readonly role: 'plain' | 'masked' | 'boolean' | 'unit' | 'date' | 'absent'
}

/** @param masked the word with its variable part taken away */
export function readWord(word: string, masked: (word: string) => string): WordReading {
  const lower = word.length <= 9 ? word.toLowerCase() : ''
  const token = masked(word)
  if (units.has(lower)) return { token, role: 'unit' }
  if (months.has(lower) || weekdays.has(lower)) return { token, role: 'date' }
  if (absent.has(lower)) return { token, role: 'absent' }
  if (isBoolean(token)) return { token, role: 'boolean' }
  return { token, role: token === placeholder ? 'masked' : 'plain' }
}

/**
 * A word; nothing for a unit after a value, unless it is a key; a value for a month or weekday of a date and for `null` where a value stands.
 *
 * @param after the place in the line right after it
 */
export function pushWord({ token, role }: WordReading, line: string, after: number, tokens: TokenList): void {
  if (role === 'plain') tokens.push(token)
  else if (role === 'masked') pushMask(tokens)
  else if (role === 'boolean') tokens.pushBoolean(token)
  else {
    const previous = tokens.last(1)
    // `took=12ms bytes=7`: the name of the next value.
    if (role === 'unit' && previous === placeholder && line[after] !== '=') return
    const isValue =
      role === 'date'
        ? isDateNext(line, after)
        : role === 'absent' && previous !== undefined && valuePlaces.has(previous)
    if (isValue) pushMask(tokens)
    else tokens.push(token)
  }
}

/** A value; values in a row, or with a separator or a time zone between them, are one. */
export function pushMask(tokens: TokenList): void {
  const previous = tokens.last(1)
  if (previous === placeholder) return
  if (previous !== undefined && tokens.last(2) === placeholder) {
    if (separators.has(previous) || zones.has(previous.toLowerCase())) {
      tokens.drop(1)
      return
    }
  }
  tokens.push(placeholder)
}

/** `<*> ( <*> )`, `<*> ( )` and `<*> [ <*> ]` say one value twice. */
export function dropBracketAfterMask(tokens: TokenList, open: string): void {
  if (tokens.last(2) === open && tokens.last(3) === placeholder) tokens.drop(2)
  else if (tokens.last(3) === open && tokens.last(2) === placeholder && tokens.last(4) === placeholder) tokens.drop(3)
}

/** A word without the mark that ends its sentence. */
export function withoutFullStop(text: string): string {
  let end = text.length
  while (end > 1 && '.!?'.includes(text[end - 1] as string)) end -= 1
  return end === text.length ? text : text.slice(0, end)
}

function isDateNext(line: string, start: number): boolean {
  let at = start
  while (line[at] === ' ' || line[at] === ',') at += 1
  if (classOf(line.charCodeAt(at)) === characterClass.digit) return true
  return months.has(line.slice(at, at + 3).toLowerCase())
}

function words(list: string): ReadonlySet<string> {
  return new Set(list.split(' '))
}
