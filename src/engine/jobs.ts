import type { Clock } from '../platform/clock.ts'
import type { Logger } from '../platform/logger.ts'

/** A round that takes longer than this is told about, since a job that hangs would otherwise be silent. */
const slowMs = 60_000

const shortestPauseMs = 50

/**
 * Runs the engine's jobs, each again and again: a job never overlaps itself, a failure is logged and the next round
 * tries again, since every job asks anew what is missing.
 */
export class Jobs {
  readonly #clock: Clock
  readonly #log: Logger
  readonly #stop = new AbortController()
  readonly #running: Promise<void>[] = []

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock
    this.#log = log
  }

  every(name: string, periodMs: number, job: (signal: AbortSignal) => Promise<void>): void {
    this.#running.push(this.#repeat(name, periodMs, job))
  }

  /** Starts no further round and waits for those that run. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await Promise.all(this.#running)
  }

  async #repeat(name: string, periodMs: number, job: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      const started = this.#clock.now()
      const isOver = new AbortController()
      void this.#watch(name, isOver.signal)
      try {
        await job(signal)
      } catch (error) {
        if (!signal.aborted) this.#log.error({ err: error, job: name }, 'a job failed; its next round tries again')
      }
      isOver.abort()
      // A clock that was set back must not make the pause longer than the period.
      const pauseMs = Math.min(periodMs, started + periodMs - this.#clock.now())
      await this.#clock.sleep(Math.max(shortestPauseMs, pauseMs), signal)
    }
  }

  async #watch(name: string, isOver: AbortSignal): Promise<void> {
    for (let minutes = 1; ; minutes += 1) {
      await this.#clock.sleep(slowMs, isOver)
      if (isOver.aborted) return
      this.#log.warn({ job: name, seconds: (minutes * slowMs) / 1000 }, 'a job is still in the same round')
    }
  }
}
