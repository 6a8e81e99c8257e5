/**
 * The tokens of one line while it is read. It is used for line after line: an array that is emptied gives its room back,
 * and would have to grow again for each of them.
 */
export class TokenList {
  readonly #items: string[] = []
  #size = 0
  #booleans = 0

  get size(): number {
    return this.#size
  }

  clear(): void {
    this.#size = 0
    this.#booleans = 0
  }

  push(token: string): void {
    this.#items[this.#size] = token
    this.#size += 1
  }

  pushBoolean(token: string): void {
    this.push(token)
    this.#booleans += 1
  }

  /** How many booleans there are; none of them is ever dropped. */
  get booleans(): number {
    return this.#booleans
  }

  /** Drops the last ones, which are marks and placeholders. */
  drop(count: number): void {
    this.#size -= count
  }

  /** @param back 1 for the last one; undefined before the first. */
  last(back: number): string | undefined {
    return back > this.#size ? undefined : this.#items[this.#size - back]
  }

  /** A copy. */
  toArray(): string[] {
    return this.#items.slice(0, this.#size)
  }
}
