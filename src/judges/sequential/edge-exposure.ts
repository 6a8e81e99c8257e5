import type { Stratum } from '../../stats/ratio-process.ts'

/** How much one arm was given to do in which it could have called an edge. */
export type Exposure = {
  /** Requests, each by how often its operation calls the edge where that is known. */
  readonly expected: number
  /** Ten seconds of pods with such a request. */
  readonly served: number
}

/** What pods differ in whom they call, more than in how often they fail: standard deviation on the log-ratio. */
export const leastTauPod = 0.4

/** A pod has one event in ten seconds at most, so that none come in clumps. */
export const phi = 1

/**
 * What both arms' events are compared by. An event is a pod that calls an edge in ten seconds, however often, so that
 * retries and loops are one event. Between rare and frequent calls such events go by requests or by pods: of n requests
 * that call with probability p each, a pod has one with 1 - (1 - p)^n, which is concave in n, so that among pods alike the
 * arms' ratio of events lies between their ratio of requests and their ratio of pods. What a pod does on its own, such as
 * a token that it fetches once a minute, goes by pods too. Of the two ratios the one is taken that gives the least
 * evidence for the claim that the first arm does it more often, or that it does not.
 *
 * @returns exposures in ten seconds of the first arm's pods; null when one arm had nothing to do, which is no data.
 */
export function exposuresOf(
  first: Exposure,
  second: Exposure,
  claim: 'more' | 'not more',
): Pick<Stratum, 'nc' | 'nb'> | null {
  if (!(first.served > 0 && second.served > 0 && first.expected > 0 && second.expected > 0)) return null
  const ratios = [first.expected / second.expected, first.served / second.served]
  const ratio = claim === 'more' ? Math.max(...ratios) : Math.min(...ratios)
  return { nc: first.served, nb: first.served / ratio }
}
