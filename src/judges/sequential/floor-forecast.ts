import { rateBelowLogE } from '../../stats/rate-below.ts'

/**
 * Seconds until the canary's own rate is proven below `floor` at 1 / alpha, when it goes on failing a share `rate` of so
 * many requests a second; null when that is never.
 *
 * @param phi variance of counts over Poisson's
 */
export function secondsUntilBelow(
  rate: number,
  requestsPerSecond: number,
  floor: number,
  alpha: number,
  phi: number,
): number | null {
  if (!(requestsPerSecond > 0) || rate >= floor) return null
  const isProven = (requests: number): boolean =>
    rateBelowLogE(rate * requests, requests, floor, phi) >= -Math.log(alpha)
  let enough = 64
  while (!isProven(enough)) {
    enough *= 2
    // Just below the floor no tilt of the process is small enough to ever prove it.
    if (enough > 1e9) return null
  }
  let tooFew = enough / 2
  for (let i = 0; i < 20; i++) {
    const middle = (tooFew + enough) / 2
    if (isProven(middle)) enough = middle
    else tooFew = middle
  }
  return enough / requestsPerSecond
}
