import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Work } from './work.ts'

/** Threads that work through lists of tasks. */
export type WorkerPool = {
  /**
   * The results of all tasks in their order; each thread has one task at a time. Rejects with what a task throws.
   *
   * @param progress is told how many are done
   */
  run<Name extends keyof Work>(
    name: Name,
    tasks: readonly Parameters<Work[Name]>[0][],
    progress: (done: number) => void,
  ): Promise<ReturnType<Work[Name]>[]>
  [Symbol.asyncDispose](): Promise<void>
}

/** Starts so many threads; dispose of the pool to end them. */
export function openWorkerPool(threads: number): WorkerPool {
  const workers = Array.from({ length: threads }, () => new Worker(new URL('./worker.ts', import.meta.url)))
  return {
    async run(name, tasks, progress) {
      const results: ReturnType<Work[typeof name]>[] = []
      let next = 0
      let done = 0
      await Promise.all(
        workers.map(async (worker) => {
          while (next < tasks.length) {
            const index = next++
            worker.postMessage({ name, task: tasks[index] })
            // `once` rejects when the worker emits 'error' instead.
            const [result] = await once(worker, 'message')
            results[index] = result
            progress(++done)
          }
        }),
      )
      return results
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(workers.map((worker) => worker.terminate()))
    },
  }
}
