import type { Fact, FactKind, Facts } from '../../storage/facts.ts'
import type { Attempt } from './attempt.ts'

/** A dead letter with the fact that it tells of. */
export type DeadLetter = { readonly fact: Fact<unknown>; readonly attempts: readonly Attempt[] }

/**
 * Attempts of which the message was written before everything else that is read: those that ended without success are
 * dead letters, which can be replayed for as long as others.
 */
export class Strays {
  readonly #attempts = new Map<string, Attempt[]>()

  add(attempt: Attempt): void {
    this.#attempts.set(attempt.deliveryId, [...(this.#attempts.get(attempt.deliveryId) ?? []), attempt])
  }

  /** Reads what they tell of, the oldest first. Nothing is left of them then; a failure leaves all. */
  async deadLetters(facts: Pick<Facts, 'ofKeys'>): Promise<readonly DeadLetter[]> {
    const dead = [...this.#attempts.values()].flatMap((attempts) => {
      const of = attempts.findLast((attempt) => attempt.of !== undefined)?.of
      return of === undefined ? [] : [{ of, attempts }]
    })
    const found: DeadLetter[] = []
    for (const kind of new Set(dead.map(({ of }) => of.kind))) {
      const ofKind = dead.filter(({ of }) => of.kind === kind)
      const told = await toldOf(facts, kind, [...new Set(ofKind.map(({ of }) => of.key))])
      for (const { of, attempts } of ofKind) {
        const fact = told.get(of.key)
        if (fact !== undefined) found.push({ fact, attempts })
      }
    }
    this.#attempts.clear()
    return found.sort((a, b) => (a.fact.at < b.fact.at ? -1 : 1))
  }
}

async function toldOf(facts: Pick<Facts, 'ofKeys'>, kind: FactKind, keys: readonly string[]) {
  const found = await facts.ofKeys<unknown>(kind, keys)
  return new Map(found.map((fact) => [fact.key, fact]))
}
