/** How a gauge moves while nothing is released, on the log scale, from the baseline's pods before the start. */
type GaugeNull = {
  /** Correlation of one block with the next, at least 0 and below 1. */
  readonly a: number
  /** Variance of one pod's innovation from block to block, above 0. */
  readonly s2: number
  /** Standard deviation of a pod's own persistent level, an upper bound. */
  readonly tauPod: number
}

/** The baseline's pods at one age: the mean of their log levels relative to `level`, and how many there were. */
export type AgeLevel = { readonly ageBlocks: number; readonly log: number; readonly pods: number }

/** What the time before the start says about one gauge metric. */
export type GaugeHistory = {
  /** The instrument that is judged for the whole deployment: the first of the metric's that the baseline reported. */
  readonly instrument: string
  readonly null: GaugeNull
  /** Median of the readings, in the instrument's unit, above 0. */
  readonly level: number
  /** Standard deviation of a pod's floor's growth from block to block, as a share of `level`. */
  readonly growthDeviation: number
  /** Seconds of a block. */
  readonly blockSeconds: number
  readonly blocks: number
  readonly pods: number
  /** By age, youngest first; [] when no pod was seen starting. */
  readonly ages: readonly AgeLevel[]
}

/** By the metric's name. */
export type GaugeHistories = Readonly<Record<string, GaugeHistory>>
