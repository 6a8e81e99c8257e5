import type { Facts } from '../../storage/facts.ts'
import { coalesce } from '../coalesce.ts'
import { FactTail } from '../fact-tail.ts'
import { noted, nothingNoted, type Rollout, type RolloutNote } from './rollout-notes.ts'

/** What is known of each workload, folded from the facts, so that a restart and a second process know the same. */
export class RolloutLog {
  readonly #facts: Facts
  readonly #newId: () => string
  readonly #rollouts = new Map<string, Rollout>()
  readonly #read: () => Promise<void>
  #isRead = false

  constructor(facts: Facts, newId: () => string) {
    this.#facts = facts
    this.#newId = newId
    const tail = new FactTail(facts, ['rollout'])
    this.#read = coalesce(async () => {
      await tail.read(({ subject, body }) => {
        this.#rollouts.set(subject, noted(this.of(subject), body as RolloutNote))
      })
      this.#isRead = true
    })
  }

  /** Takes in everything that was written before the call. */
  refresh(): Promise<void> {
    return this.#read()
  }

  /** Reads what is there unless that was done before. */
  async ready(): Promise<void> {
    if (!this.#isRead) await this.refresh()
  }

  /** As of the last reading. */
  of(subject: string): Rollout {
    return this.#rollouts.get(subject) ?? nothingNoted
  }

  async add(subject: string, note: RolloutNote): Promise<Rollout> {
    await this.#facts.putOnce('rollout', this.#newId(), subject, note)
    await this.refresh()
    return this.of(subject)
  }
}
