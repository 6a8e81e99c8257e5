import { gammaln } from 'simple-statistics'

/**
 * The shares that `errors` of `requests` leave possible, valid however often one looks: those p at which the likelihood
 * of the counts, averaged over all shares alike, is less than 1 / (1 - level) times their likelihood at p (Robbins 1970,
 * "Statistical methods related to the law of the iterated logarithm", the method of mixtures with a uniform weight).
 * Requests count as independent, so this describes the picture and decides nothing. Without requests: 0 to 1.
 */
export function rateBand(
  errors: number,
  requests: number,
  level = 0.95,
): { readonly low: number; readonly high: number } {
  if (requests <= 0) return { low: 0, high: 1 }
  const fine = requests - errors
  const mixture = gammaln(errors + 1) + gammaln(fine + 1) - gammaln(requests + 2)
  const limit = mixture + Math.log(1 - level)
  const possible = (p: number) => {
    const hits = errors === 0 ? 0 : errors * Math.log(p)
    return hits + (fine === 0 ? 0 : fine * Math.log1p(-p)) >= limit
  }
  const centre = errors / requests
  const search = (inside: number, outside: number) => {
    let [known, beyond] = [inside, outside]
    for (let step = 0; step < 40; step++) {
      const half = (known + beyond) / 2
      if (possible(half)) known = half
      else beyond = half
    }
    return known
  }
  return { low: errors === 0 ? 0 : search(centre, 0), high: fine === 0 ? 1 : search(centre, 1) }
}
