import { type PodBlock, type PodTick, sumTicks } from './pod-history.ts'

/**
 * How clumped events are inside blocks: the variance of a tick's count over its Poisson variance, given what its pod had
 * in the block. With m events of a pod in a block, x of them in a tick, and w the tick's share of the block,
 *
 *     phi = sum (x - m w)^2 / sum m w (1 - w)
 *
 * over ticks, pods and blocks. Exactly 1 in expectation for Poisson counts of any rate, since counts given their sum are
 * multinomial with variances m w (1 - w). What lasts longer than a block cancels out.
 *
 * w is what the *other* pods had per pod in the tick, not what the pod itself had: a retry is a request too, so a clump
 * of failures brings its own exposure, which would explain it away. What is lost by that is only how the pod's own share
 * of the traffic moves within a block, and for events of probability p that adds no more than p times the clumping of
 * its requests. Sums are divided, not single squares, because the w of few requests is itself noisy, and a small one
 * would weigh most.
 *
 * Source: Pearson's statistic conditional on totals, McCullagh & Nelder, "Generalized linear models" (1989), 6.2.3;
 * leaving the unit out of its own expectation, Stone, "Cross-validatory choice" (1974).
 *
 * @returns phi, and how many degrees of freedom speak about it: a block with m events has (ticks - 1)(m - 1) / m, since
 * a single event is never clumped. phi is null when there are none.
 */
export function clumping(blocks: readonly PodBlock[]): { readonly phi: number | null; readonly freedom: number } {
  let square = 0
  let variance = 0
  let freedom = 0
  for (const block of blocks) {
    const together = traffic(block)
    for (const all of block.values()) {
      const ticks = presence(all).map((tick) => ({ ...tick, others: othersPerPod(tick, together[tick.t]!) }))
      const shared = ticks.filter((tick) => tick.others > 0)
      const { events } = sumTicks(shared)
      const others = shared.reduce((sum, tick) => sum + tick.others, 0)
      if (events === 0 || shared.length < 2) continue
      for (const tick of shared) {
        const share = tick.others / others
        square += (tick.events - events * share) ** 2
        variance += events * share * (1 - share)
      }
      freedom += ((shared.length - 1) * (events - 1)) / events
    }
  }
  return { phi: freedom > 0 ? square / variance : null, freedom }
}

/** A pod's ticks from its first request in the block to its last; one that comes or goes within it is not clumped. */
function presence(ticks: readonly PodTick[]): (PodTick & { readonly t: number })[] {
  const isServing = ({ exposure }: PodTick): boolean => exposure > 0
  const first = ticks.findIndex(isServing)
  return first === -1 ? [] : ticks.map((tick, t) => ({ ...tick, t })).slice(first, ticks.findLastIndex(isServing) + 1)
}

type Traffic = { exposure: number; pods: number }

/** The exposure of all pods, and how many there were, in each tick of a block. */
function traffic(block: PodBlock): Traffic[] {
  const together: Traffic[] = []
  for (const ticks of block.values()) {
    for (const [t, { exposure }] of ticks.entries()) {
      together[t] ??= { exposure: 0, pods: 0 }
      together[t].exposure += exposure
      if (exposure > 0) together[t].pods++
    }
  }
  return together
}

/** Per pod, so that a pod that comes or goes within the block does not change what the others had. */
function othersPerPod({ exposure }: PodTick, together: Traffic): number {
  const pods = together.pods - (exposure > 0 ? 1 : 0)
  return pods === 0 ? 0 : (together.exposure - exposure) / pods
}
