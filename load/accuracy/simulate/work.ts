import type { Service } from './cells.ts'
import { learnFromHistory, type ServiceLearning } from './learn-from-history.ts'
import { randomSource } from './random-source.ts'
import { simulateRuns } from './simulate-runs.ts'

/** One of the histories of a service, numbered from 0. */
type LearnTask = { readonly seed: string; readonly service: Service; readonly history: number }

/** What a worker can be asked to do: plain data in, plain data out. */
export const work = {
  learn: ({ seed, service, history }: LearnTask): ServiceLearning =>
    learnFromHistory(service, randomSource(`${seed}/${service.noise}-${service.requestsPerSecond}/history/${history}`)),
  simulate: simulateRuns,
}

export type Work = typeof work
