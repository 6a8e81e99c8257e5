import { characterClass, classOf } from './character-class.ts'
import { maskWord } from './mask-word.ts'
import { readWord, type WordReading, withoutFullStop } from './push-token.ts'

/** Distinct words of the services of one process are fewer; with more, what was remembered is forgotten. */
const maxRemembered = 65_536
/** Longer words hardly come twice. It also bounds what a hostile sender makes us remember, to about 16 MB. */
const longestRemembered = 64
const leastSlice = 13
const leastSlots = 512
const expectations = 4096
const apostrophe = 39
const colon = 58
const questionMark = 63

/** What was made of words, found without making a string of each: that alone would take most of the time. */
export type WordMemory = {
  /** A line begins: nothing has been read of it. */
  begin(): void
  /**
   * The place after the word at `start` when it is the one that came after the last two the last time; 0 when it is not.
   * Then {@link WordMemory.readingOf} would give {@link WordMemory.followed}: whatever ends a word here ends it in every
   * line.
   */
  follow(line: string, start: number, end: number): number
  /** The reading of the word that {@link WordMemory.follow} found. */
  followed(): WordReading
  /**
   * The reading of the word in `line` from `start` to `end`. It depends on the word only.
   * @param hash of the word's characters; any other word may have the same
   */
  readingOf(line: string, start: number, end: number, hash: number): WordReading
}

/**
 * A memory with nothing in it. Words are numbered from 1; their characters stand one after another in one array, and a
 * table of open addressing leads from a hash to a number: a Map and an array for each word would take twice the time.
 */
export function openWordMemory(): WordMemory {
  /** What is at 0 stands for no word. */
  const readings: WordReading[] = [{ token: '', role: 'plain' }]
  let slots = new Int32Array(leastSlots)
  let hashes = new Int32Array(leastSlots / 2)
  let starts = new Int32Array(leastSlots / 2 + 1)
  let codes = new Uint16Array(leastSlots * 4)
  /** By the last two words of a line, the one that came next. */
  const expected = new Int32Array(expectations)
  let [context, last] = [0, 0]

  function begin(): void {
    context = 0
    last = 0
  }

  function pass(word: number): void {
    context = (Math.imul(last, 0x9e3779b1) ^ Math.imul(word, 0x85ebca6b)) >>> 20
    last = word
  }

  function follow(line: string, start: number, end: number): number {
    const word = expected[context] as number
    if (word === 0) return 0
    const after = start + (starts[word + 1] as number) - (starts[word] as number)
    if (after > end || !isAt(line, start, after, word)) return 0
    if (after < end) {
      const code = line.charCodeAt(after)
      const kind = classOf(code)
      if (kind !== characterClass.space) {
        // Past these two a word may go on, or be an address together with what comes then.
        if (kind !== characterClass.delimiter || code === apostrophe || code === colon) return 0
      }
    }
    pass(word)
    return after
  }

  function isAt(line: string, start: number, after: number, word: number): boolean {
    const all = codes
    let from = starts[word] as number
    for (let at = start; at < after; at += 1) {
      if (all[from] !== line.charCodeAt(at)) return false
      from += 1
    }
    return true
  }

  function readingOf(line: string, start: number, end: number, hash: number): WordReading {
    let slot = slotOf(hash)
    for (let word = slots[slot] as number; word !== 0; word = slots[slot] as number) {
      const isLike = hashes[word] === hash && (starts[word + 1] as number) - (starts[word] as number) === end - start
      if (isLike && isAt(line, start, end, word)) {
        expected[context] = word
        pass(word)
        return readings[word] as WordReading
      }
      slot = (slot + 1) & (slots.length - 1)
    }
    const reading = readWord(withoutFullStop(line.slice(start, end)), maskWord)
    // After a "?" even "=" may not end a word, so such a one cannot be followed.
    if (end - start <= longestRemembered && !isIn(questionMark, line, start, end)) {
      remember(line, start, end, hash, reading)
    }
    return reading
  }

  function remember(line: string, start: number, end: number, hash: number, reading: WordReading): void {
    if (readings.length >= maxRemembered) forget()
    if (2 * readings.length >= slots.length) grow()
    const word = readings.push(ownCopy(reading)) - 1
    let to = starts[word] as number
    if (to + longestRemembered > codes.length) codes = copyOf(codes, new Uint16Array(2 * codes.length))
    for (let at = start; at < end; at += 1) {
      codes[to] = line.charCodeAt(at)
      to += 1
    }
    starts[word + 1] = to
    hashes[word] = hash
    slots[freeSlot(hash)] = word
  }

  /** The hash of FNV-1a differs least in its low bits. */
  function slotOf(hash: number): number {
    return (hash ^ (hash >>> 15)) & (slots.length - 1)
  }

  function freeSlot(hash: number): number {
    let slot = slotOf(hash)
    while (slots[slot] !== 0) slot = (slot + 1) & (slots.length - 1)
    return slot
  }

  function grow(): void {
    slots = new Int32Array(2 * slots.length)
    hashes = copyOf(hashes, new Int32Array(slots.length / 2))
    starts = copyOf(starts, new Int32Array(slots.length / 2 + 1))
    for (let word = 1; word < readings.length; word += 1) slots[freeSlot(hashes[word] as number)] = word
  }

  /** The numbers are given anew, so what was expected is forgotten with the words. */
  function forget(): void {
    readings.length = 1
    slots.fill(0)
    expected.fill(0)
    begin()
  }

  return { begin, follow, followed: () => readings[last] as WordReading, readingOf }
}

function copyOf<Numbers extends Int32Array | Uint16Array>(from: Numbers, to: Numbers): Numbers {
  to.set(from)
  return to
}

function isIn(code: number, line: string, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (line.charCodeAt(at) === code) return true
  return false
}

/** A slice of so many characters keeps the whole line in memory. */
function ownCopy(reading: WordReading): WordReading {
  const { token, role } = reading
  if (token.length < leastSlice) return reading
  const codes = Array.from({ length: token.length }, (_, at) => token.charCodeAt(at))
  return { token: String.fromCharCode(...codes), role }
}
