import { characterClass, classOf, isAlphanumeric } from './character-class.ts'
import { isHostBeforePort, isValueByDigits } from './mask-word.ts'
import { pushMask, pushWord } from './push-token.ts'
import { openWordMemory } from './remember-words.ts'
import { scanDelimiter } from './scan-delimiter.ts'
import { isBoolean, placeholder } from './token-kind.ts'
import { TokenList } from './token-list.ts'

/** Longer lines are cut at the last space before it, so that no half word makes a shape of its own. */
const maxCharacters = 2048
const maxTokens = 256
/** More booleans than this in one line are a dump of state: kept, they would make a shape for each combination. */
const maxBooleans = 3
const space = 32
const apostrophe = 39
const hashMark = 35
const minus = 45
const dot = 46
const colon = 58
const equals = 61
const questionMark = 63
const fnvOffset = 0x811c9dc5 | 0
const fnvPrime = 0x01000193
/** At most as many groups as a SHA-512 fingerprint has, or a hostile line would be read to its end from each of its words. */
const hexGroups = /[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){3,63}(?:%\w+)?/iy
const leastHex = 6

/**
 * One for all scanners of this process, so that it is bounded however many services are read; what it makes of a word does
 * not depend on what it has read before.
 */
const memory = openWordMemory()

/** Reads a line into its skeleton. */
export type LineScanner = (line: string) => readonly string[]

/**
 * A scanner turns a log line into a skeleton: its words and punctuation with one placeholder for each value or run of
 * values. The result depends on the line only.
 */
export function openLineScanner(): LineScanner {
  const tokens = new TokenList()

  return (line) => {
    tokens.clear()
    memory.begin()
    const end = lineEnd(line)
    let at = 0
    while (at < end && tokens.size < maxTokens) {
      const code = line.charCodeAt(at)
      const kind = classOf(code)
      if (code === space || kind === characterClass.space) at += 1
      else if (kind === characterClass.delimiter) at = scanDelimiter(line, at, end, tokens)
      else {
        const after = memory.follow(line, at, end)
        if (after > 0) pushWord(memory.followed(), line, after, tokens)
        at = after > 0 ? after : scanWord(line, at, end, tokens)
      }
    }
    const all = tokens.toArray()
    return tokens.booleans <= maxBooleans ? all : all.map((token) => (isBoolean(token) ? placeholder : token))
  }
}

/** One pass over the word's characters finds all that can be told without a string of it: most words need none. */
function scanWord(line: string, start: number, end: number, tokens: TokenList): number {
  let at = start
  let hash = fnvOffset
  let code = 0
  for (; at < end; at += 1) {
    code = line.charCodeAt(at)
    if (classOf(code) !== characterClass.letter) break
    hash = Math.imul(hash ^ code, fnvPrime)
  }
  if (at === end || code === space) {
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
  const isValue = digits > 0 && !hasHashMark && (isValueByDigits(digits, letters, runs) || isHex(line, start, at))
  if (isValue) pushMask(tokens)
  else pushWord(memory.readingOf(line, start, at, hash), line, at, tokens)
  return at
}

/** What `maskWord` says of a word with a digit too, after more questions. */
function isHex(line: string, start: number, end: number): boolean {
  if (end - start < leastHex) return false
  for (let at = start; at < end; at += 1) {
    const code = line.charCodeAt(at)
    const isLetter = (code >= 97 && code <= 102) || (code >= 65 && code <= 70)
    if (!isLetter && (code < 48 || code > 57) && code !== minus) return false
  }
  return true
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

function lineEnd(line: string): number {
  if (line.length <= maxCharacters) return line.length
  const cut = line.lastIndexOf(' ', maxCharacters)
  return cut > 0 ? cut : maxCharacters
}

function isInsideWord(line: string, at: number): boolean {
  return isAlphanumeric(line.charCodeAt(at - 1)) && isAlphanumeric(line.charCodeAt(at + 1))
}
