import { type Counts, sumCounts } from '../../domain/evidence.ts'
import type { PlaceFinding } from '../../domain/explanation.ts'
import { formatPercent } from '../../domain/format.ts'
import { gaugeLogE } from '../../stats/gauge-evidence.ts'
import { contrastEValue } from './excess-contrast.ts'

/** What one pod of the canary answered, and the node that it ran on; '' when it did not say. */
export type PodCounts = Counts & { readonly pod: string; readonly node: string }

type PlacedEvent = 'failed' | 'slow' | 'logged'

const sureAt = 20

/** The others do like the baseline when their rate is at most so many times the baseline's, or this much above it. */
const alike = { ratio: 1.25, difference: 0.001 }

/**
 * Whether one pod or one node of the canary is bad and the version is not: one place does worse than the canary's other
 * places, and these do like the baseline. The evidence is averaged over the places, since the worst one was picked.
 * @param baseline all requests of the baseline
 * @param event what is counted, for the sentence: failed or slow requests, or records that are errors
 */
export function findPlace(pods: readonly PodCounts[], baseline: Counts, event: PlacedEvent): PlaceFinding {
  const named = pods.filter(({ pod }) => pod !== '')
  if (named.length < 2) {
    const summary = named.length === 1 ? 'The canary has one pod, so a bad pod looks like a bad version.' : noPods
    return { kind: 'unknown', place: null, eValue: 1, summary }
  }
  const nodes = Map.groupBy(named, ({ node }) => node)
  // A node with one pod is that pod.
  const byNode = nodes.size >= 2 && !nodes.has('') ? worstOf(nodes, baseline) : null
  const byPod = worstOf(
    Map.groupBy(named, ({ pod }) => pod),
    baseline,
  )
  if (byPod?.isAlone) return tell('pod', byPod, baseline, event)
  if (byNode !== null && byNode.pods > 1 && byNode.isAlone) return tell('node', byNode, baseline, event)
  const worst = byPod?.eValue ?? 1
  if (worst >= sureAt) {
    return {
      ...{ kind: 'version', place: null, eValue: worst },
      summary:
        'Pods of the canary differ, and those that do better still do worse than the baseline: it is the version.',
    }
  }
  return isSeen(named, baseline)
    ? { kind: 'version', place: null, eValue: worst, summary: 'All pods of the canary do alike: it is the version.' }
    : { kind: 'unknown', place: null, eValue: worst, summary: 'Too little was seen of each pod to tell them apart.' }
}

const noPods = 'The sender names no pods, so a bad pod looks like a bad version.'

type Worst = {
  readonly place: string
  readonly pods: number
  readonly part: Counts
  readonly rest: Counts
  readonly eValue: number
  /** Sure, and the others do like the baseline. */
  readonly isAlone: boolean
}

/** The place with the highest rate; null when there is no other one to compare it with. */
function worstOf(places: ReadonlyMap<string, readonly PodCounts[]>, baseline: Counts): Worst | null {
  if (places.size < 2) return null
  const all = sumCounts([...places.values()].flat())
  const each = [...places].map(([place, of]) => ({ place, pods: of.length, part: sumCounts(of) }))
  const ranked = each.toSorted((a, b) => rate(b.part) - rate(a.part) || (a.place < b.place ? -1 : 1))
  const worst = ranked[0]
  if (worst === undefined) return null
  const rest = { requests: all.requests - worst.part.requests, errors: all.errors - worst.part.errors }
  // The same requests of a baseline that nothing tells apart: only the canary's own places are compared.
  const even = { requests: 1e9, errors: 5e8 }
  const eValue =
    contrastEValue([{ part: { baseline: even, canary: worst.part }, rest: { baseline: even, canary: rest } }]) /
    places.size
  const isAlone =
    eValue >= sureAt && (rate(rest) <= alike.ratio * rate(baseline) || rate(rest) - rate(baseline) <= alike.difference)
  return { ...worst, rest, eValue, isAlone }
}

const verbs = {
  failed: ['fails', 'fail', 'requests'],
  slow: ['is slow in', 'are slow in', 'requests'],
  logged: ['logs errors in', 'log errors in', 'records'],
} as const

function tell(
  kind: 'pod' | 'node',
  { place, part, rest, eValue }: Worst,
  baseline: Counts,
  event: PlacedEvent,
): PlaceFinding {
  const [one, many, what] = verbs[event]
  const noun = kind === 'pod' ? 'Pod' : 'Node'
  const summary =
    `${noun} ${place} ${one} ${formatPercent(rate(part))} of its ${what}; the canary's others ${many} ` +
    `${formatPercent(rate(rest))}, the baseline ${formatPercent(rate(baseline))}: one bad ${kind}, not a bad version.`
  return { kind, place, eValue, summary }
}

/** Whether a pod that does twice as bad as the others would have been noticed. */
function isSeen(pods: readonly PodCounts[], baseline: Counts): boolean {
  const all = sumCounts(pods)
  const expected = (all.requests / pods.length) * Math.max(rate(all), rate(baseline))
  const variance = 2 / Math.max(0.5, expected) + 2 / Math.max(0.5, all.errors)
  return gaugeLogE({ d: Math.log(4), v: variance, tau: 0, rho: Math.LN2 }) >= Math.log(sureAt)
}

function rate({ requests, errors }: Counts): number {
  return requests === 0 ? 0 : errors / requests
}
