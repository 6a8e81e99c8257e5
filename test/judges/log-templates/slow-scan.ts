import {
  characterClass,
  classOf,
  isAlphanumeric,
  isWordCode,
} from '../../../src/judges/log-templates/character-class.ts'
import { isHostBeforePort, maskWord } from '../../../src/judges/log-templates/mask-word.ts'
import { pushMask, pushWord, readWord, withoutFullStop } from '../../../src/judges/log-templates/push-token.ts'
import { scanDelimiter } from '../../../src/judges/log-templates/scan-delimiter.ts'
import { TokenList } from '../../../src/judges/log-templates/token-list.ts'

const booleans = new Set(['true', 'false', 'True', 'False', 'TRUE', 'FALSE'])

/**
 * What a line's skeleton is, said as plainly as it can be: each word is cut out, looked at as a string, and nothing is
 * remembered. The scanner has to give the same, however it saves its time.
 */
export function slowScan(line: string): readonly string[] {
  const tokens = new TokenList()
  const cut = line.lastIndexOf(' ', 2048)
  const end = line.length <= 2048 ? line.length : cut > 0 ? cut : 2048
  let at = 0
  while (at < end && tokens.size < 256) {
    const kind = classOf(line.charCodeAt(at))
    if (kind === characterClass.space) at += 1
    else if (kind === characterClass.delimiter) at = scanDelimiter(line, at, end, tokens)
    else at = slowWord(line, at, end, tokens)
  }
  const all = tokens.toArray()
  return all.filter((token) => booleans.has(token)).length > 3
    ? all.map((token) => (booleans.has(token) ? '<*>' : token))
    : all
}

function slowWord(line: string, start: number, end: number, tokens: TokenList): number {
  const after = wordEnd(line, start, end)
  const word = line.slice(start, after)
  const past = after < end ? addressPast(line, start, after, end) : 0
  if (past > 0) {
    pushMask(tokens)
    return past
  }
  if (/^[\d.\-+%/#~*^!?_$]*$/.test(word) && /\d/.test(word)) {
    pushMask(tokens)
    return after
  }
  const dots = word.indexOf('....')
  const afterDots = word.length - word.slice(Math.max(0, dots)).replace(/^\.+/, '').length
  if (dots > 0 && afterDots < word.length && !/^[\d.\-+%/#~*^!?_$]*$/.test(word)) {
    pushWord(readWord(withoutFullStop(word.slice(0, dots)), maskWord), line, start + dots, tokens)
    tokens.push('..')
    return start + afterDots
  }
  pushWord(readWord(withoutFullStop(word), maskWord), line, after, tokens)
  return after
}

function wordEnd(line: string, start: number, end: number): number {
  let at = start
  while (at < end && (isWordCode(line.charCodeAt(at)) || isApostropheInside(line, at))) at += 1
  return at
}

function isApostropheInside(line: string, at: number): boolean {
  return line[at] === "'" && isAlphanumeric(line.charCodeAt(at - 1)) && isAlphanumeric(line.charCodeAt(at + 1))
}

/** The place after an address that goes on past the mark that ends its first word; 0: there is none. */
function addressPast(line: string, start: number, after: number, end: number): number {
  const word = line.slice(start, after)
  const rest = /^[^ \t\n"'<>),\]}|]*/.exec(line.slice(after, end))?.[0].length ?? 0
  if (line[after] === '=') return word.includes('?') && word.includes('/') ? after + rest : 0
  if (line[after] !== ':') return 0
  if (line.startsWith('://', after)) return after + rest
  const groups = /^[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){3,63}(?:%\w+)?/i.exec(line.slice(start))?.[0] ?? ''
  if (word.length <= 4 && groups !== '' && !isAlphanumeric(line.charCodeAt(start + groups.length)))
    return start + groups.length
  const port = /^:(\d+)/.exec(line.slice(after, end))?.[1] ?? ''
  return isHostBeforePort(word) && port.length >= 2 && port.length <= 5 ? after + 1 + port.length : 0
}
