import { isSameUnit } from '../../domain/cohort.ts'
import type { Deployment } from '../../domain/deployment.ts'
import type { CalleeFinding, Explanation } from '../../domain/explanation.ts'
import type { ReasonCode, Verdict } from '../../domain/verdict.ts'
import { blameFailingCallee } from '../../judges/explanation/blame-callee.ts'
import { rankAttributes } from '../../judges/explanation/rank-attributes.ts'
import { type Change, rankSuspects } from '../../judges/explanation/rank-suspects.ts'
import { type BlamedCallees, trackCallees } from '../../judges/explanation/track-callees.ts'
import { overlappingPods } from '../../judges/sequential/arrivals.ts'
import type { CallsRollupReader } from '../../storage/calls-rollup-reader.ts'
import type { Looks } from '../../storage/looks.ts'
import type { RollupReader } from '../../storage/rollup-reader.ts'
import { type CalledRows, compareArms, compareWithBefore } from './compare-arms.ts'
import { placeOf } from './place-of.ts'
import { instrumentsOfRequests, readSignals, type SignalReaders } from './read-signals.ts'

/** No more of the time before a decision is looked at: attributes come from raw telemetry. */
const windowMs = 30 * 60_000

const hourMs = 3_600_000

/** What the baseline has too. */
const outages: ReadonlySet<ReasonCode> = new Set<ReasonCode>(['SHARED_OUTAGE', 'BASELINE_UNHEALTHY'])

/** More edges than this are not shown; all of them are compared. */
const mostEdges = 12

/** Of so many deployments at the same time it is asked whether they call the service. */
const mostCallers = 20

export type ExplainOptions = SignalReaders & {
  readonly rollups: Pick<RollupReader, 'totals'>
  readonly calls: Pick<CallsRollupReader, 'totals' | 'requestTimes'>
  readonly looks: Pick<Looks, 'list'>
  /** All deployments that are known. */
  readonly deployments: () => readonly Deployment[]
  /** The newest verdicts of these deployments. */
  readonly newest: (ids: readonly string[]) => Promise<ReadonlyMap<string, Verdict>>
  readonly now: () => number
}

/**
 * Looks at the telemetry that a verdict rests on for what the verdict does not say.
 * @param isLastTry whether nobody tries again: then logs or metrics that cannot be read are left out, and said.
 */
export async function explainVerdict(
  options: ExplainOptions,
  deployment: Deployment,
  verdict: Verdict,
  isLastTry: boolean,
  signal?: AbortSignal,
): Promise<Explanation> {
  const to = Date.parse(verdict.decidedAt) - deployment.template.watermarkSeconds * 1000
  const from = Math.max(Date.parse(deployment.startedAt), to - windowMs)
  const event = eventOf(verdict)
  const totals = await options.rollups.totals([deployment.service], from, to)
  const requests = totals.reduce((sum, row) => sum + row.requests, 0)
  const byPod = [deployment.canary, deployment.baseline].some((cohort) => cohort?.match?.pod !== undefined)
  const question = { service: deployment.service, from, to, byPod, requests, event, isLastTry }
  const isShared = outages.has(verdict.reason.code)
  const [seen, calls, times, suspects, blamed] = await Promise.all([
    readSignals(options, deployment, question, signal),
    options.calls.totals(deployment.service, from, to, signal),
    options.calls.requestTimes(deployment.service, from, to, signal),
    suspectsOf(options, deployment, verdict, { from, to }, signal),
    isShared ? null : blamedAtLooks(options.looks, deployment, verdict),
  ])
  const now: CalledRows = { totals, calls, times }
  const called = compareArms(deployment, now)
  return {
    ...{ verdictId: verdict.id, deploymentId: deployment.id, at: options.now(), from, to, event },
    oneIn: seen.find(({ look }) => look.signal === 'traces')?.look.oneIn ?? 1,
    signals: seen.map(({ look }) => look),
    attributes: rankAttributes(seen.flatMap(({ attributes }) => attributes)),
    place: placeOf(seen, event.kind, instrumentsOfRequests(deployment)),
    ...{ edges: called.edges.slice(0, mostEdges), time: called.time, errorTypes: called.errorTypes },
    callee: blamed === null ? await failingSinceStart(options, deployment, now, signal) : blamed[calleeOf[event.kind]],
    suspects,
  }
}

const calleeOf = { slow: 'slow', failed: 'failing' } as const satisfies Record<string, keyof BlamedCallees>

/** Who holds the excess by the slices of the verdict's own looks, as its sentence is told. */
async function blamedAtLooks(
  looks: Pick<Looks, 'list'>,
  { id, service, startedAt, template }: Deployment,
  { look }: Verdict,
): Promise<BlamedCallees> {
  const warmUpEnd = Date.parse(startedAt) + template.warmUpSeconds * 1000
  const oldest = Math.max(0, look - Math.ceil(windowMs / (1000 * template.lookSeconds)))
  const callees = trackCallees()
  for (const { look: number, evidence } of await looks.list(id, oldest)) {
    const { slice } = evidence
    if (number > look || slice === null || slice.to <= warmUpEnd || overlappingPods(slice).length > 0) continue
    callees.observe(slice)
  }
  return callees.read(service)
}

/**
 * What fails in an outage that both arms have. Between arms that fail alike there is nothing to see: what changed is the
 * baseline since the hour before the start.
 */
async function failingSinceStart(
  { rollups, calls }: ExplainOptions,
  deployment: Deployment,
  now: CalledRows,
  signal?: AbortSignal,
): Promise<CalleeFinding | null> {
  const { service, startedAt } = deployment
  const to = Date.parse(startedAt)
  const [totals, made, times] = await Promise.all([
    rollups.totals([service], to - hourMs, to),
    calls.totals(service, to - hourMs, to, signal),
    calls.requestTimes(service, to - hourMs, to, signal),
  ])
  const { edges, failed } = compareWithBefore(deployment, { totals, calls: made, times }, now)
  return blameFailingCallee(service, edges, failed)
}

/** Slow requests when a latency shows most harm, else failed ones. */
function eventOf({ metrics }: Verdict): Explanation['event'] {
  const worst = metrics
    .filter(({ kind, finding }) => (kind === 'proportion' || kind === 'distribution') && finding.startsWith('harm-'))
    .filter(({ finding }) => finding !== 'harm-ruled-out')
    .toSorted((a, b) => b.weight * b.eValue - a.weight * a.eValue)[0]
  if (worst?.kind !== 'distribution') return { kind: 'failed' }
  const quantile = worst.quantiles?.toSorted((a, b) => b.eValue - a.eValue)[0]
  const seconds = quantile?.baseline ?? worst.baseline.value
  return seconds === null || seconds === undefined ? { kind: 'failed' } : { kind: 'slow', seconds }
}

async function suspectsOf(
  options: ExplainOptions,
  deployment: Deployment,
  verdict: Verdict,
  { from, to }: { readonly from: number; readonly to: number },
  signal?: AbortSignal,
): Promise<Explanation['suspects']> {
  const near = options
    .deployments()
    .filter(({ environment, startedAt }) => environment === deployment.environment && Date.parse(startedAt) <= to)
    .filter(({ id, endedAt }) => id === deployment.id || endedAt === null || Date.parse(endedAt) >= from - windowMs)
    .toSorted((a, b) => (a.startedAt < b.startedAt ? 1 : -1))
    .slice(0, mostCallers)
  const verdicts = await options.newest(near.map(({ id }) => id))
  const peersOf = async (service: string): Promise<ReadonlySet<string>> =>
    new Set((await options.calls.totals(service, from, to, signal)).flatMap(({ peer }) => namesOf(peer)))
  const own = await peersOf(deployment.service)
  const changes: Change[] = []
  for (const each of near) {
    const isItself = each.id === deployment.id
    const relation = isItself
      ? 'itself'
      : own.has(each.service)
        ? 'callee'
        : !isSameUnit(each, deployment) && (await peersOf(each.service)).has(deployment.service)
          ? 'caller'
          : 'other'
    changes.push({
      ...{ deploymentId: each.id, service: each.service, strategy: each.strategy, relation },
      version: each.canary.version ?? null,
      startedAt: Date.parse(each.startedAt),
      isHarmful: verdicts.get(each.id)?.reason.code === 'HARM_SHOWN',
    })
  }
  return rankSuspects(changes, verdict.reason.code, to)
}

/** A host's first label is what a service is called in a cluster: 'payments.shop.svc' is payments. */
function namesOf(peer: string): readonly string[] {
  const [first = ''] = peer.split('.')
  return peer === '' ? [] : [peer, first]
}
