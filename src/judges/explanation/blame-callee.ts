import type { CalleeFinding, EdgeComparison, EdgeFigures, TimeComparison } from '../../domain/explanation.ts'
import { formatRatio } from '../../domain/format.ts'
import { shortName } from '../sequential/words.ts'

/** An edge that holds less of the excess does not stand for it. */
const leastShare = 0.6

/** A change of the mean below this share of it is too small to be told from chance. */
const notableShare = 0.1

/** Fewer calls of an arm, or fewer failed ones beyond the baseline's, say nothing. */
const leastCalls = 20
const leastFailed = 10

/** So many standard deviations are more than chance; failures come in clumps, so that counts vary twice as much. */
const leastDeviations = 3
const clumps = 2

/** Means are not known to the last digit. */
const slack = 1.25

/** What several edges are taken together under; nobody is called so. */
export const otherEdges = '(other)'

/**
 * What the service calls when the additional time of its requests is there, so that nobody says that the service got
 * slower: one edge adds most of what a mean request of the canary takes longer. `slower`: a call takes longer;
 * `oftener` and `new`: there are more calls, which is the service's own doing.
 * @param edges of both arms, per request
 * @param time of a mean request; null: not known
 */
export function blameSlowCallee(
  service: string,
  edges: readonly EdgeComparison[],
  time: TimeComparison | null,
): CalleeFinding | null {
  if (time === null) return null
  const more = time.canary.request - time.baseline.request
  if (more <= notableShare * time.baseline.request) return null
  const found = worst(
    edges.filter((edge) => !isSelf(edge.edge, service) && isWithinRequests(edge, more)),
    ({ secondsMore }) => secondsMore / more,
  )
  if (found === null) return null
  const { edge, share } = found
  const kind = kindOf(edge)
  const [callee, caller] = [shortName(edge.edge), shortName(service)]
  const summary = {
    slower: `${callee} got slower, not ${caller}`,
    oftener: `${caller} calls ${callee} ${formatRatio(ratio(edge, ({ callsPerRequest }) => callsPerRequest))} as often`,
    new: `${caller} calls ${callee}, which it did not before`,
  }[kind]
  return { edge: edge.edge, kind, share, summary }
}

/**
 * What the service calls when its additional failures come from there: one edge fails most of as many calls more per
 * request as requests fail more, and more than by chance.
 * @param failed share of each arm's requests that failed
 */
export function blameFailingCallee(
  service: string,
  edges: readonly EdgeComparison[],
  failed: { readonly baseline: number; readonly canary: number },
): CalleeFinding | null {
  const more = failed.canary - failed.baseline
  if (more <= notableShare * failed.baseline) return null
  const failing = edges.filter((edge) => !isSelf(edge.edge, service) && failsMore(edge))
  const found = worst(failing, ({ baseline, canary }) => (failedPerRequest(canary) - failedPerRequest(baseline)) / more)
  if (found === null) return null
  const { edge, share } = found
  return { edge: edge.edge, kind: 'failing', share, summary: `calls to ${shortName(edge.edge)} fail` }
}

/** Whether a service calls itself, which says nothing of whom it calls: 'checkout', 'grpc checkout.shop.svc cart'. */
function isSelf(edge: string, service: string): boolean {
  const [first, second = ''] = edge.split(' ')
  const peer = first === 'grpc' ? second : first
  return peer === service || peer?.split('.')[0] === service
}

/**
 * Whether the time of an edge passes while requests wait: what polls or works in the background adds any amount to a
 * mean request when there are few of them. More than the excess is possible of calls beside each other: as many as
 * before, and each no longer by more than requests are.
 */
function isWithinRequests({ baseline, canary, secondsMore }: EdgeComparison, more: number): boolean {
  if (secondsMore <= slack * more) return true
  const times = canary.callsPerRequest / baseline.callsPerRequest
  return times <= slack && times >= 1 / slack && (canary.seconds ?? 0) - (baseline.seconds ?? 0) <= slack * more
}

function failedPerRequest({ failed, callsPerRequest }: EdgeFigures): number {
  return (failed ?? 0) * callsPerRequest
}

/** Whether so many calls more fail of the canary that it is not chance. */
function failsMore({ baseline, canary }: EdgeComparison): boolean {
  const requests = ({ calls, callsPerRequest }: EdgeFigures): number => (calls === 0 ? 0 : calls / callsPerRequest)
  const [before, after] = [(baseline.failed ?? 0) * baseline.calls, (canary.failed ?? 0) * canary.calls]
  const scale = before === 0 ? 0 : requests(canary) / requests(baseline)
  const more = after - scale * before
  return more >= leastFailed && more >= leastDeviations * Math.sqrt(clumps * (after + scale * scale * before))
}

type Found = { readonly edge: EdgeComparison; readonly share: number }

/** The edge with most of the excess, when that is most of it. */
function worst(edges: readonly EdgeComparison[], shareOf: (edge: EdgeComparison) => number): Found | null {
  const named = edges.filter(
    ({ edge, state, baseline, canary }) =>
      edge !== otherEdges && canary.calls >= leastCalls && (state === 'new' || baseline.calls >= leastCalls),
  )
  const shares = named.map((edge) => ({ edge, share: shareOf(edge) }))
  const first = shares.toSorted((a, b) => b.share - a.share || (a.edge.edge < b.edge.edge ? -1 : 1))[0]
  return first === undefined || first.share < leastShare ? null : { ...first, share: Math.min(1, first.share) }
}

function kindOf(edge: EdgeComparison): 'slower' | 'oftener' | 'new' {
  if (edge.state === 'new') return 'new'
  const times = ratio(edge, ({ callsPerRequest }) => callsPerRequest) ?? 1
  const longer = ratio(edge, ({ seconds }) => seconds ?? 0) ?? 1
  return times > longer ? 'oftener' : 'slower'
}

function ratio({ baseline, canary }: EdgeComparison, value: (figures: EdgeFigures) => number): number | null {
  return value(baseline) === 0 ? null : value(canary) / value(baseline)
}
