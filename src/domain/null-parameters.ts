/** How much harmless arms may differ: the overdispersion that the null of a count process allows. */
export type NullParameters = {
  /** Standard deviation of one pod's own effect on a log-ratio. */
  readonly tauPod: number
  /** Standard deviation of one block's own effect on a log-ratio. */
  readonly sigb: number
  /** Share of blocks that are bursts. */
  readonly eps: number
  /** Variance of counts over Poisson's: retries and other clumps. */
  readonly phi: number
}

/** The null of each metric by the metric's name. */
export type MetricNulls = Readonly<Record<string, NullParameters>>
