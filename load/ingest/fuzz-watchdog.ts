import { writeSync } from 'node:fs'
import { isMainThread, Worker, workerData } from 'node:worker_threads'

/** Tells that something was done, so that the watchdog stays quiet. */
export type Heartbeat = { beat(index: number): void; stop(): Promise<void> }

type Watched = { readonly beats: SharedArrayBuffer; readonly limitMs: number }

/**
 * Ends the process when nothing was done for `limitMs`: a receiver that never comes back could not be stopped from its own
 * thread. Says at which body it was.
 */
export function startWatchdog(limitMs: number): Heartbeat {
  const beats = new SharedArrayBuffer(8)
  const counters = new Int32Array(beats)
  const worker = new Worker(new URL(import.meta.url), { workerData: { beats, limitMs } satisfies Watched })
  worker.unref()
  return {
    beat: (index) => {
      Atomics.store(counters, 1, index)
      Atomics.add(counters, 0, 1)
    },
    stop: async () => {
      await worker.terminate()
    },
  }
}

function watch({ beats, limitMs }: Watched): void {
  const counters = new Int32Array(beats)
  let seen = -1
  setInterval(() => {
    const count = Atomics.load(counters, 0)
    if (count === seen) {
      writeSync(2, `HANG: nothing was done for ${limitMs} ms, at or behind body ${Atomics.load(counters, 1)}\n`)
      process.kill(process.pid, 'SIGKILL')
    }
    seen = count
  }, limitMs)
}

if (!isMainThread && (workerData as Partial<Watched> | null)?.beats !== undefined) watch(workerData as Watched)
