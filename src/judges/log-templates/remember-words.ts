import { maskWord } from './mask-word.ts'
import { readWord, type WordReading, withoutFullStop } from './push-token.ts'

/** Distinct words of most services are fewer; with more, what was remembered is forgotten. */
const maxRemembered = 16_384
/** Longer words hardly come twice. It also bounds what a hostile sender makes us remember: a few megabytes. */
const longestRemembered = 64
const leastSlice = 13

/** What was made of words, found without making a string of each: that alone would take most of the time. */
export type WordMemory = {
  /**
   * The reading of the word in `line` from `start` to `end`. It depends on the word only.
   * @param hash of the word's characters; any other word may have the same
   */
  readingOf(line: string, start: number, end: number, hash: number): WordReading
}

type Remembered = { readonly codes: Uint16Array; readonly reading: WordReading }

/** A memory with nothing in it. */
export function openWordMemory(): WordMemory {
  const byHash = new Map<number, Remembered>()

  function readingOf(line: string, start: number, end: number, hash: number): WordReading {
    const known = byHash.get(hash)
    if (known !== undefined && isAt(line, start, end, known.codes)) return known.reading
    const reading = readWord(withoutFullStop(line.slice(start, end)), maskWord)
    if (end - start > longestRemembered) return reading
    if (byHash.size >= maxRemembered) byHash.clear()
    byHash.set(hash, { codes: codesOf(line, start, end), reading: ownCopy(reading) })
    return reading
  }

  return { readingOf }
}

function isAt(line: string, start: number, end: number, codes: Uint16Array): boolean {
  if (codes.length !== end - start) return false
  for (let at = 0; at < codes.length; at += 1) if (codes[at] !== line.charCodeAt(start + at)) return false
  return true
}

function codesOf(text: string, start: number, end: number): Uint16Array {
  const codes = new Uint16Array(end - start)
  for (let at = start; at < end; at += 1) codes[at - start] = text.charCodeAt(at)
  return codes
}

/** A slice of so many characters keeps the whole line in memory. */
function ownCopy(reading: WordReading): WordReading {
  const { token, role } = reading
  if (token.length < leastSlice) return reading
  return { token: String.fromCharCode(...codesOf(token, 0, token.length)), role }
}
