import type { Counts } from '../domain/evidence.ts'

/** `ratio` null: not both arms have an error; then `low` 0 and `high` null leave the interval open. */
export type RoughRatio = { readonly ratio: number | null; readonly low: number; readonly high: number | null }

/**
 * A rough 95% interval for the ratio of two error rates from their counts alone: on the log scale the Wald variance
 * v = 1/x - 1/n per arm, and Robbins' normal mixture with a prior of sd 1, half-width
 * sqrt(v (1 + v) (2 ln 20 + ln(1 + 1/v))) (Robbins 1970). It knows no pods and no bursts, so it explains where, and
 * decides nothing.
 */
export function roughRateRatio(baseline: Counts, canary: Counts): RoughRatio {
  if (baseline.errors === 0 || canary.errors === 0) return { ratio: null, low: 0, high: null }
  const variance = 1 / baseline.errors - 1 / baseline.requests + 1 / canary.errors - 1 / canary.requests
  const ratio = canary.errors / canary.requests / (baseline.errors / baseline.requests)
  if (!(variance > 0)) return { ratio, low: 0, high: null }
  const half = Math.sqrt(variance * (1 + variance) * (2 * Math.log(20) + Math.log1p(1 / variance)))
  return { ratio, low: ratio * Math.exp(-half), high: ratio * Math.exp(half) }
}
