import type { Clock } from './clock.ts'

type Stop = { readonly name: string; readonly deadlineMs: number; readonly stop: () => Promise<void> | void }

/** What to say of a stop that failed or did not end. */
type Report = (name: string, error: unknown) => void

/**
 * What was started and is to be stopped, the last first. Stopping never throws and never hangs: each stop has its
 * deadline, all together have `totalMs`, and what is not over then is reported and left behind.
 */
export class ShutdownStack {
  readonly #stops: Stop[] = []
  readonly #clock: Clock
  readonly #report: Report
  readonly #totalMs: number
  #running: Promise<void> | undefined

  constructor(clock: Clock, report: Report, totalMs: number) {
    this.#clock = clock
    this.#report = report
    this.#totalMs = totalMs
  }

  /** Adds a stop, to be run before all that were added earlier. @throws Error once stopping has begun. */
  push(name: string, deadlineMs: number, stop: () => Promise<void> | void): void {
    if (this.#running !== undefined) throw new Error(`${name} was started while Davy was stopping`)
    this.#stops.push({ name, deadlineMs, stop })
  }

  /** Runs all stops, once; a second call waits for the first. */
  run(): Promise<void> {
    this.#running ??= this.#runAll()
    return this.#running
  }

  async #runAll(): Promise<void> {
    const end = this.#clock.now() + this.#totalMs
    for (const stop of this.#stops.toReversed()) {
      await this.#runOne(stop, Math.min(stop.deadlineMs, Math.max(0, end - this.#clock.now())))
    }
  }

  async #runOne({ name, stop }: Stop, limitMs: number): Promise<void> {
    const ended = new AbortController()
    const outcome = (async () => stop())().then(
      () => 'stopped',
      (error: unknown) => this.#report(name, error),
    )
    const result = await Promise.race([outcome, this.#clock.sleep(limitMs, ended.signal).then(() => 'late')])
    ended.abort()
    if (result === 'late') this.#report(name, new Error(`not stopped after ${limitMs} ms`))
  }
}
