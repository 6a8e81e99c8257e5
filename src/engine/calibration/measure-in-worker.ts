import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { CalibrationMeasure } from '../../domain/calibration.ts'
import type { WorkerMessage } from './calibration-worker.ts'
import type { HistoryRows } from './history-rows.ts'
import type { MeasurePlan } from './measure-history.ts'

/** More than a history needs that `plan-history` allows; beyond it the thread ends and the process does not. */
const maxOldGenerationSizeMb = 1536

/** The sources run as they are, the package runs what was built of them. */
const program = new URL(`./calibration-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)

/**
 * Measures a history in a thread of its own, so that looks, gates and ingest go on meanwhile.
 * @param chunks the history's rows.
 * @throws what the thread threw, or the signal's reason: then the thread is ended at once.
 */
export async function measureInWorker(
  chunks: AsyncIterable<HistoryRows>,
  plan: MeasurePlan,
  signal: AbortSignal,
): Promise<CalibrationMeasure> {
  signal.throwIfAborted()
  const worker = new Worker(program, { workerData: plan, execArgv: [], resourceLimits: { maxOldGenerationSizeMb } })
  const exited = new AbortController()
  // `once` also rejects on 'error'; an end without either would be waited for until the signal.
  worker.once('exit', (code) => exited.abort(new Error(`the thread ended with code ${code} and no answer`)))
  const answer = once(worker, 'message', { signal: AbortSignal.any([signal, exited.signal]) })
  answer.catch(() => undefined)
  try {
    for await (const rows of chunks) {
      signal.throwIfAborted()
      worker.postMessage(rows satisfies WorkerMessage)
    }
    worker.postMessage(null satisfies WorkerMessage)
    return (await answer)[0] as CalibrationMeasure
  } catch (error) {
    signal.throwIfAborted()
    if (exited.signal.aborted && (error as Error).name === 'AbortError') throw exited.signal.reason
    throw error
  } finally {
    await worker.terminate()
  }
}
