/** Judges window `canary` against windows `baseline`, by their numbers; null when they cannot be compared. */
export type Compare = (canary: number, baseline: readonly number[]) => number | null

/** A baseline window this unlike the others is not one of them. */
const screenAt = Math.log(100)

/**
 * Leaves out baseline windows that the judge itself would roll back if they were the canary: minutes that an outage, or
 * the change itself, had already reached. The worst goes first and the rest is judged again, since one such window hides
 * another. At most a third is left out, and nothing of fewer than three; the canary has no say in it.
 *
 * @returns the windows kept, in their order
 */
export function screenBaseline(windows: readonly number[], compare: Compare): number[] {
  let kept = [...windows]
  const least = windows.length - Math.floor(windows.length / 3)
  while (kept.length > least) {
    const unlike = kept.map((window) => ({
      window,
      logE:
        compare(
          window,
          kept.filter((other) => other !== window),
        ) ?? -Infinity,
    }))
    const worst = unlike.reduce((most, one) => (one.logE > most.logE ? one : most))
    if (worst.logE < screenAt) break
    kept = kept.filter((window) => window !== worst.window)
  }
  return kept
}
