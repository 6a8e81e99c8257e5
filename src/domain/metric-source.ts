import type { Deployment } from './deployment.ts'
import type { ArmSlice } from './evidence.ts'
import type { MetricKind, MetricSpec } from './template.ts'

/** What a source is asked: the evidence of one metric of one deployment in each of some windows. */
export type SourceQuestion = {
  /** Who is compared: its cohorts are what the query's variables stand for. */
  readonly deployment: Pick<
    Deployment,
    'id' | 'namespace' | 'service' | 'environment' | 'strategy' | 'baseline' | 'canary' | 'startedAt'
  >
  readonly metric: MetricSpec
  /** Unix milliseconds, `to` exclusive; each begins where the one before ends. */
  readonly windows: readonly { readonly from: number; readonly to: number }[]
  /** The pods that each arm's telemetry named lately, for sources that know pods and no versions; absent: not known. */
  readonly pods?: { readonly baseline: readonly string[]; readonly canary: readonly string[] }
}

/** The two arms in one window. Gauges and events are by the metric's name, as if it were an instrument. */
export type SourceAnswer = { readonly baseline: ArmSlice; readonly canary: ArmSlice }

/** What is wrong with a metric's query; `key`: where in the query, as a JSON pointer, '' for all of it. */
export type QueryFault = { readonly expected: string; readonly got: string; readonly key: string }

/** A system that is asked for the evidence of one metric. */
export interface MetricSource {
  readonly kinds: readonly MetricKind[]
  /** The first fault of the metric's query, before anybody asks it; null: it can be asked. */
  check(metric: MetricSpec): QueryFault | null
  /** What it is asked about one deployment, for people who want to see the rows themselves; without secrets. */
  show?(question: Omit<SourceQuestion, 'windows'>): readonly string[]
  /**
   * One answer for each window. An arm of which the source knows nothing is empty, which is not the same as zero errors.
   * @throws DavyError SOURCE_DOWN when it cannot be asked, refuses, or answers what cannot be understood.
   */
  ask(question: SourceQuestion, signal: AbortSignal): Promise<readonly SourceAnswer[]>
}
