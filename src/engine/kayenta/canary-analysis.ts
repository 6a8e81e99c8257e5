import { DavyError } from '../../domain/errors.ts'
import { checkJson } from '../../platform/check-json.ts'
import type { Accounts } from './accounts.ts'
import { type CanaryRun, canaryRunOf, instant, type RunNames } from './canary-run.ts'
import {
  type AnalysisRequest,
  analysisRequestSchema,
  type CanaryConfig,
  type ExecutionRequest,
} from './canary-schemas.ts'
import { withoutNulls } from './plain-json.ts'
import type { RunException, RunOutcome } from './run-outcome.ts'

const minuteMs = 60_000
const mostJudgements = 200
const longestMs = 31 * 24 * 60 * minuteMs

/** Several judgements over a time, past or present, as the fact of it holds them. */
export type CanaryAnalysis = RunNames & {
  readonly user: string
  readonly config: CanaryConfig
  readonly request: AnalysisRequest
  readonly thresholds: CanaryRun['thresholds']
  /** Unix milliseconds. */
  readonly buildTimeMillis: number
}

/** How an analysis ended. */
export type AnalysisOutcome = {
  readonly executionStatus: 'SUCCEEDED' | 'TERMINAL' | 'CANCELED'
  readonly didPassThresholds: boolean
  readonly canaryScoreMessage: string
  /** Unix milliseconds. */
  readonly endTimeMillis: number
  readonly exception?: RunException
}

/** When an analysis judges, in Unix milliseconds. */
export type AnalysisPlan = {
  readonly start: number
  readonly intervalMs: number
  readonly judgements: number
  readonly warmUpMs: number
  /** 0: windows grow from the start; else so long before their end they begin. */
  readonly lookbackMs: number
  /** No end was given, so judgements wait for their time. */
  readonly isRealTime: boolean
}

/** @throws DavyError VALIDATION for an analysis that would never judge anything */
export function planOf({
  request,
  buildTimeMillis,
}: Pick<CanaryAnalysis, 'request' | 'buildTimeMillis'>): AnalysisPlan {
  const [first] = request.scopes
  const { startTimeIso, endTimeIso } = first ?? {}
  const start = startTimeIso === undefined ? buildTimeMillis : instant(startTimeIso, '/scopes/0/startTimeIso')
  const end = endTimeIso === undefined ? null : instant(endTimeIso, '/scopes/0/endTimeIso')
  const given = end === null ? request.lifetimeDurationMins : Math.floor((end - start) / minuteMs)
  if (given === undefined) {
    refuse('Canary analysis must include either `endTimeIso` or `lifetimeDurationMins`.', 'one of them', 'neither')
  }
  const lifetime = (given as number) * minuteMs
  if (!(lifetime > 0)) refuse('The analysis has no lifetime.', 'at least a minute', `${given} minutes`)
  if (lifetime > longestMs) refuse('The analysis lives too long.', 'at most 31 days', `${given} minutes`)
  const asked = (request.analysisIntervalMins ?? 0) * minuteMs
  const intervalMs = asked === 0 ? lifetime : Math.min(asked, lifetime)
  const judgements = Math.floor(lifetime / intervalMs)
  if (judgements > mostJudgements) {
    refuse('The analysis judges too often.', `at most ${mostJudgements} judgements`, String(judgements))
  }
  return {
    ...{ start, intervalMs, judgements, isRealTime: end === null },
    warmUpMs: (request.beginAfterMins ?? 0) * minuteMs,
    lookbackMs: (request.lookbackMins ?? 0) * minuteMs,
  }
}

function refuse(detail: string, expected: string, got: string): never {
  throw new DavyError('VALIDATION', detail, { expected, got })
}

/** From when on the k-th judgement (from 1) may be made. */
export function dueAt(plan: AnalysisPlan, buildTimeMillis: number, k: number): number {
  if (!plan.isRealTime) return buildTimeMillis
  return buildTimeMillis + plan.warmUpMs + k * plan.intervalMs
}

/** The window of the k-th judgement, k from 1. */
export function windowOf({ start, intervalMs, isRealTime, warmUpMs, lookbackMs }: AnalysisPlan, k: number) {
  const shift = isRealTime ? warmUpMs : 0
  const end = start + shift + k * intervalMs
  return { start: lookbackMs > 0 ? end - lookbackMs : start + shift, end }
}

/** The execution request of the k-th judgement. */
function requestOf({ request, thresholds }: CanaryAnalysis, plan: AnalysisPlan, k: number): ExecutionRequest {
  const { start, end } = windowOf(plan, k)
  const step = request.scopes[0]?.step ?? 60
  const iso = (at: number) => new Date(at).toISOString()
  const pairs = request.scopes.map((scope) => {
    const rest = { end: iso(end), step, extendedScopeParams: scope.extendedScopeParams ?? {} }
    const offset = (scope.controlOffsetInMinutes ?? 0) * minuteMs
    return [
      scope.scopeName ?? 'default',
      {
        controlScope: {
          ...{ scope: scope.controlScope ?? '', location: scope.controlLocation ?? '', start: iso(start - offset) },
          ...rest,
        },
        experimentScope: {
          ...{ scope: scope.experimentScope ?? '', location: scope.experimentLocation ?? '', start: iso(start) },
          ...rest,
        },
      },
    ] as const
  })
  return { scopes: Object.fromEntries(pairs), thresholds }
}

/** The run of the k-th judgement. @throws DavyError VALIDATION */
export function partOf(
  id: string,
  analysis: CanaryAnalysis,
  plan: AnalysisPlan,
  k: number,
  accounts: Accounts,
  now: number,
): CanaryRun {
  const {
    user: _user,
    request: _request,
    thresholds: _thresholds,
    buildTimeMillis: _built,
    config,
    ...names
  } = analysis
  const run = canaryRunOf(names, config, requestOf(analysis, plan, k), accounts, now)
  return { ...run, analysisId: id }
}

/**
 * The analysis that a request asks for.
 * @throws DavyError VALIDATION when any of its judgements could never be made
 */
export function canaryAnalysisOf(
  names: RunNames & { readonly user: string },
  config: CanaryConfig,
  body: unknown,
  accounts: Accounts,
  now: number,
): CanaryAnalysis {
  const request = withoutNulls(body)
  checkJson(analysisRequestSchema, request, 'the execution request')
  const asked = { ...names, config, request: request as AnalysisRequest, buildTimeMillis: now }
  const plan = planOf(asked)
  const given = asked.request.thresholds ?? config.classifier?.scoreThresholds
  // The checks of a run say what is wrong with them.
  const analysis = { ...asked, thresholds: given as CanaryRun['thresholds'] }
  let thresholds = analysis.thresholds
  for (const k of [1, plan.judgements]) {
    thresholds = partOf('', analysis, plan, k, accounts, Math.max(now, windowOf(plan, k).end)).thresholds
  }
  return { ...analysis, thresholds }
}

/** `85` as Kayenta writes a score: `85.0`. */
function shownScore(score: number): string {
  return Number.isInteger(score) ? score.toFixed(1) : String(score)
}

/**
 * What the judgements so far say of the whole: null as long as more are to come. A judgement that broke ends the whole
 * as terminal with its exception, whatever those before it scored.
 */
export function outcomeOf(
  analysis: CanaryAnalysis,
  plan: AnalysisPlan,
  judged: readonly RunOutcome[],
  at: number,
): AnalysisOutcome | null {
  const last = judged.at(-1)
  if (last === undefined) return null
  const ended = (executionStatus: AnalysisOutcome['executionStatus'], canaryScoreMessage: string) => ({
    ...{ executionStatus, didPassThresholds: executionStatus === 'SUCCEEDED', canaryScoreMessage, endTimeMillis: at },
  })
  if (last.status === 'canceled') return ended('CANCELED', 'A canary judgement was canceled.')
  const score = last.judgeResult?.score.score
  if (last.status === 'terminal' || score === undefined) {
    const message = 'A canary judgement could not be made, so there is no final score.'
    return { ...ended('TERMINAL', message), ...(last.exception === undefined ? {} : { exception: last.exception }) }
  }
  const { pass, marginal } = analysis.thresholds
  const said = `Final canary score ${shownScore(score)}`
  if (score <= marginal) return ended('TERMINAL', `${said} is not above the marginal score threshold.`)
  if (judged.length < plan.judgements) return null
  if (score < pass) return ended('TERMINAL', `${said} is below the pass score threshold.`)
  return ended('SUCCEEDED', `${said} met or exceeded the pass score threshold.`)
}
