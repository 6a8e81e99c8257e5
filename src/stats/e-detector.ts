/**
 * Watches for a change that may come at any time, from e-values of single observations (each of mean at most 1 given the
 * past while nothing has changed). After each observation, from M_0 = 0:
 *
 *     Shiryaev-Roberts  M_t = (M_{t-1} + 1) e_t
 *     CUSUM             M_t = max(M_{t-1}, 1) e_t
 *
 * An alarm at M >= c comes on average no sooner than after c observations without a change, and within T of them with a
 * probability of at most T / c. CUSUM is never above Shiryaev-Roberts, so it has the same bounds.
 * Source: Shin, Ramdas & Rinaldo, "E-detectors: a nonparametric framework for sequential change detection" (2024).
 */
export function eDetectors(eValues: readonly number[]): {
  readonly shiryaevRoberts: readonly number[]
  readonly cusum: readonly number[]
} {
  let sum = 0
  let largest = 0
  const shiryaevRoberts: number[] = []
  const cusum: number[] = []
  for (const e of eValues) {
    sum = (sum + 1) * e
    largest = Math.max(largest, 1) * e
    shiryaevRoberts.push(sum)
    cusum.push(largest)
  }
  return { shiryaevRoberts, cusum }
}
