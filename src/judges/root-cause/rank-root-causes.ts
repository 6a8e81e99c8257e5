import { placeboTail } from '../../stats/placebo-tail.ts'
import { type Excursion, excursionOf } from './excursion.ts'
import type { Call, NodeRows, Symptom } from './node-rows.ts'

/** The nodes of a system in normal operation and now, and who calls whom. */
export type RootCauseInput = {
  readonly nodes: readonly NodeRows[]
  /** Direct calls; [] when they are not known: then loudness alone ranks. Calls of nodes without rows say nothing. */
  readonly calls: readonly Call[]
  /** Of taking a normal window for an issue. Default 1%. */
  readonly alpha?: number
}

type RankedNode = {
  readonly node: string
  /** The symptom that ranks it; null without evidence. */
  readonly symptom: Symptom | null
  /** 1 = as loud as the loudest 1% of its normal windows; 0 without evidence. */
  readonly loudness: number
  readonly isAnomalous: boolean
  /** Its own direct callees with the same symptom, which explain it. */
  readonly explainedBy: readonly string[]
}

export type RootCauses = {
  /** p <= alpha. */
  readonly isIssue: boolean
  /** (1 + stretches in which some node is as loud as the loudest one now) / (normalStretches + 1). */
  readonly p: number
  /** Of the loudest node. */
  readonly loudness: number
  /** Stretches of normal operation as long as the current window. */
  readonly normalStretches: number
  /** All nodes, the likeliest cause first. */
  readonly ranked: readonly RankedNode[]
}

type Signal = Excursion & { readonly node: string }

/**
 * Is something wrong, and where did it begin? A node's loudness is relative to its own normal windows
 * ({@link excursionOf}). An issue is a loudest node as loud as in at most alpha of the normal operation, so nothing can
 * be one when that is shorter than 1 / alpha - 1 windows. The first cause is the loudest anomalous node none of whose
 * direct callees is anomalous with the same symptom: slow callees explain slow callers, failing ones failing callers.
 * Then come the explained nodes, then the others. Each current window is judged once.
 *
 * Sources: Lin et al., "Microscope: pinpoint performance issues with causal graphs in micro-service environments"
 * (2018), the anomalous node without anomalous callees; Phipson & Smyth (2010), the placebo p.
 *
 * @throws RangeError when nodes have not all the same numbers of rows or share a name, when no node has an
 * excursion, and as {@link excursionOf}
 */
export function rankRootCauses({ nodes, calls, alpha = 0.01 }: RootCauseInput): RootCauses {
  checkRows(nodes, alpha)
  const signals: Signal[] = nodes.flatMap((rows) =>
    (['latency', 'failures'] as const)
      .map((symptom) => excursionOf(rows, symptom))
      .filter((excursion) => excursion !== null)
      .map((excursion) => ({ node: rows.node, ...excursion })),
  )
  if (signals.length === 0) {
    throw new RangeError('root cause: expected a node with 99 normal windows and two current values, got none')
  }
  const loudest = signals.reduce((most, { loudness }) => Math.max(most, loudness), -Infinity)
  const normal = normalLoudness(signals, nodes[0]!.current.length)
  const p = placeboTail(normal).p(loudest)
  return {
    isIssue: p <= alpha,
    p,
    loudness: loudest,
    normalStretches: normal.length,
    ranked: nodes.map(({ node }) => rankedNode(node, signals, calls)).sort(byLikelihood),
  }
}

/**
 * How loud the loudest node gets in normal operation, one figure for each stretch as long as a window: windows that
 * start within one stretch share their rows, so they are one chance to be loud and not many.
 */
function normalLoudness(signals: readonly Signal[], windowRows: number): number[] {
  const stretches = Array.from({ length: Math.ceil(signals[0]!.normal.length / windowRows) }, (_, at) =>
    signals
      .flatMap(({ normal }) => normal.slice(at * windowRows, (at + 1) * windowRows))
      .reduce<number>((most, loudness) => Math.max(most, loudness ?? -Infinity), -Infinity),
  )
  return stretches.filter((loudness) => loudness > -Infinity)
}

function rankedNode(node: string, signals: readonly Signal[], calls: readonly Call[]): RankedNode {
  const callees = new Set(calls.filter((call) => call.caller === node && call.callee !== node).map((c) => c.callee))
  const own = signals
    .filter((signal) => signal.node === node)
    .map(({ symptom, loudness, isAnomalous }) => {
      const anomalous = signals.filter((other) => other.isAnomalous && other.symptom === symptom)
      const explainedBy = anomalous.map((other) => other.node).filter((other) => callees.has(other))
      return { node, symptom, loudness, isAnomalous, explainedBy }
    })
  return own.sort(byLikelihood)[0] ?? { node, symptom: null, loudness: 0, isAnomalous: false, explainedBy: [] }
}

/** Anomalous and unexplained, then anomalous, then the rest; each the loudest first. */
function byLikelihood(a: RankedNode, b: RankedNode): number {
  return tierOf(a) - tierOf(b) || b.loudness - a.loudness
}

function tierOf({ isAnomalous, explainedBy }: RankedNode): number {
  if (!isAnomalous) return 2
  return explainedBy.length > 0 ? 1 : 0
}

function checkRows(nodes: readonly NodeRows[], alpha: number): void {
  if (!(alpha > 0 && alpha < 1)) throw new RangeError(`root cause: expected alpha within (0, 1), got ${alpha}`)
  const names = new Set(nodes.map(({ node }) => node))
  if (names.size < nodes.length) throw new RangeError('root cause: expected every node once, got a name twice')
  for (const { node, baseline, current } of nodes) {
    if (baseline.length === nodes[0]!.baseline.length && current.length === nodes[0]!.current.length) continue
    throw new RangeError(
      `root cause: expected as many rows of ${node} as of ${nodes[0]!.node}, got ${baseline.length} and ${current.length}`,
    )
  }
}
