/** A metric's kind decides which evidence is gathered and which test judges it. */
export type MetricKind = 'proportion' | 'distribution' | 'gauge' | 'count' | 'paired' | 'signatures' | 'edges'

/** Sources that are asked for one metric at a time, by what the metric's `query` says. */
export const querySources = [
  'prometheus',
  'clickhouse',
  'loki',
  'influxdb',
  'graphite',
  'datadog',
  'new-relic',
  'cloudwatch',
  'http',
  'logs',
  'calls',
  'alerts',
] as const

export type QuerySource = (typeof querySources)[number]

/** Whether a metric's source is asked for this metric alone. */
export function isQueried(metric: Pick<MetricSpec, 'source'>): boolean {
  return (querySources as readonly string[]).includes(metric.source)
}

export type MetricSpec = {
  readonly name: string
  /**
   * `proportion`: failed requests among all; `distribution`: request durations; `gauge`: levels by pod, as of memory;
   * `count`: events per pod and second, as restarts; `paired`: answers of both arms to the same requests;
   * `signatures`: requests that log errors or warnings, by what they log; `edges`: calls that a version begins to make, or
   * no longer makes.
   */
  readonly kind: MetricKind
  /**
   * `spans`: SERVER and CONSUMER spans. `metrics`: the points of an instrument; for proportion and distribution those of
   * a histogram of durations, in seconds or milliseconds. All metrics of these two kinds have one source. Any other: a
   * source that is asked for this metric alone.
   */
  readonly source: 'spans' | 'metrics' | QuerySource
  /** A query source's question; which keys it has is the source's own. */
  readonly query?: Readonly<Record<string, unknown>>
  /**
   * source metrics: names of OpenTelemetry instruments, the first one that the baseline reports is judged. Absent for
   * proportion and distribution: the conventions' names for requests of a server.
   */
  readonly instruments?: readonly string[]
  /**
   * gauge: its `level` (default), or its `growth`, the slope of its floor: harm is one that would take it to `margin`
   * times its level within a day. edges: those that are `new`, or those that have `vanished`; never absent.
   */
  readonly reading?: 'level' | 'growth' | 'new' | 'vanished'
  /** The harmful direction. */
  readonly direction: 'increase'
  /** Share of the error budget; weights sum to at most 1, what is left over is reserve and never judged. */
  readonly weight: number
  readonly group: string
  /** Rollback when harm beyond this ratio is shown; 1.25 = a quarter more. At least 1.05, 1 for counts and pairs. */
  readonly margin: number
  /** Promote when harm beyond this ratio is ruled out. At least `margin`'s floor, 1.05. */
  readonly promoteMargin: number
  /** proportion only: harm is also ruled out when the canary's own rate is proven below this share (0.005 = 0.5%). */
  readonly promoteFloor?: number
  /** proportion only: no rollback unless the rates differ by at least this share (0.001 = 0.1 points). */
  readonly rollbackFloor?: number
  /** distribution only: the judged quantiles, each strictly between 0 and 1. */
  readonly quantiles?: readonly number[]
  /** A critical metric must be proven harmless before a promote. */
  readonly critical: boolean
}

/** The policy of a deployment (AnalysisTemplate). All durations in seconds. */
export type Template = {
  readonly name: string
  /** Absent: registered deployments are enforced, detected ones only observed. */
  readonly mode?: 'observe' | 'enforce'
  /** False-rollback budget of one deployment over all metrics and looks. */
  readonly alpha: number
  /** False-promote budget of each critical metric at its promote margin. */
  readonly alphaPromote: number
  /** Seconds from look to look; a multiple of 10. */
  readonly lookSeconds: number
  /** Seconds of a block, the unit that bursts are confined to; a multiple of lookSeconds. */
  readonly blockSeconds: number
  /** Judges see only data older than this, so that late arrivals are in. */
  readonly watermarkSeconds: number
  /** The first seconds after the start are not judged. */
  readonly warmUpSeconds: number
  /** No promote before both are reached; requests counts the canary's. */
  readonly minimum: { readonly seconds: number; readonly requests: number }
  /** true: promote on `minimum` without a sign of harm although harm is not ruled out (EXPOSURE_REACHED). */
  readonly exposureMode: boolean
  /** After this many seconds without a decision, `onDeadline` is the answer. */
  readonly deadlineSeconds: number
  readonly onDeadline: 'hold' | 'promote' | 'rollback'
  readonly onSilence: 'hold' | 'rollback'
  readonly metrics: readonly MetricSpec[]
}

/** Whether a metric is judged from requests as telemetry tells of them, which all come from one source. */
export function isOfRequests(metric: Pick<MetricSpec, 'kind' | 'source'>): boolean {
  return (metric.kind === 'proportion' || metric.kind === 'distribution') && !isQueried(metric)
}

/**
 * The metric whose source counts the requests of a deployment, when telemetry does not: the first proportion that is
 * queried. null: telemetry counts them.
 */
export function mainQuery({ metrics }: Template): MetricSpec | null {
  if (metrics.some((metric) => isOfRequests(metric) || metric.kind === 'paired')) return null
  return metrics.find((metric) => metric.kind === 'proportion' && isQueried(metric)) ?? null
}
