import { placeholder } from './token-kind.ts'

const topLevelDomains = new Set(
  (
    'com org net edu gov mil int info biz io dev app cloud local internal lan svc cluster localdomain arpa ' +
    'asia xyz online site top tech shop store name mobi pro club live website space travel jobs'
  ).split(' '),
)
/** `server.go:42` is a place in a source file, though .go might be a country. */
const sourceEndings = new Set('js ts py go rs rb cc hh sh cs kt pl hs ex ml fs vb'.split(' '))

/** `Price#41`: every build moves the number, and may give it one digit more. */
const placeInSource = /^[\w.$]*[A-Za-z]#\d+$/
/** `1m30s`, `12.5µs`: what {@link isNumber} knows has one unit, of ASCII letters. */
const duration = /^[+\-~]?(?:\d+(?:[.,]\d+)?(?:ns|[uµμ]?s|ms|[mhdw]))+$/i
/** Longer than words get: base64, signatures. */
const longWord = 60

/**
 * A word of a log line with its variable part taken away: the placeholder for what is a number, an address, an id, a path
 * or a host name; "#" for the digits of a word that has one or two (`worker-3`) or ends in a line number; else the word.
 * The rules are general: none knows the system that wrote the line.
 */
export function maskWord(word: string): string {
  const shape = shapeOf(word)
  if (isAddress(word, shape) || word.length >= longWord) return placeholder
  if (shape.digits === 0) return isPureHex(word) || isHost(word, 0) ? placeholder : word
  if (shape.letters === 0 || isNumber(word)) return placeholder
  if (placeInSource.test(word)) return word.replace(/\d+$/, '#')
  if (/^[0-9a-f-]{6,}$/i.test(word)) return placeholder
  if (endsInLineNumber(word, shape)) return word.replace(/\d+$/, '#')
  if (shape.digits >= 3 || shape.runs >= 3 || hasIdSegment(word)) return placeholder
  return isHost(word, shape.digits) ? placeholder : word.replace(/\d+/g, '#')
}

/**
 * Whether a word without "#" is a value by its digits alone, which most values are: three of them, and no line number at
 * its end. {@link maskWord} says the same, after many more questions.
 *
 * @param letters of any alphabet
 * @param runs of digits
 */
export function isValueByDigits(digits: number, letters: number, runs: number): boolean {
  return digits >= 3 && (runs >= 2 || letters < 8 || digits > letters)
}

/** A lower-case dotted name that ends as hosts do, or localhost: what stands before ":" and a port. */
export function isHostBeforePort(word: string): boolean {
  if (word === 'localhost') return true
  const end = word.slice(word.lastIndexOf('.') + 1)
  return /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)+$/.test(word) && !sourceEndings.has(end) && endsAsHost(end)
}

type Shape = { readonly digits: number; readonly letters: number; readonly runs: number; readonly slashes: number }

function shapeOf(word: string): Shape {
  let [digits, letters, runs, slashes] = [0, 0, 0, 0]
  let wasDigit = false
  for (let at = 0; at < word.length; at += 1) {
    const code = word.charCodeAt(at)
    const isDigit = code >= 48 && code <= 57
    if (isDigit) {
      digits += 1
      if (!wasDigit) runs += 1
    } else if ((code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code > 127) letters += 1
    else if (code === 47 || code === 92) slashes += 1
    wasDigit = isDigit
  }
  return { digits, letters, runs, slashes }
}

/** Paths, mail addresses, file URLs. */
function isAddress(word: string, { slashes }: Shape): boolean {
  const first = word[0]
  if (word.length > 1 && (first === '/' || first === '~' || first === '\\')) return true
  const at = word.indexOf('@')
  return slashes >= 2 || (at > 0 && at < word.length - 1)
}

function isNumber(word: string): boolean {
  return /^[+-]?0x/i.test(word) || duration.test(word) || /^[+\-~]?\d[\d.,]*[a-z%]{1,3}$/i.test(word)
}

/** Digests and addresses that happen to have no digit. */
function isPureHex(word: string): boolean {
  return [8, 16, 32, 40, 64].includes(word.length) && /^(?:[0-9a-f]+|[0-9A-F]+)$/.test(word)
}

/** `PaymentService.charge#42`: the name is the signal, the number moves with every version. */
function endsInLineNumber(word: string, { digits, letters, runs }: Shape): boolean {
  return runs === 1 && letters >= 8 && letters >= digits && /\d$/.test(word)
}

/** A part like `d9acbbb7b`: letters between digits, as in pod and request ids. */
function hasIdSegment(word: string): boolean {
  return word.split(/[-_.]/).some((part) => part.length >= 5 && /\d[a-z]+\d/i.test(part))
}

function isHost(word: string, digits: number): boolean {
  const labels = word.split('.')
  if (labels.length < 3 || !labels.every((label) => /^[\w-]+$/.test(label))) return false
  if (topLevelDomains.has((labels[0] as string).toLowerCase())) return false
  return endsAsHost((labels.at(-1) as string).toLowerCase()) || (digits > 0 && word === word.toLowerCase())
}

function endsAsHost(label: string): boolean {
  return topLevelDomains.has(label) || /^[a-z]{2}$/.test(label)
}
