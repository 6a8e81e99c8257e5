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
  /** How long this process has run, in milliseconds: unlike the time of day it is never set back. */
  readonly uptime: () => number
}

/**
 * Telemetry that was accepted and is not stored, in any process of this Davy. All pods of a version may send to one of them:
 * another one must not take its looks while that waits.
 */
export class Backlogs {
  readonly #o: BacklogsOptions
  readonly #tail: FactTail
  /** What each of the other processes said last; times are uptimes. */
  readonly #others = new Map<string, { readonly heardAt: number; readonly backlog: Backlog }>()
  /** What waits here by its date, and at which uptime it was first seen to wait. */
  readonly #waiting = new Map<Signal, { readonly at: number; readonly seenAt: number }>()
  /** At which uptime something that waits was told of last; null: nothing is told to wait. */
  #toldAt: number | null = null
  #tellings = 0

  constructor(options: BacklogsOptions) {
    this.#o = options
    this.#tail = new FactTail(options.facts, ['backlog'], new Date(Date.now() - heardMs).toISOString())
  }

  /** One round; runs alone. @throws what the storage throws. */
  async tick(): Promise<void> {
    const results = await Promise.allSettled([this.#tell(), this.#hear()])
    for (const result of results) if (result.status === 'rejected') throw result.reason
  }

  /** Since when telemetry of a signal has been waiting anywhere, Unix milliseconds; null: none is known of. */
  oldestUnstoredAt(signal: Signal): number | null {
    const uptime = this.#o.uptime()
    const heard = [...this.#others.values()].filter(({ heardAt }) => uptime - heardAt <= heardMs)
    const others = heard.flatMap(({ backlog }) => (backlog[signal] === undefined ? [] : [Date.parse(backlog[signal])]))
    const own = this.#o.own(signal)
    const all = own === null ? others : [own, ...others]
    return all.length === 0 ? null : Math.min(...all)
  }

  async #tell(): Promise<void> {
    const uptime = this.#o.uptime()
    const isLong = this.#waitsLong(uptime)
    if (isLong ? this.#toldAt !== null && uptime - this.#toldAt < toldEveryMs : this.#toldAt === null) return
    const waiting = [...this.#waiting].map(([signal, { at }]) => [signal, new Date(at).toISOString()] as const)
    const backlog: Backlog = isLong ? Object.fromEntries(waiting) : {}
    const { facts, process } = this.#o
    // Whether or not it is written whole: a key is used once.
    this.#tellings += 1
    await facts.putOnce('backlog', `${process}/${this.#tellings}`, process, backlog)
    this.#toldAt = isLong ? uptime : null
  }

  /** By the time of day, or since it was first seen here: one of them is right when the clock is set. */
  #waitsLong(uptime: number): boolean {
    let isLong = false
    for (const signal of signals) {
      const at = this.#o.own(signal)
      if (at === null) {
        this.#waiting.delete(signal)
        continue
      }
      const known = this.#waiting.get(signal)
      const seenAt = known?.at === at ? known.seenAt : uptime
      this.#waiting.set(signal, { at, seenAt })
      isLong ||= Math.max(this.#o.now() - at, uptime - seenAt) > toldAfterMs
    }
    return isLong
  }

  async #hear(): Promise<void> {
    const heardAt = this.#o.uptime()
    await this.#tail.read(({ subject, body }) => {
      if (subject !== this.#o.process) this.#others.set(subject, { heardAt, backlog: body as Backlog })
    })
    for (const [process, other] of this.#others) if (heardAt - other.heardAt > heardMs) this.#others.delete(process)
  }
}
