import { chiSquareQuantile } from './chi-square-quantile.ts'

/** Fewer blocks of fewer pods say nothing about how a gauge moves. */
const fewestBlocks = 10
const fewestPods = 2

/** Beyond this the levels hardly vary around a mean, and no time is long enough to compare them. */
const mostCorrelation = 0.95

/** Readings repeat exactly on some gauges; a null without any noise would call the first difference infinite. */
const leastVariance = 1e-8

/**
 * How a gauge moves from block to block and differs from pod to pod without a release, for the gauge process. With y_it
 * the log level of pod i in block t, m_i its mean and c_t the mean of y_it - m_i over the pods (what befalls all of them
 * cancels between arms), e_it = y_it - m_i - c_t and k pods
 *
 *     a     = sum e_t e_{t-1} / sum e_{t-1}^2 + (1 + 3 a) / n      the bias of short series taken back
 *     s2    = mean (e_t - a e_{t-1})^2 k / (k - 1)
 *     tau^2 = sum (m_i - m)^2 / chi^2_{1 - confidence}(k - 1)      an upper bound, sampling error left in
 *
 * Source: Prais & Winsten (1954) for the model; Marriott & Pope (1954) for the bias.
 *
 * @param series one row of log levels per pod, one column per block; null where the pod said nothing
 * @param confidence of the upper bound of tau
 * @returns null for less than 2 pods with 10 blocks each
 */
export function learnGaugeNull(
  series: readonly (readonly (number | null)[])[],
  confidence = 0.8,
): {
  readonly a: number
  readonly s2: number
  readonly tauPod: number
  readonly blocks: number
  readonly pods: number
} | null {
  const rows = series.filter((row) => row.filter((y) => y !== null).length >= fewestBlocks)
  const k = rows.length
  if (k < fewestPods) return null
  const means = rows.map(meanOf)
  const columns = Math.max(...rows.map((row) => row.length))
  const common = Array.from({ length: columns }, (_, t) => meanOf(rows.map((row, i) => minus(row[t], means[i]!))))
  const residuals = rows.map((row, i) => row.map((y, t) => minus(y, means[i]! + common[t]!)))
  const { product, square, pairs } = lagSums(residuals)
  if (pairs < fewestBlocks) return null
  const raw = square === 0 ? 0 : product / square
  const perPod = pairs / k
  const a = Math.min(mostCorrelation, Math.max(0, raw + (1 + 3 * raw) / perPod))
  const s2 = Math.max(leastVariance, (innovation(residuals, a) / pairs) * (k / (k - 1)))
  const centre = meanOf(means)
  const squares = means.reduce((sum, mean) => sum + (mean - centre) ** 2, 0)
  const tauPod = Math.sqrt(squares / chiSquareQuantile(1 - confidence, k - 1))
  return { a, s2, tauPod, blocks: columns, pods: k }
}

function minus(y: number | null | undefined, mean: number): number | null {
  return y === null || y === undefined ? null : y - mean
}

/** The mean of what is there; 0 of nothing. */
function meanOf(values: readonly (number | null)[]): number {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? 0 : known.reduce((sum, value) => sum + value, 0) / known.length
}

function lagSums(residuals: readonly (readonly (number | null)[])[]): {
  readonly product: number
  readonly square: number
  readonly pairs: number
} {
  let [product, square, pairs] = [0, 0, 0]
  for (const row of residuals) {
    for (let t = 1; t < row.length; t++) {
      const [before, now] = [row[t - 1] ?? null, row[t] ?? null]
      if (before === null || now === null) continue
      product += before * now
      square += before * before
      pairs += 1
    }
  }
  return { product, square, pairs }
}

function innovation(residuals: readonly (readonly (number | null)[])[], a: number): number {
  let sum = 0
  for (const row of residuals) {
    for (let t = 1; t < row.length; t++) {
      const [before, now] = [row[t - 1] ?? null, row[t] ?? null]
      if (before !== null && now !== null) sum += (now - a * before) ** 2
    }
  }
  return sum
}
