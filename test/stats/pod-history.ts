import type { PodBlock, PodTick } from '../../src/stats/pod-history.ts'
import { random } from './random.ts'

/** A simulated history of one version. */
export type HistoryModel = {
  readonly pods: number
  readonly blocks: number
  /** Events that a pod has in a block on average. */
  readonly perBlock: number
  readonly tau?: number
  readonly sigb?: number
  /** Share of a pod's blocks with eight times the events. */
  readonly eps?: number
  /** Events come in clumps of this many, all in one tick. */
  readonly clump?: number
  readonly seed: number
}

const ticksPerBlock = 6

export function simulateHistory(model: HistoryModel): PodBlock[] {
  const { pods, blocks, perBlock, tau = 0, sigb = 0, eps = 0, clump = 1, seed } = model
  const source = random(seed)
  const effects = Array.from({ length: pods }, () => Math.exp(tau * source.normal()))
  return Array.from({ length: blocks }, (_, t) => {
    const drift = 1 + 0.4 * Math.sin(t / 20)
    const block = new Map<string, PodTick[]>()
    for (const [pod, effect] of effects.entries()) {
      const jitter = Math.exp(sigb * source.normal()) * (source.uniform() < eps ? 8 : 1)
      const perTick = (perBlock * drift * effect * jitter) / ticksPerBlock / clump
      const ticks = Array.from({ length: ticksPerBlock }, () => ({
        events: clump * source.poisson(perTick),
        exposure: 100 * perBlock,
      }))
      block.set(`pod-${pod}`, ticks)
    }
    return block
  })
}
