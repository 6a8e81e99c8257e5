import { characterClass, classOf, isAlphanumeric } from './character-class.ts'
import { isHostBeforePort, maskWord } from './mask-word.ts'
import { pushMask, pushWord } from './push-token.ts'
import { scanDelimiter } from './scan-delimiter.ts'
import { isBoolean, placeholder } from './token-kind.ts'

/** Longer lines are cut at the last space before it, so that no half word makes a shape of its own. */
const maxCharacters = 2048
const maxTokens = 256
/** More booleans than this in one line are a dump of state: kept, they would make a shape for each combination. */
const maxBooleans = 3
const maxRemembered = 50_000
const apostrophe = 39
const hexGroups = /[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){3,}(?:%\w+)?/iy

/** Reads a line into its skeleton. The array is the scanner's own: it is overwritten by the next line. */
export type LineScanner = (line: string) => readonly string[]

/**
 * A scanner turns a log line into a skeleton: its words and punctuation with one placeholder for each value or run of
 * values. It remembers what it made of a word, so a scanner belongs to one miner; the result depends on the line only.
 */
export function openLineScanner(): LineScanner {
  const tokens: string[] = []
  const remembered = new Map<string, string>()

  function masked(word: string): string {
    const known = remembered.get(word)
    if (known !== undefined) return known
    if (remembered.size >= maxRemembered) remembered.clear()
    const result = maskWord(word)
    remembered.set(word, result)
    return result
  }

  return (line) => {
    tokens.length = 0
    const end = lineEnd(line)
    let at = 0
    while (at < end && tokens.length < maxTokens) {
      const kind = classOf(line.charCodeAt(at))
      if (kind === characterClass.space) at += 1
      else if (kind === characterClass.delimiter) at = scanDelimiter(line, at, end, tokens)
      else at = scanWord(line, at, end, tokens, masked)
    }
    maskManyBooleans(tokens)
    return tokens
  }
}

function scanWord(
  line: string,
  start: number,
  end: number,
  tokens: string[],
  masked: (word: string) => string,
): number {
  let at = start
  let [hasDigit, hasOther] = [false, false]
  for (; at < end; at += 1) {
    const code = line.charCodeAt(at)
    const kind = classOf(code)
    if (kind === characterClass.digit) hasDigit = true
    else if (kind === characterClass.space) break
    else if (kind === characterClass.delimiter) {
      if (code !== apostrophe || !isInsideWord(line, at)) break
      hasOther = true
    } else if (kind !== characterClass.sign) hasOther = true
  }
  if (line[at] === ':' || line[at] === '=') {
    const after = scanPastColon(line, start, at, end)
    if (after > 0) {
      pushMask(tokens)
      return after
    }
  }
  if (hasDigit && !hasOther) {
    pushMask(tokens)
    return at
  }
  const leader = hasOther ? dotLeader(line, start, at) : undefined
  if (leader !== undefined) {
    pushWord(line.slice(start, leader.from), line, leader.from, tokens, masked)
    tokens.push('..')
    return leader.to
  }
  pushWord(line.slice(start, at), line, at, tokens, masked)
  return at
}

/** URLs, paths with a query, host:port, and addresses of hex groups go past the ":" or "=" that ends a word. */
function scanPastColon(line: string, start: number, at: number, end: number): number {
  const word = line.slice(start, at)
  if (line[at] === '=') return word.includes('?') && word.includes('/') ? addressEnd(line, at, end) : 0
  if (line.startsWith('://', at)) return addressEnd(line, at, end)
  if (word.length <= 4) {
    hexGroups.lastIndex = start
    const match = hexGroups.exec(line)
    if (match !== null && !isAlphanumeric(line.charCodeAt(start + match[0].length))) return start + match[0].length
  }
  if (classOf(line.charCodeAt(at + 1)) !== characterClass.digit || !isHostBeforePort(word)) return 0
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
  for (const token of tokens) if (isBoolean(token)) count += 1
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
