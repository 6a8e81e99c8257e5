import type { Facts } from '../storage/facts.ts'
import { FactTail } from './fact-tail.ts'
import { type Signal, signals } from './ingest/signals.ts'

/** Younger telemetry is stored in its turn, within a second or two. No look is taken of so young a time either. */
const toldAfterMs = 5_000

/** Whoever has something waiting on says so again. */
const toldEveryMs = 10_000

/** Whoever has said nothing for so long is gone, or cannot write: what it holds counts as late when it comes. */
const heardMs = 60_000

/** The body of a `backlog` fact: since when the oldest telemetry of each signal has been waiting in a process, RFC 3339. */
type Backlog = Partial<Record<Signal, string>>

export type BacklogsOptions = {
  readonly facts: Pick<Facts, 'putOnce' | 'tail' | 'writes'>
  /** Names this process in what it tells. */
  readonly process: string
  /** Since when telemetry of a signal has been waiting here, Unix milliseconds; null: none is. */
  readonly own: (signal: Signal) => number | null
  readonly now: () => number
}

/**
 * Telemetry that was accepted and is not stored, in any process of this Davy. All pods of a version may send to one of them:
 * another one must not take its looks while that waits.
 */
export class Backlogs {
  readonly #o: BacklogsOptions
  readonly #tail: FactTail
  readonly #others = new Map<string, { readonly heardAt: number; readonly backlog: Backlog }>()
  /** When something that waits was told of last; null: nothing is told to wait. */
  #toldAt: number | null = null
  #told = 0

  constructor(options: BacklogsOptions) {
    this.#o = options
    this.#tail = new FactTail(options.facts, ['backlog'], new Date(Date.now() - heardMs).toISOString())
  }

  /** One round; runs alone. @throws what the storage throws. */
  async tick(): Promise<void> {
    await Promise.all([this.#tell(), this.#hear()])
  }

  /** Since when telemetry of a signal has been waiting anywhere, Unix milliseconds; null: none is known of. */
  oldestUnstoredAt(signal: Signal): number | null {
    const heard = [...this.#others.values()].filter(({ heardAt }) => this.#o.now() - heardAt <= heardMs)
    const others = heard.flatMap(({ backlog }) => (backlog[signal] === undefined ? [] : [Date.parse(backlog[signal])]))
    const own = this.#o.own(signal)
    const all = own === null ? others : [own, ...others]
    return all.length === 0 ? null : Math.min(...all)
  }

  async #tell(): Promise<void> {
    const now = this.#o.now()
    const waiting = signals.flatMap((signal) => {
      const at = this.#o.own(signal)
      return at === null ? [] : [{ signal, at }]
    })
    const isLong = waiting.some(({ at }) => now - at > toldAfterMs)
    if (isLong ? this.#toldAt !== null && now - this.#toldAt < toldEveryMs : this.#toldAt === null) return
    const backlog: Backlog = isLong
      ? Object.fromEntries(waiting.map(({ signal, at }) => [signal, new Date(at).toISOString()]))
      : {}
    const { facts, process } = this.#o
    await facts.putOnce('backlog', `${process}/${this.#told}`, process, backlog)
    this.#told += 1
    this.#toldAt = isLong ? now : null
  }

  async #hear(): Promise<void> {
    const heardAt = this.#o.now()
    await this.#tail.read(({ subject, body }) => {
      if (subject !== this.#o.process) this.#others.set(subject, { heardAt, backlog: body as Backlog })
    })
    for (const [process, other] of this.#others) if (heardAt - other.heardAt > heardMs) this.#others.delete(process)
  }
}
