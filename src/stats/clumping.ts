import { type PodBlock, sumTicks } from './pod-history.ts'

/**
 * How clumped events are inside blocks: the variance of a tick's count over its Poisson variance, given what its pod had
 * in the block. With x of E expected in a tick, E = (events of the block) x (share of the block's exposure),
 *
 *     phi = sum (block's events) sum (x - E)^2 / E / sum (block's events) (ticks - 1)
 *
 * over pods and blocks. Exactly 1 in expectation for Poisson counts of any rate, as the inner sum has mean ticks - 1
 * given the block's events. Weighted by events, because a sparse history's pod-blocks hold one clump each, and their
 * plain average counts a clump of three no more than a single event. What lasts longer than a block cancels out.
 * Source: Pearson's statistic conditional on totals, McCullagh & Nelder, "Generalized linear models" (1989), 6.2.3.
 *
 * @returns phi, and how many degrees of freedom speak about it: a block with m events has (ticks - 1)(m - 1) / m, since
 * a single event is never clumped. phi is null when there are none.
 */
export function clumping(blocks: readonly PodBlock[]): { readonly phi: number | null; readonly freedom: number } {
  let square = 0
  let weight = 0
  let freedom = 0
  for (const block of blocks) {
    for (const all of block.values()) {
      const ticks = all.filter((tick) => tick.exposure > 0)
      const { events, exposure } = sumTicks(ticks)
      if (events === 0 || ticks.length < 2) continue
      for (const tick of ticks) {
        const expected = (events * tick.exposure) / exposure
        square += (events * (tick.events - expected) ** 2) / expected
      }
      weight += events * (ticks.length - 1)
      freedom += ((ticks.length - 1) * (events - 1)) / events
    }
  }
  return { phi: freedom > 0 ? square / weight : null, freedom }
}
