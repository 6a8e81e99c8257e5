import { byWriting } from '../domain/by-writing.ts'
import type { Fact, FactKind } from '../storage/facts.ts'
import { coalesce } from './coalesce.ts'
import { type FactSource, FactTail } from './fact-tail.ts'

/** All facts of some kinds, kept up to date by reading only what is new. For kinds of which there are few. */
export class FactMirror {
  readonly #byKey = new Map<string, Fact<unknown>>()
  readonly #read: () => Promise<void>
  #facts: readonly Fact<unknown>[] = []
  /** Not yet among the facts, also what was read before a later page failed: the tail hands it over only once. */
  #isNew = false

  constructor(source: FactSource, kinds: readonly FactKind[]) {
    const tail = new FactTail(source, kinds)
    this.#read = coalesce(async () => {
      await tail.read((fact) => {
        this.#byKey.set(`${fact.kind}\0${fact.key}`, fact)
        this.#isNew = true
      })
      if (this.#isNew) this.#facts = [...this.#byKey.values()].sort(byWriting)
      this.#isNew = false
    })
  }

  /** All facts so far, in the order of their writing; another array whenever there is something new. */
  get facts(): readonly Fact<unknown>[] {
    return this.#facts
  }

  /** Takes in everything that was written before the call. */
  refresh(): Promise<void> {
    return this.#read()
  }
}
