/** What one metric may cost and how much of it is nobody's concern. */
type MetricPolicy = {
  /** Share of the error budget; weights of all metrics are divided by their sum. */
  readonly weight: number
  /** Tolerated relative worsening: 0.25 = a quarter more. Above 0. */
  readonly margin: number
}

/** How a rollout is judged. Durations in seconds. */
export type RolloutPolicy = {
  /** Probability of rolling back a harmless release, for the weighted average of all metrics. */
  readonly alpha: number
  readonly onSilence: 'hold' | 'rollback'
  readonly metrics: Readonly<Record<string, MetricPolicy>>
  readonly proportions: {
    readonly blockSeconds: number
    /** Requests a minute that a bare share stands for when nobody counted them. */
    readonly pseudoRequestsPerMinute: number
  }
  readonly gauges: {
    /** A pod younger than this warms up and is not compared. */
    readonly warmUpSeconds: number
    /** A pod with fewer points has no level. */
    readonly minimumPoints: number
    /** Scale of the log differences looked for. */
    readonly rho: number
    /** Confidence with which the between-pod deviation is not underestimated. */
    readonly spreadConfidence: number
  }
  readonly silence: {
    /** From ready on, time in which nothing is expected of a canary pod. */
    readonly graceSeconds: number
    /** Intervals that must have been expected before silence is called. */
    readonly minimumExpected: number
    /** Share of the expected intervals at and below which a pod is silent. */
    readonly mostDelivered: number
    /** How many harmless pods are silent, and the number of pods that this knowledge weighs as much as. */
    readonly history: { readonly share: number; readonly pods: number }
  }
  readonly outage: {
    /** An edge that served this share of its requests in at least this share of earlier intervals was healthy. */
    readonly healthyShare: number
    /** An edge whose median success over `intervals` is below this, or that fell idle, is out. */
    readonly brokenShare: number
    readonly intervals: number
  }
  /** A canary observed for less is too young for a promotion. */
  readonly minimumSoakSeconds: number
  /** Share of the error budget that must have been compared before a promotion. */
  readonly minimumComparedShare: number
}

/** The defaults; every number is one that no single rollout was tuned to. */
export const defaultRolloutPolicy: RolloutPolicy = {
  alpha: 0.01,
  onSilence: 'hold',
  metrics: {
    success: { weight: 0.35, margin: 0.25 },
    latency: { weight: 0.25, margin: 0.25 },
    cpu: { weight: 0.1, margin: 0.1 },
    memory: { weight: 0.05, margin: 0.1 },
  },
  proportions: { blockSeconds: 120, pseudoRequestsPerMinute: 10 },
  gauges: { warmUpSeconds: 180, minimumPoints: 5, rho: 0.25, spreadConfidence: 0.8 },
  silence: {
    graceSeconds: 120,
    minimumExpected: 5,
    mostDelivered: 0.1,
    history: { share: 0.02, pods: 2 },
  },
  outage: { healthyShare: 0.9, brokenShare: 0.75, intervals: 5 },
  minimumSoakSeconds: 600,
  minimumComparedShare: 0.3,
}

/** A policy of which parts may be left out. */
export type PartialRolloutPolicy = {
  readonly [Key in keyof RolloutPolicy]?: Key extends 'metrics'
    ? RolloutPolicy[Key]
    : RolloutPolicy[Key] extends object
      ? Partial<RolloutPolicy[Key]>
      : RolloutPolicy[Key]
}

/** What is left out is the default's; metrics are taken as a whole, since their weights belong together. */
export function completePolicy(policy: PartialRolloutPolicy = {}): RolloutPolicy {
  const { proportions, gauges, silence, outage } = defaultRolloutPolicy
  return {
    ...defaultRolloutPolicy,
    ...policy,
    proportions: { ...proportions, ...policy.proportions },
    gauges: { ...gauges, ...policy.gauges },
    silence: { ...silence, ...policy.silence },
    outage: { ...outage, ...policy.outage },
  }
}
