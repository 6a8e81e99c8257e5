import { logBeta, logIncompleteBeta } from './log-beta.ts'

/**
 * The interval of Clopper and Pearson for a share of which `successes` of `trials` were seen: all p that neither
 * P(X >= successes) nor P(X <= successes) makes less likely than (1 - level) / 2. Never covers less often than `level`;
 * for one look at independent trials. Without trials: 0 to 1.
 * Source: Clopper & Pearson, "The use of confidence or fiducial limits illustrated in the case of the binomial" (1934);
 * P(X >= x) = I_p(x, n - x + 1), the regularised incomplete beta function.
 *
 * @throws RangeError when the counts are no counts, or `successes` is more than `trials`
 */
export function proportionInterval(
  successes: number,
  trials: number,
  level = 0.95,
): { readonly low: number; readonly high: number } {
  if (!(Number.isInteger(successes) && Number.isInteger(trials) && successes >= 0 && successes <= trials)) {
    throw new RangeError(
      `proportionInterval: expected whole successes of at most trials, got ${successes} of ${trials}`,
    )
  }
  if (trials === 0) return { low: 0, high: 1 }
  const tail = (1 - level) / 2
  return { low: lowEnd(successes, trials, tail), high: 1 - lowEnd(trials - successes, trials, tail) }
}

/** The p with P(X >= x) = tail; it grows with p. */
function lowEnd(x: number, n: number, tail: number): number {
  if (x === 0) return 0
  const whole = logBeta(x, n - x + 1)
  let [low, high] = [0, 1]
  for (let step = 0; step < 60; step++) {
    const p = (low + high) / 2
    if (logIncompleteBeta(p, x, n - x + 1) - whole < Math.log(tail)) low = p
    else high = p
  }
  return (low + high) / 2
}
