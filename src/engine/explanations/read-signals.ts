import { type Arm, type Dimensions, resolveArm } from '../../domain/cohort.ts'
import type { Deployment } from '../../domain/deployment.ts'
import type { Counts } from '../../domain/evidence.ts'
import type { BothArms, ExplainedSignal, Explanation, LeftOut, SignalLook } from '../../domain/explanation.ts'
import { StorageError } from '../../domain/storage.ts'
import { noCounts, plusBoth } from '../../judges/explanation/excess-contrast.ts'
import type { AttributeCounts } from '../../judges/explanation/rank-attributes.ts'
import type { AttributeAnswer, AttributeQuestion, PodRow } from '../../storage/count-attributes.ts'
import type { LogAttributesReader } from '../../storage/log-attributes-reader.ts'
import type { LogTemplatesReader } from '../../storage/log-templates-reader.ts'
import type { MetricAttributesReader } from '../../storage/metric-attributes-reader.ts'
import type { SpanAttributesReader } from '../../storage/span-attributes-reader.ts'
import { placeByPod } from '../logs/place-logs.ts'
import { defaultInstruments, requestInstruments } from '../request-source.ts'

export type SignalReaders = {
  readonly spans: Pick<SpanAttributesReader, 'attributes' | 'pods'>
  readonly logs: Pick<LogAttributesReader, 'records' | 'attributes' | 'pods'>
  readonly metrics: Pick<MetricAttributesReader, 'failing' | 'points' | 'attributes' | 'pods'>
  /** Where the requests of pods lie: for logs that name nothing else. */
  readonly places: Pick<LogTemplatesReader, 'podPlaces'>
  /** Since when telemetry of a signal has been waiting for storage, Unix milliseconds; null when all is stored. */
  readonly oldestUnstoredAt: (signal: ExplainedSignal) => number | null
}

/** What one pod counted, by arm. */
export type ArmPod = Counts & {
  readonly arm: Arm
  readonly metric: string
  readonly pod: string
  readonly node: string
}

/** What one signal tells of both arms. */
export type SignalRead = {
  readonly look: SignalLook
  readonly attributes: readonly AttributeCounts[]
  readonly pods: readonly ArmPod[]
}

/** Whose telemetry, and how many requests the rollup of spans has of it. */
type ReadQuestion = AttributeQuestion & {
  readonly requests: number
  readonly event: Explanation['event']
  /** Whether nobody tries again. */
  readonly isLastTry: boolean
}

/** About so many requests, or records, are looked at for attributes. */
const mostLookedAt = 200_000

/** So many points of series, or fewer, are looked at: those of the end of the window. */
const mostPoints = 300_000

/** So many instruments are looked at, those that count failures by most points. */
const mostMetrics = 8

/** Names that are told of what was left out, and how much of each: they come from outside. */
const mostNames = 10
const longestName = 120

const tickMs = 10_000

/** ClickHouse's codes for a query that would take more rows, bytes, time or memory than it may. */
const limitCodes: ReadonlySet<number> = new Set([158, 159, 160, 241, 307, 396])

/**
 * Counts what every signal tells of the deployment's arms by attribute and by pod, one signal after the other: raw
 * telemetry is read, and the storage has other work. Logs and metrics that are too much to read are left out, and said;
 * so are those that cannot be read at the last try.
 */
export async function readSignals(
  readers: SignalReaders,
  deployment: Deployment,
  question: ReadQuestion,
  signal?: AbortSignal,
): Promise<readonly SignalRead[]> {
  const reads = [await readSpans(readers, deployment, question, signal)]
  // Logs do not tell how long a request took.
  if (question.event.kind === 'failed') {
    reads.push(await orLeftOut('logs', question, signal, () => readLogs(readers, deployment, question, signal)))
  }
  reads.push(await orLeftOut('metrics', question, signal, () => readMetrics(readers, deployment, question, signal)))
  return reads
}

async function readSpans(
  { spans, oldestUnstoredAt }: SignalReaders,
  deployment: Deployment,
  { requests, event, isLastTry: _isLastTry, ...window }: ReadQuestion,
  signal?: AbortSignal,
): Promise<SignalRead> {
  const unstored = unstoredOf(oldestUnstoredAt('traces'), window.to)
  const oneIn = Math.max(1, Math.ceil(requests / mostLookedAt))
  const question = { ...window, oneIn, slowerThanNanoseconds: nanosecondsOf(event) }
  const answer = await spans.attributes(question, signal)
  const pods = await spans.pods(question, signal)
  const look = { signal: 'traces', oneIn, from: window.from, leftOut: [...unstored, ...leftOutOf(answer)] } as const
  return inArms(deployment, look, answer, pods, (row) => row)
}

async function readLogs(
  { logs, places, oldestUnstoredAt }: SignalReaders,
  deployment: Deployment,
  { requests: _requests, event: _event, isLastTry: _isLastTry, ...window }: ReadQuestion,
  signal?: AbortSignal,
): Promise<SignalRead> {
  const unstored = unstoredOf(oldestUnstoredAt('logs'), window.to)
  const records = await logs.records(window.service, window.from, window.to, signal)
  const oneIn = Math.max(1, Math.ceil(records / mostLookedAt))
  if (records === 0) return nothing({ signal: 'logs', from: window.from, leftOut: unstored })
  const answer = await logs.attributes({ ...window, oneIn }, signal)
  const pods = await logs.pods({ ...window, oneIn }, signal)
  const look = { signal: 'logs', oneIn, from: window.from, leftOut: [...unstored, ...leftOutOf(answer)] } as const
  const placed = await placeByPod(places, window.service, [...pods, ...answer.rows], window.from, window.to)
  return inArms(deployment, look, answer, pods, placed)
}

async function readMetrics(
  { metrics, oldestUnstoredAt }: SignalReaders,
  deployment: Deployment,
  { requests: _requests, event, isLastTry: _isLastTry, ...window }: ReadQuestion,
  signal?: AbortSignal,
): Promise<SignalRead> {
  const unstored = unstoredOf(oldestUnstoredAt('metrics'), window.to)
  const known =
    event.kind === 'slow'
      ? instrumentsOfRequests(deployment)
      : await metrics.failing(window.service, window.from, window.to, signal)
  const used = known.slice(0, mostMetrics)
  const leftOut = [...unstored, ...leftOutNames('many-metrics', known.slice(mostMetrics))]
  const whole = { ...window, metrics: used, slowerThanNanoseconds: nanosecondsOf(event) }
  const points = used.length === 0 ? 0 : await metrics.points(whole, signal)
  if (points === 0) return nothing({ signal: 'metrics', from: window.from, leftOut })
  const share = Math.min(1, mostPoints / points)
  const start = Math.ceil((window.to - (window.to - window.from) * share) / tickMs) * tickMs
  // Ten seconds may have more: they are read, or found to be too much.
  const from = share === 1 ? window.from : Math.min(start, Math.floor(window.to / tickMs - 1) * tickMs)
  const answer = await metrics.attributes({ ...whole, from }, signal)
  const pods = await metrics.pods({ ...whole, from }, signal)
  const look = {
    signal: 'metrics',
    oneIn: 1,
    from,
    metrics: used,
    leftOut: [...leftOut, ...leftOutOf(answer)],
  } as const
  return inArms(deployment, look, answer, pods, (row) => row)
}

/** The instruments that requests of a deployment may be counted by. */
export function instrumentsOfRequests({ template }: Deployment): readonly string[] {
  return requestInstruments(template) ?? defaultInstruments
}

async function orLeftOut(
  signal: ExplainedSignal,
  { from, isLastTry }: ReadQuestion,
  aborted: AbortSignal | undefined,
  read: () => Promise<SignalRead>,
): Promise<SignalRead> {
  try {
    return await read()
  } catch (error) {
    const isTooMuch = error instanceof StorageError && limitCodes.has(error.serverCode)
    if (!isTooMuch && (!isLastTry || aborted?.aborted)) throw error
    return nothing({ signal, from, leftOut: [{ reason: isTooMuch ? 'too-much' : 'unreadable', names: [], more: 0 }] })
  }
}

function nothing(look: Pick<SignalLook, 'signal' | 'from' | 'leftOut'>): SignalRead {
  return { look: { counted: 0, oneIn: 1, ...look }, attributes: [], pods: [] }
}

function inArms(
  deployment: Deployment,
  look: Omit<SignalLook, 'counted'>,
  { rows }: AttributeAnswer,
  podRows: readonly PodRow[],
  placed: (row: Dimensions) => Dimensions,
): SignalRead {
  const armOf = (row: Dimensions) => resolveArm(placed(row), deployment, deployment)
  const counts = new Map<string, AttributeCounts>()
  for (const row of rows) {
    const arm = armOf(row)
    if (arm === null) continue
    const { metric, attribute, value, operation } = row
    const key = JSON.stringify([metric, attribute, value, operation])
    const one: BothArms = { ...noCounts, [arm]: { requests: row.requests, errors: row.events } }
    const sum = plusBoth(counts.get(key) ?? noCounts, one)
    counts.set(key, { signal: look.signal, metric, attribute, value, operation, ...sum })
  }
  const pods = podRows.flatMap((row): ArmPod[] => {
    const arm = armOf(row)
    const { metric, pod, node, requests, events } = row
    return arm === null ? [] : [{ arm, metric, pod, node, requests, errors: events }]
  })
  const byMetric = [...Map.groupBy(pods, ({ metric }) => metric).values()]
  const counted = Math.max(0, ...byMetric.map((of) => of.reduce((sum, { requests }) => sum + requests, 0)))
  return { look: { ...look, counted }, attributes: [...counts.values()], pods }
}

function leftOutOf({ manyValues, manyAttributes, isCut }: AttributeAnswer): readonly LeftOut[] {
  return [
    ...leftOutNames('many-values', manyValues),
    ...leftOutNames('many-attributes', manyAttributes),
    ...(isCut ? [{ reason: 'many-rows', names: [], more: 0 } as const] : []),
  ]
}

function leftOutNames(reason: LeftOut['reason'], names: readonly string[]): readonly LeftOut[] {
  if (names.length === 0) return []
  const told = names.slice(0, mostNames).map((name) => [...name].slice(0, longestName).join(''))
  return [{ reason, names: told, more: names.length - told.length }]
}

function unstoredOf(oldest: number | null, to: number): readonly LeftOut[] {
  return oldest !== null && oldest < to ? [{ reason: 'not-stored', names: [], more: 0 }] : []
}

function nanosecondsOf(event: Explanation['event']): number | null {
  return event.kind === 'slow' ? Math.round(event.seconds * 1e9) : null
}
