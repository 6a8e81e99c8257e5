const epsilon = 2 ** -52
const mostPasses = 1001

/** Within one unit in the last place of zero. */
function isZero(value: number): boolean {
  return Math.abs(value) <= Number.MIN_VALUE
}

/**
 * A root of f between a and b by Brent's method: inverse quadratic interpolation or the secant where it is trusted, the
 * middle of the bracket where it is not. Stops when the bracket is narrower than `tolerance`, an absolute figure.
 *
 * Nothing checks that f changes its sign between a and b: without a change the answer is where the passes happen to end.
 * Callers who compare with other programs rely on every step being the textbook's, so keep their order.
 * Source: Brent, "Algorithms for Minimization without Derivatives" (1973), chapter 4, `zeroin`.
 *
 * @param fa f(a), @param fb f(b): callers have them already
 */
export function brentRoot(
  f: (x: number) => number,
  bracket: { readonly a: number; readonly b: number; readonly fa: number; readonly fb: number },
  tolerance: number,
): number {
  let { a, b, fa, fb } = bracket
  if (isZero(fa)) return a
  if (isZero(fb)) return b
  let c = a
  let fc = fa
  for (let pass = 0; pass < mostPasses; pass++) {
    const previous = b - a
    if (Math.abs(fc) < Math.abs(fb)) {
      ;[a, b, c] = [b, c, b]
      ;[fa, fb, fc] = [fb, fc, fb]
    }
    const least = 2 * epsilon * Math.abs(b) + tolerance / 2
    let step = (c - b) / 2
    if (Math.abs(step) <= least || isZero(fb)) return b
    if (Math.abs(previous) >= least && Math.abs(fa) > Math.abs(fb)) {
      step = interpolatedStep({ a, b, c, fa, fb, fc }, previous, least) ?? step
    }
    if (Math.abs(step) < least) step = step > 0 ? least : -least
    a = b
    fa = fb
    b += step
    fb = f(b)
    if ((fb > 0 && fc > 0) || (fb < 0 && fc < 0)) {
      c = a
      fc = fa
    }
  }
  return b
}

type Points = { a: number; b: number; c: number; fa: number; fb: number; fc: number }

/** The step to where the curve through the points crosses zero; null when it leaves the bracket or shrinks too slowly. */
function interpolatedStep({ a, b, c, fa, fb, fc }: Points, previous: number, least: number): number | null {
  const width = c - b
  let p: number
  let q: number
  if (a === c) {
    const t = fb / fa
    p = width * t
    q = 1 - t
  } else {
    const r = fa / fc
    const s = fb / fc
    const t = fb / fa
    p = t * (width * r * (r - s) - (b - a) * (s - 1))
    q = (r - 1) * (s - 1) * (t - 1)
  }
  if (p > 0) q = -q
  else p = -p
  const isTrusted = p < 0.75 * width * q - Math.abs(least * q) / 2 && p < Math.abs((previous * q) / 2)
  return isTrusted ? p / q : null
}
