import type { Fact, FactKind, Facts } from '../storage/facts.ts'

/** Rows of other writers may become visible this much after their time. */
const overlapMs = 60_000

/** Facts are read in pages, so that the first reading of a long history does not need it in memory at once. */
const pageSize = 1000

/** So many of those handed over last are known however old they are: a clock that is set back makes the old recent again. */
const leastKnown = 5000

/** Where facts are followed. */
export type FactSource = Pick<Facts, 'tail' | 'writes'>

/** Both in milliseconds: the time of day, which may be set, and how long this process has run, which only grows. */
type Times = { readonly now: () => number; readonly uptime: () => number }

type Moment = { readonly at: number; readonly uptime: number }

const ownTimes: Times = { now: Date.now, uptime: () => performance.now() }

/**
 * Follows the facts of some kinds: each reading hands over what was written since the one before, in the order of its
 * writing. It keeps no facts, and remembers keys only as long as their rows may still be read again.
 *
 * A fact is dated by the clock of whoever stored it. One that was ahead hides nothing that is dated rightly: what is dated
 * after the last reading, by this process's clock, does not move the place from which the next one reads.
 */
export class FactTail {
  readonly #source: FactSource
  readonly #kinds: readonly FactKind[]
  readonly #start: string
  readonly #times: Times
  /** When facts that were handed over were written, by kind and key, in the order of the handing over. */
  readonly #recent = new Map<string, string>()
  #newest = ''
  /** When the last reading that ended well began, or the first of all. */
  #last: Moment | null = null
  /** The source's number of writes before the last reading that ended well. */
  #writes: number | null = null

  /** @param start RFC 3339: nothing older is handed over; '' for everything. */
  constructor(source: FactSource, kinds: readonly FactKind[], start = '', times: Times = ownTimes) {
    this.#source = source
    this.#kinds = kinds
    this.#start = start
    this.#times = times
  }

  /**
   * Hands over each new fact, once; again only when an earlier row of its key came to light, which is then the one that
   * counts. Not to be called while it runs.
   */
  async read(take: (fact: Fact<unknown>) => void): Promise<void> {
    const { writes } = this.#source
    if (writes !== null && writes === this.#writes) return
    const began = { at: this.#times.now(), uptime: this.#times.uptime() }
    let from = this.#from(began)
    this.#last ??= began
    for (;;) {
      const page = await this.#source.tail(this.#kinds, from, pageSize)
      for (const fact of page) {
        // An old fact whose row was repeated lately: it was handed over in its time.
        if (fact.at < from) continue
        const key = `${fact.kind}\0${fact.key}`
        const known = this.#recent.get(key)
        if (known !== undefined && known <= fact.at) continue
        this.#recent.set(key, fact.at)
        take(fact)
        if (fact.at > this.#newest) this.#newest = fact.at
      }
      if (page.length < pageSize) break
      const last = page.at(-1)?.at ?? ''
      if (last <= from)
        throw new Error(`more than ${pageSize} facts were written at ${from}; they cannot be read in pages`)
      from = last
    }
    this.#last = began
    this.#forget(began)
    this.#writes = writes
  }

  /** From where on there may be facts that were not handed over. */
  #from({ at, uptime }: Moment): string {
    if (this.#last === null) return this.#start
    const own = this.#newest === '' ? this.#start : dateBefore(Date.parse(this.#newest), overlapMs)
    // By the clock as it goes now, too: it may have been set back since.
    const lastAt = Math.min(this.#last.at, at - (uptime - this.#last.uptime))
    return earlier(own, dateBefore(lastAt, overlapMs))
  }

  /** Twice the overlap: a clock that is slowed down must not reach what is forgotten. */
  #forget({ at }: Moment): void {
    if (this.#newest === '') return
    const since = dateBefore(Math.min(at, Date.parse(this.#newest)), 2 * overlapMs)
    for (const [key, writtenAt] of this.#recent) {
      if (this.#recent.size <= leastKnown) break
      if (writtenAt < since) this.#recent.delete(key)
    }
  }
}

function dateBefore(at: number, ms: number): string {
  return new Date(at - ms).toISOString()
}

function earlier(a: string, b: string): string {
  return a < b ? a : b
}
