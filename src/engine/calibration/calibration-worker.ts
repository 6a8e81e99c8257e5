import { parentPort, workerData } from 'node:worker_threads'
import type { HistoryRows } from './history-rows.ts'
import { HistoryTicks } from './history-ticks.ts'
import { type MeasurePlan, measureHistory } from './measure-history.ts'

/** What the thread is told: rows as they are read, null when there are no more. */
export type WorkerMessage = HistoryRows | null

const plan = workerData as MeasurePlan
const history = new HistoryTicks()

parentPort?.on('message', (message: WorkerMessage) => {
  if (message !== null) return history.add(message)
  parentPort?.postMessage(measureHistory(history.list(plan.from, plan.to), plan))
  parentPort?.close()
})
