import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { DavyError } from '../../domain/errors.ts'
import { batchJudges } from '../../judges/index.ts'
import type { CanaryJudgeResult } from '../../judges/kayenta/canary-judge-result.ts'
import type { JudgeAnswer, JudgeTask } from './judge-worker.ts'

/** As long as Kayenta gives its judges. */
const patienceMs = 120_000

/** The sources run as they are, the package runs what was built of them. */
const program = new URL(`./judge-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)

/** So few values are judged sooner than a thread starts. */
const fewValues = 1000

/**
 * Judges series: few of them at once, more in a thread, so that looks, gates and ingest go on meanwhile.
 * @throws DavyError as the judge, UNPROCESSABLE after two minutes; the signal's reason.
 */
export async function judgeSeries(task: JudgeTask, signal: AbortSignal): Promise<CanaryJudgeResult> {
  signal.throwIfAborted()
  const values = task.request.metricSetPairList.reduce((sum, { values: { control, experiment } }) => {
    return sum + control.length + experiment.length
  }, 0)
  return values <= fewValues ? batchJudges[task.judge](task.request) : judgeInWorker(task, signal)
}

/** In a thread of its own; what it is given has to be bounded by the caller. */
async function judgeInWorker(task: JudgeTask, signal: AbortSignal): Promise<CanaryJudgeResult> {
  const worker = new Worker(program, { workerData: task, execArgv: [] })
  const exited = new AbortController()
  worker.once('exit', (code) => exited.abort(new Error(`the judge's thread ended with code ${code} and no answer`)))
  const patience = AbortSignal.timeout(patienceMs)
  try {
    const [answer] = (await once(worker, 'message', {
      signal: AbortSignal.any([signal, exited.signal, patience]),
    })) as [JudgeAnswer]
    if ('result' in answer) return answer.result
    const { code, message, ...fields } = answer.fault
    throw new DavyError(code, message, fields)
  } catch (error) {
    signal.throwIfAborted()
    if ((error as Error).name !== 'AbortError') throw error
    if (exited.signal.aborted) throw exited.signal.reason
    throw new DavyError('UNPROCESSABLE', `The judge took more than ${patienceMs / 1000} s.`, {
      expected: 'fewer metrics or fewer points',
    })
  } finally {
    await worker.terminate()
  }
}
