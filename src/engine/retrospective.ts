import { setTimeout as sleep } from 'node:timers/promises'
import { usableNulls } from '../domain/calibration.ts'
import { type Arm, type CohortSelector, defaultEnvironment } from '../domain/cohort.ts'
import type { Deployment, Strategy } from '../domain/deployment.ts'
import { DavyError } from '../domain/errors.ts'
import type { Slice } from '../domain/evidence.ts'
import { openedDeployment } from '../domain/fold-deployment.ts'
import type { Judge } from '../domain/judge.ts'
import type { MetricSpec, Template } from '../domain/template.ts'
import type { Verdict } from '../domain/verdict.ts'
import { RunningTrial } from '../judges/verdict/running-trial.ts'
import { verdictOf } from '../judges/verdict/verdict-of.ts'
import { digestOf } from '../platform/digest.ts'
import { derivedId } from '../platform/ids.ts'
import type { RollupReader } from '../storage/rollup-reader.ts'
import { baselinePods, collectBeginnings, hourBefore } from './beginnings.ts'
import type { Calibrations } from './calibration/calibrations.ts'
import { collectRows } from './collect.ts'
import { askBeginnings, type OwnBeginnings } from './own-beginnings.ts'
import { askOwn, queriedMetrics, withOwn } from './own-evidence.ts'
import { checkCohorts, onlyNamespace } from './registration.ts'
import { type EvidenceSignal, evidenceSignals, requestInstruments } from './request-source.ts'
import { sliceOf } from './slices.ts'
import type { Sources } from './sources.ts'
import { podsToAsk } from './telemetry-pods.ts'
import { nextWindow, tickMs, type Window } from './timetable.ts'

/** A cohort of the past: who, and within which part of the analysis (RFC 3339; absent: all of it). */
type PastCohort = CohortSelector & { readonly from?: string; readonly to?: string }

export type AnalysisRequest = {
  readonly namespace?: string
  readonly service: string
  readonly environment?: string
  readonly strategy?: Strategy
  readonly canary: PastCohort
  readonly baseline: PastCohort
  readonly from: string
  readonly to: string
}

type PastLook = {
  readonly look: number
  readonly at: string
  readonly decision: Verdict['decision']
  readonly code: Verdict['reason']['code']
  readonly eValue: number
  readonly promoteEValue: number
}

export type Analysis = { readonly verdict: Verdict; readonly looks: readonly PastLook[] }

const maxHours = 24
const maxLooks = 10_000
/** Rows of this much time are in memory at once. */
const chunkMs = 600_000

/** How long an analysis waits for telemetry that was taken before it to be stored. */
const storingMs = 30_000

export type RetrospectiveOptions = {
  readonly rollups: RollupReader
  readonly calibrations: Pick<Calibrations, 'before'>
  readonly sources: Sources
  readonly judge: Judge
  readonly oldestUnstoredAt: (signals: readonly EvidenceSignal[]) => number | null
  readonly now: () => number
  readonly engine: string
  readonly publicUrl: string
}

/**
 * Judges stored telemetry of past windows, look by look, as if the looks had been taken then: no look sees anything
 * later than its window, and the data is final, so nothing is late: everything that was taken before the request is
 * waited for, and what lies after it is cut off. Ends with the first rollback; a promote is the answer as long as no
 * later look revokes it. Nothing is written and nothing is delivered.
 * @throws DavyError SOURCE_DOWN when a source that the template asks cannot tell of that time.
 */
export async function analysePast(
  options: RetrospectiveOptions,
  request: AnalysisRequest,
  template: Template,
  signal?: AbortSignal,
): Promise<Analysis> {
  const asked = options.now()
  const { from, to } = commonWindow(request, template, asked)
  await allStored(options, evidenceSignals(template, requestInstruments(template)?.[0] ?? null), asked, signal)
  const deployment = await pastDeployment(options.rollups, request, template, from)
  // Of what was learned, only that which needed no data from `from` on.
  const nulls = usableNulls(await options.calibrations.before(deployment, deployment.templateDigest, from))
  const told = await toldBefore(options, deployment, signal)
  const beginnings = await collectBeginnings(options.rollups, deployment, nulls, told)
  const trial = RunningTrial.start(deployment, beginnings, options.judge)
  const subject = { deployment, requestsFrom: trial.requestsFrom }
  const looks: PastLook[] = []
  let verdict = conclude(options, deployment, trial.conclude(from), trial.nextLook, from)
  trial.record(verdict)
  let decided: Verdict | null = null
  for (let chunk = from; chunk < to && verdict.decision !== 'rollback'; chunk += chunkMs) {
    const end = Math.min(to, chunk + chunkMs + template.lookSeconds * 1000)
    const rows = await collectRows(options.rollups, [subject], chunk - template.lookSeconds * 1000, end, signal)
    const windows = windowsOf(deployment, trial.seenUpTo, (window) => window.to <= end && window.from < chunk + chunkMs)
    const slices = windows.map((window) => sliceOf(deployment, window, rows, trial.requestsFrom))
    for (const slice of await withSources(options, deployment, trial, slices, signal)) {
      const window = { from: slice.from, to: slice.to }
      const conclusion = trial.observe(slice, window.to)
      const before = verdict
      verdict = conclude(options, deployment, conclusion, trial.nextLook, window.to)
      trial.record(verdict)
      looks.push(pastLook(verdict))
      if (verdict.decision !== before.decision) decided = verdict
      if (verdict.decision === 'rollback') break
    }
  }
  // The answer carries the evidence of the last look and, for a decision, the moment at which it was reached.
  const answer = decided?.decision === verdict.decision ? { ...verdict, decidedAt: decided.decidedAt } : verdict
  return { verdict: { ...answer, final: true }, looks }
}

/** The windows that follow one another for as long as they are wanted. */
function windowsOf(
  deployment: Deployment,
  seenUpTo: number | null,
  isWanted: (window: Window) => boolean,
): readonly Window[] {
  const windows: Window[] = []
  for (let window = nextWindow(deployment, seenUpTo); isWanted(window); window = nextWindow(deployment, window.to)) {
    windows.push(window)
  }
  return windows
}

/** What sources of single metrics told of the hour before; null: none is asked. */
async function toldBefore(
  { rollups, sources }: RetrospectiveOptions,
  deployment: Deployment,
  signal?: AbortSignal,
): Promise<OwnBeginnings | null> {
  if (queriedMetrics(deployment.template).length === 0) return null
  const hour = hourBefore(deployment)
  const pods = await baselinePods(rollups, deployment, hour)
  const told = await askBeginnings(sources, deployment, hour, pods, signal)
  for (const fault of Object.values(told.faults)) throw new DavyError('SOURCE_DOWN', fault, { where: '/template' })
  return told
}

/** The slices with what sources told of them. An answer about the past is whole, or there is none. */
async function withSources(
  { rollups, sources }: RetrospectiveOptions,
  deployment: Deployment,
  trial: RunningTrial,
  slices: readonly Slice[],
  signal?: AbortSignal,
): Promise<readonly Slice[]> {
  if (slices.length === 0 || queriedMetrics(deployment.template).length === 0) return slices
  const podsOf = (arm: Arm) => [...new Set(slices.flatMap((slice) => Object.keys(slice[arm].pods)))].filter(Boolean)
  const named = { baseline: podsOf('baseline'), canary: podsOf('canary') }
  const window = { from: slices[0]?.from ?? 0, to: slices.at(-1)?.to ?? 0 }
  const pods = await podsToAsk(rollups, deployment, named, window)
  const endOf = ({ name }: MetricSpec) => trial.ownSeenUpTo(name)
  const own = await askOwn(sources, deployment, slices, { pods, endOf, ...(signal === undefined ? {} : { signal }) })
  return slices.map((slice, index) => {
    for (const told of Object.values(own[index]!)) {
      if ('fault' in told) throw new DavyError('SOURCE_DOWN', told.fault, { where: '/template' })
    }
    return withOwn(slice, deployment.template, own[index]!)
  })
}

function conclude(
  options: RetrospectiveOptions,
  deployment: Deployment,
  conclusion: Parameters<typeof verdictOf>[1],
  look: number,
  at: number,
): Verdict {
  const id = derivedId(at, deployment.id, String(look))
  return verdictOf(deployment, conclusion, { id, look, at, engine: options.engine, publicUrl: options.publicUrl })
}

function pastLook(verdict: Verdict): PastLook {
  return {
    look: verdict.look,
    at: verdict.decidedAt,
    decision: verdict.decision,
    code: verdict.reason.code,
    eValue: verdict.confidence.eValue,
    promoteEValue: verdict.confidence.promoteEValue,
  }
}

/** @throws DavyError OVERLOADED when telemetry of before `asked` is still not stored after a while. */
async function allStored(
  { oldestUnstoredAt }: RetrospectiveOptions,
  of: readonly EvidenceSignal[],
  asked: number,
  signal?: AbortSignal,
): Promise<void> {
  const started = performance.now()
  for (let oldest = oldestUnstoredAt(of); oldest !== null && oldest <= asked; ) {
    signal?.throwIfAborted()
    if (performance.now() - started > storingMs) {
      throw new DavyError('OVERLOADED', 'Telemetry that came before this analysis is not stored yet.', {
        expected: 'everything stored, so that what is analysed is final',
        got: `telemetry that has waited since ${new Date(oldest).toISOString()}`,
        retryAfterSeconds: 30,
      })
    }
    await sleep(50)
    oldest = oldestUnstoredAt(of)
  }
}

/** The time in which both cohorts are to be looked at, in whole ticks; the tick that is running now is not in it. */
function commonWindow(
  request: AnalysisRequest,
  template: Template,
  now: number,
): { readonly from: number; readonly to: number } {
  const starts = [request.from, request.canary.from, request.baseline.from]
  const ends = [request.to, request.canary.to, request.baseline.to]
  const from = Math.max(...starts.flatMap((time) => (time === undefined ? [] : [Date.parse(time)])))
  const to = Math.min(...ends.flatMap((time) => (time === undefined ? [] : [Date.parse(time)])))
  if (!(from < to)) {
    throw new DavyError('WINDOWS_DISJOINT', 'Canary and baseline share no time in which they could be compared.', {
      expected: 'windows that overlap: cohorts are compared side by side, not before against after',
      got: `from ${new Date(from).toISOString()} to ${new Date(to).toISOString()}`,
      where: 'from, to, canary, baseline',
    })
  }
  const looks = Math.floor((to - from) / 1000 / template.lookSeconds)
  if (to - from > maxHours * 3_600_000 || looks > maxLooks) {
    throw new DavyError('TOO_MANY_LOOKS', 'The analysis is too long for one request.', {
      expected: `at most ${maxHours} hours and ${maxLooks} looks`,
      got: `${((to - from) / 3_600_000).toFixed(1)} hours, ${looks} looks`,
      where: 'from, to',
    })
  }
  const complete = Math.floor(now / tickMs) * tickMs
  return { from: Math.floor(from / tickMs) * tickMs, to: Math.min(complete, Math.ceil(to / tickMs) * tickMs) }
}

/** A deployment that never was, for the code that judges real ones. Its id is a digest of the request. */
async function pastDeployment(
  rollups: RollupReader,
  request: AnalysisRequest,
  template: Template,
  from: number,
): Promise<Deployment> {
  checkCohorts(request.canary, request.baseline)
  const environment = request.environment ?? defaultEnvironment
  const unit = { service: request.service, environment }
  const windows = { from, to: Date.parse(request.to) }
  const namespace =
    request.namespace ?? onlyNamespace(await rollups.versions({ service: request.service, ...windows }), unit)
  const startedAt = new Date(from).toISOString()
  return openedDeployment({
    ...unit,
    namespace,
    id: derivedId(from, digestOf(request)),
    key: '',
    attempt: 1,
    strategy: request.strategy ?? 'canary',
    canary: selectorOf(request.canary),
    baseline: selectorOf(request.baseline),
    baselineFrom: 'registered',
    origin: 'api',
    mode: 'observe',
    template,
    templateDigest: digestOf(template),
    plannedWeight: null,
    startedAt,
    createdAt: startedAt,
  })
}

function selectorOf(cohort: PastCohort): CohortSelector {
  const { from: _from, to: _to, ...selector } = cohort
  return selector
}
