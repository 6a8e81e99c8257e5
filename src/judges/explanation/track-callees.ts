import type { Arm } from '../../domain/cohort.ts'
import { type ArmSlice, histogramScale, type Slice } from '../../domain/evidence.ts'
import type { CalleeFinding } from '../../domain/explanation.ts'
import { bucketMiddle, exponentialGamma } from '../../stats/log-histogram.ts'
import { blameFailingCallee, blameSlowCallee, otherEdges } from './blame-callee.ts'
import { type CallSums, compareEdges, compareTime } from './compare-calls.ts'
import { type Mix, mixExcess } from './mix-excess.ts'

/** What is called that holds the excess; null: nothing in particular, or nobody tells of calls. */
export type BlamedCallees = { readonly slow: CalleeFinding | null; readonly failing: CalleeFinding | null }

export const nobodyBlamed: BlamedCallees = { slow: null, failing: null }

export type CalleeTracker = { observe(slice: Slice): void; read(service: string): BlamedCallees }

const arms = ['baseline', 'canary'] as const satisfies readonly Arm[]
const gamma = exponentialGamma(histogramScale)

/** More names than this are somebody's addresses: they are taken together, in both arms alike. */
const mostNames = 100

/** What differs by more than this share of the excess, because an arm has other operations to do, is nobody's. */
const mostOfMix = 0.25

type Part = { count: number; failed: number; seconds: number }

/** Requests, as a whole and by operation, and calls by edge. */
type Sums = { readonly whole: Part; readonly operations: Map<string, Part>; readonly edges: Map<string, Part> }

const noPart = (): Part => ({ count: 0, failed: 0, seconds: 0 })
const noSums = (): Sums => ({ whole: noPart(), operations: new Map(), edges: new Map() })
const noneOfBoth = (): Record<Arm, Sums> => ({ baseline: noSums(), canary: noSums() })

/**
 * Adds up what requests spend in what they call, over everything judged so far; it explains and decides nothing. Within
 * a block each arm counts by the other's share of the requests, so that both have the same traffic at the same time: a
 * callee that was slow for both while the canary had most of its traffic is not slow for the canary.
 */
export function trackCallees(): CalleeTracker {
  const sums = noneOfBoth()
  const names = { operations: new Set<string>(), edges: new Set<string>() }
  let block = noneOfBoth()
  return {
    observe(slice) {
      const kept = new Set(arms.flatMap((arm) => Object.keys(slice[arm].latencies ?? {})))
      for (const arm of arms) addSlice(block[arm], slice[arm], kept, names)
      if (!slice.closesBlock) return
      const [before, after] = [block.baseline.whole.count, block.canary.whole.count]
      if (before > 0 && after > 0) {
        addSums(sums.baseline, block.baseline, after / (before + after))
        addSums(sums.canary, block.canary, before / (before + after))
      }
      block = noneOfBoth()
    },
    read(service) {
      const calls = arms.flatMap((arm) => callSumsOf(arm, sums[arm]))
      const requests = { baseline: requestSums(sums.baseline), canary: requestSums(sums.canary) }
      const edges = compareEdges(calls, requests)
      const time = compareTime(calls, requests)
      const failed = { baseline: shareFailed(sums.baseline.whole), canary: shareFailed(sums.canary.whole) }
      const longer = time === null ? 0 : time.canary.request - time.baseline.request
      const isMixed = (of: 'failed' | 'seconds', more: number) => mixExcess(mixOf(sums, of)) > mostOfMix * more
      return {
        slow: isMixed('seconds', longer) ? null : blameSlowCallee(service, edges, time),
        failing: isMixed('failed', failed.canary - failed.baseline) ? null : blameFailingCallee(service, edges, failed),
      }
    },
  }
}

/** @param kept operations whose durations are known one by one; the others are one. */
function addSlice(
  sums: Sums,
  slice: ArmSlice,
  kept: ReadonlySet<string>,
  names: Record<'operations' | 'edges', Set<string>>,
): void {
  let seconds = 0
  for (const [bucket, count] of slice.latency) seconds += (count * bucketMiddle(bucket, gamma)) / 1e9
  add(sums.whole, { count: slice.requests, failed: slice.errors, seconds })
  let rest = seconds
  for (const [name, { requests, errors }] of Object.entries(slice.operations)) {
    let own = 0
    for (const [bucket, count] of slice.latencies?.[name] ?? []) own += (count * bucketMiddle(bucket, gamma)) / 1e9
    rest -= own
    const operation = kept.has(name) ? admitted(names.operations, name) : otherEdges
    add(entry(sums.operations, operation), { count: requests, failed: errors, seconds: own })
  }
  add(entry(sums.operations, otherEdges), { count: 0, failed: 0, seconds: Math.max(0, rest) })
  for (const [name, { calls, failed, seconds: took }] of Object.entries(slice.callees ?? {})) {
    add(entry(sums.edges, admitted(names.edges, name)), { count: calls, failed, seconds: took })
  }
}

/** The name itself, or that of all the others once there are too many. */
function admitted(names: Set<string>, name: string): string {
  if (!names.has(name) && names.size >= mostNames) return otherEdges
  names.add(name)
  return name
}

function addSums(to: Sums, of: Sums, weight: number): void {
  add(to.whole, of.whole, weight)
  for (const [name, part] of of.operations) add(entry(to.operations, name), part, weight)
  for (const [name, part] of of.edges) add(entry(to.edges, name), part, weight)
}

function add(to: Part, { count, failed, seconds }: Part, weight = 1): void {
  to.count += weight * count
  to.failed += weight * failed
  to.seconds += weight * seconds
}

function entry(parts: Map<string, Part>, name: string): Part {
  const found = parts.get(name) ?? noPart()
  parts.set(name, found)
  return found
}

function mixOf({ baseline, canary }: Record<Arm, Sums>, of: 'failed' | 'seconds'): Mix[] {
  return [...new Set([...baseline.operations.keys(), ...canary.operations.keys()])].map((name) => {
    const [before, after] = [baseline.operations.get(name) ?? noPart(), canary.operations.get(name) ?? noPart()]
    return { baseline: { requests: before.count, amount: before[of] }, canary: { requests: after.count } }
  })
}

/** The time of an edge is known of all its calls together; which of them took it makes no difference. */
function callSumsOf(arm: Arm, { edges }: Sums): CallSums[] {
  return [...edges].flatMap(([edge, { count, failed, seconds }]) => [
    { arm, edge, failed: false, errorType: '', calls: count - failed, nanoseconds: seconds * 1e9 },
    { arm, edge, failed: true, errorType: '', calls: failed, nanoseconds: 0 },
  ])
}

function requestSums({ whole }: Sums): { readonly requests: number; readonly nanoseconds: number } {
  return { requests: whole.count, nanoseconds: whole.seconds * 1e9 }
}

function shareFailed({ count, failed }: Part): number {
  return count === 0 ? 0 : failed / count
}
