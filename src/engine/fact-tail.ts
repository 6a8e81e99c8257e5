import type { Fact, FactKind, Facts } from '../storage/facts.ts'

/** Rows of other writers may become visible this much after their time. */
const overlapMs = 60_000

/** Facts are read in pages, so that the first reading of a long history does not need it in memory at once. */
const pageSize = 1000

/** Where facts are followed. */
export type FactSource = Pick<Facts, 'tail' | 'writes'>

/**
 * Follows the facts of some kinds: each reading hands over what was written since the one before, in the order of its
 * writing. It keeps no facts, and remembers keys only as long as their rows may still be joined by an earlier one.
 */
export class FactTail {
  readonly #source: FactSource
  readonly #kinds: readonly FactKind[]
  readonly #start: string
  /** When the facts of the last minute were written, by kind and key. */
  readonly #recent = new Map<string, string>()
  #newest = ''
  /** The source's number of writes before the last reading that ended well. */
  #writes: number | null = null

  /** @param start RFC 3339: nothing older is handed over; '' for everything. */
  constructor(source: FactSource, kinds: readonly FactKind[], start = '') {
    this.#source = source
    this.#kinds = kinds
    this.#start = start
  }

  /**
   * Hands over each new fact, once; again only when an earlier row of its key came to light, which is then the one that
   * counts. Not to be called while it runs.
   */
  async read(take: (fact: Fact<unknown>) => void): Promise<void> {
    const { writes } = this.#source
    if (writes !== null && writes === this.#writes) return
    let from = this.#newest === '' ? this.#start : new Date(Date.parse(this.#newest) - overlapMs).toISOString()
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
    this.#forget()
    this.#writes = writes
  }

  #forget(): void {
    if (this.#newest === '') return
    const since = new Date(Date.parse(this.#newest) - overlapMs).toISOString()
    for (const [key, at] of this.#recent) if (at < since) this.#recent.delete(key)
  }
}
