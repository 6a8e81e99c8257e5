/** What the judge reads of Kayenta's canary config. Everything below `analysisConfigurations` is JSON of any shape. */
type CanaryConfig = {
  readonly metrics: readonly CanaryMetricConfig[]
  readonly classifier?: { readonly groupWeights?: Readonly<Record<string, number>> | null } | null
}

export type CanaryMetricConfig = {
  readonly name: string
  /** Required, [] allowed: such a metric is judged and counts nowhere. */
  readonly groups?: readonly string[] | null
  readonly analysisConfigurations?: Readonly<Record<string, unknown>> | null
}

/** One metric of one set of tags in both arms; NaN where a point is missing. */
export type MetricSetPair = {
  readonly name: string
  readonly id: string
  readonly tags: Readonly<Record<string, string>>
  readonly values: { readonly control: readonly number[]; readonly experiment: readonly number[] }
}

/** What a judge is asked: the same three fields that Kayenta posts to a remote judge. */
export type CanaryJudgeRequest = {
  readonly canaryConfig: CanaryConfig
  readonly scoreThresholds: { readonly pass: number; readonly marginal: number }
  readonly metricSetPairList: readonly MetricSetPair[]
}
