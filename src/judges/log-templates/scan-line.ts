import { characterClass, classOf, isAlphanumeric } from './character-class.ts'
import { isHostBeforePort, isValueByDigits } from './mask-word.ts'
import { pushMask, pushWord } from './push-token.ts'
import { openWordMemory, type WordMemory } from './remember-words.ts'
import { scanDelimiter } from './scan-delimiter.ts'
import { isBoolean, placeholder } from './token-kind.ts'

/** Longer lines are cut at the last space before it, so that no half word makes a shape of its own. */
const maxCharacters = 2048
const maxTokens = 256
/** More booleans than this in one line are a dump of state: kept, they would make a shape for each combination. */
const maxBooleans = 3
const apostrophe = 39
const hashMark = 35
const dot = 46
const colon = 58
const equals = 61
const questionMark = 63
const fnvOffset = 0x811c9dc5 | 0
const fnvPrime = 0x01000193
const hexGroups = /[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){3,}(?:%\w+)?/iy

/** Reads a line into its skeleton. The array is the scanner's own: it is overwritten by the next line. */
export type LineScanner = (line: string) => readonly string[]

/**
 * A scanner turns a log line into a skeleton: its words and punctuation with one placeholder for each value or run of
 * values. It remembers what it made of a word, so a scanner belongs to one miner; the result depends on the line only.
 */
export function openLineScanner(): LineScanner {
  const tokens: string[] = []
  const memory = openWordMemory()

  return (line) => {
    tokens.length = 0
    const end = lineEnd(line)
    let at = 0
    while (at < end && tokens.length < maxTokens) {
      const kind = classOf(line.charCodeAt(at))
      if (kind === characterClass.space) at += 1
      else if (kind === characterClass.delimiter) at = scanDelimiter(line, at, end, tokens)
      else at = scanWord(line, at, end, tokens, memory)
    }
    maskManyBooleans(tokens)
    return tokens
  }
}

/** One pass over the word's characters finds all that can be told without a string of it: most words need none. */
function scanWord(line: string, start: number, end: number, tokens: string[], memory: WordMemory): number {
  let at = start
  let hash = fnvOffset
  let code = 0
  for (; at < end; at += 1) {
    code = line.charCodeAt(at)
    if (classOf(code) !== characterClass.letter) break
    hash = Math.imul(hash ^ code, fnvPrime)
  }
  if (at === end || code === 32) {
    pushWord(memory.readingOf(line, start, at, hash), line, at, tokens)
    return at
  }
  // One by one: an array to take them from would be made for every word.
  let letters = at - start
  let digits = 0
  let runs = 0
  let lastDigit = -1
  let hasOther = false
  let hasLeader = false
  let hasHashMark = false
  let hasQuestion = false
  for (; at < end; at += 1) {
    code = line.charCodeAt(at)
    const kind = classOf(code)
    if (kind === characterClass.letter) letters += 1
    else if (kind === characterClass.digit) {
      digits += 1
      if (lastDigit !== at - 1) runs += 1
      lastDigit = at
    } else if (kind === characterClass.sign) {
      if (code === dot) {
        if (line.charCodeAt(at + 1) === dot) hasLeader = true
      } else if (code === hashMark) hasHashMark = true
      else if (code === questionMark) hasQuestion = true
    } else if (kind === characterClass.other) hasOther = true
    else if (kind === characterClass.space) break
    else {
      if (code !== apostrophe || !isInsideWord(line, at)) break
      hasOther = true
    }
    hash = Math.imul(hash ^ code, fnvPrime)
  }
  hasOther ||= letters > 0
  if (at < end && (code === colon || (code === equals && hasQuestion))) {
    const after = scanPastColon(line, start, at, end)
    if (after > 0) {
      pushMask(tokens)
      return after
    }
  }
  if (digits > 0 && !hasOther) {
    pushMask(tokens)
    return at
  }
  const leader = hasLeader && hasOther ? dotLeader(line, start, at) : undefined
  if (leader !== undefined) {
    pushWord(memory.readingOf(line, start, leader.from, hashOf(line, start, leader.from)), line, leader.from, tokens)
    tokens.push('..')
    return leader.to
  }
  // Values hardly come twice, so remembering them would only push out words.
  if (!hasHashMark && isValueByDigits(digits, letters, runs)) pushMask(tokens)
  else pushWord(memory.readingOf(line, start, at, hash), line, at, tokens)
  return at
}

function hashOf(line: string, start: number, end: number): number {
  let hash = fnvOffset
  for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ line.charCodeAt(at), fnvPrime)
  return hash
}

/** URLs, paths with a query (the caller saw its "?"), host:port, and addresses of hex groups go past the ":" or "=" that ends a word. */
function scanPastColon(line: string, start: number, at: number, end: number): number {
  if (line[at] === '=') return line.slice(start, at).includes('/') ? addressEnd(line, at, end) : 0
  if (line.startsWith('://', at)) return addressEnd(line, at, end)
  if (at - start <= 4) {
    hexGroups.lastIndex = start
    const match = hexGroups.exec(line)
    if (match !== null && !isAlphanumeric(line.charCodeAt(start + match[0].length))) return start + match[0].length
  }
  if (classOf(line.charCodeAt(at + 1)) !== characterClass.digit || !isHostBeforePort(line.slice(start, at))) return 0
  let after = at + 1
  while (after < end && classOf(line.charCodeAt(after)) === characterClass.digit) after += 1
  return after - at >= 3 && after - at <= 6 ? after : 0
}

function addressEnd(line: string, start: number, end: number): number {
  let at = start
  while (at < end && !' \t\n"\'<>),]}|'.includes(line[at] as string)) at += 1
  return at
}

/** `enable......0`, as boot messages align their values. */
function dotLeader(line: string, start: number, end: number): { from: number; to: number } | undefined {
  const from = line.indexOf('....', start)
  if (from <= start || from >= end) return undefined
  let to = from
  while (line[to] === '.') to += 1
  return to < end ? { from, to } : undefined
}

function maskManyBooleans(tokens: string[]): void {
  let count = 0
  for (const token of tokens) if ((token.length === 4 || token.length === 5) && isBoolean(token)) count += 1
  if (count <= maxBooleans) return
  for (let at = 0; at < tokens.length; at += 1) if (isBoolean(tokens[at] as string)) tokens[at] = placeholder
}

function lineEnd(line: string): number {
  if (line.length <= maxCharacters) return line.length
  const cut = line.lastIndexOf(' ', maxCharacters)
  return cut > 0 ? cut : maxCharacters
}

function isInsideWord(line: string, at: number): boolean {
  return isAlphanumeric(line.charCodeAt(at - 1)) && isAlphanumeric(line.charCodeAt(at + 1))
}
