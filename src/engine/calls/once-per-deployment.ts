import type { SourceQuestion } from '../../domain/metric-source.ts'

const mostKept = 200
/** Names in all that is kept together. */
const mostNames = 500_000

type Kept<Value> = { readonly value: Promise<Value>; names: number }

/**
 * Keeps what was before the start of deployments, which does not change: the last few hundred that were asked for, or
 * fewer where they name much.
 */
export class OncePerDeployment<Value> {
  readonly #kept = new Map<string, Kept<Value>>()
  readonly #namesOf: (value: Value) => number

  /** @param namesOf how many names a value holds. */
  constructor(namesOf: (value: Value) => number) {
    this.#namesOf = namesOf
  }

  /**
   * What was read for this comparison, or is now. What fails is read anew the next time.
   * @param of what of it, where there are several.
   */
  get(deployment: SourceQuestion['deployment'], of: string, read: () => Promise<Value>): Promise<Value> {
    const { namespace, service, environment, startedAt, canary, baseline } = deployment
    const key = JSON.stringify([namespace, service, environment, startedAt, canary, baseline, of])
    const known = this.#kept.get(key)
    const kept = known ?? { value: read(), names: 0 }
    this.#kept.delete(key)
    this.#kept.set(key, kept)
    if (known === undefined) {
      kept.value.then(
        (value) => {
          kept.names = this.#namesOf(value)
          this.#forgetOldest()
        },
        () => this.#kept.get(key) === kept && this.#kept.delete(key),
      )
    }
    this.#forgetOldest()
    return kept.value
  }

  #forgetOldest(): void {
    let names = [...this.#kept.values()].reduce((sum, kept) => sum + kept.names, 0)
    for (const [key, kept] of this.#kept) {
      if (this.#kept.size <= 1 || (this.#kept.size <= mostKept && names <= mostNames)) return
      this.#kept.delete(key)
      names -= kept.names
    }
  }
}
