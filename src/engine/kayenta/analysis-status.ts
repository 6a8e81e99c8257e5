import { partId } from './analysis-runner.ts'
import { type AnalysisPlan, dueAt, planOf, windowOf } from './canary-analysis.ts'
import type { CanaryRun } from './canary-run.ts'
import type { KnownAnalysis, KnownRun } from './canary-runs.ts'
import type { RunOutcome } from './run-outcome.ts'
import { resultOf, timesOf } from './run-status.ts'

/** Fewer points in a baseline are worth a warning to Kayenta. */
const fewPoints = 50

type Parts = {
  readonly outcomes: ReadonlyMap<string, RunOutcome>
  readonly asked: ReadonlyMap<string, CanaryRun>
}

/** An analysis as `GET /standalone_canary_analysis/{id}` shows it. */
export function analysisStatus(known: KnownAnalysis, parts: Parts, now: number): object {
  const { id, analysis, outcome } = known
  const plan = planOf(analysis)
  const executionStatus = outcome?.executionStatus ?? 'RUNNING'
  const { parentPipelineExecutionId, canaryConfigId } = analysis
  return {
    application: analysis.application,
    user: analysis.user,
    ...(parentPipelineExecutionId === undefined ? {} : { parentPipelineExecutionId }),
    pipelineId: id,
    stageStatus: stagesOf(known, plan, parts, now),
    complete: outcome !== null,
    ...{ executionStatus, status: executionStatus.toLowerCase() },
    ...(outcome?.exception === undefined ? {} : { exception: outcome.exception }),
    ...(outcome === null ? {} : { canaryAnalysisExecutionResult: executionResult(known, plan, parts) }),
    canaryAnalysisExecutionRequest: analysis.request,
    canaryConfig: analysis.config,
    ...(canaryConfigId === undefined ? {} : { canaryConfigId }),
    ...timesOf('build', analysis.buildTimeMillis),
    ...timesOf('start', analysis.buildTimeMillis),
    ...timesOf('end', outcome?.endTimeMillis),
    storageAccountName: analysis.storageAccountName,
    metricsAccountName: analysis.metricsAccountName,
  }
}

function stagesOf({ id, analysis, outcome }: KnownAnalysis, plan: AnalysisPlan, parts: Parts, now: number) {
  const setUp = outcome?.executionStatus ?? 'RUNNING'
  const waited = (dueMs: number) => (now >= dueMs ? 'SUCCEEDED' : outcome === null ? 'RUNNING' : 'CANCELED')
  const stages: object[] = []
  if (plan.warmUpMs > 0) {
    const status = waited(analysis.buildTimeMillis + (plan.isRealTime ? plan.warmUpMs : 0))
    stages.push({ type: 'wait', name: 'Warmup Wait', status })
  }
  for (let k = 1; k <= plan.judgements; k += 1) {
    const part = partId(id, analysis, k)
    const isAsked = parts.asked.has(part)
    const isTurn = k === 1 || parts.outcomes.has(partId(id, analysis, k - 1))
    if (plan.isRealTime) {
      const status = isAsked ? 'SUCCEEDED' : isTurn ? waited(dueAt(plan, analysis.buildTimeMillis, k)) : 'NOT_STARTED'
      stages.push({ type: 'wait', name: `Interval Wait #${k}`, status })
    }
    const status = isAsked ? statusOf(parts.outcomes.get(part)) : 'NOT_STARTED'
    stages.push({ type: 'runCanary', name: `Run Canary #${k}`, status, ...(isAsked ? { executionId: part } : {}) })
  }
  return [
    { type: 'setupAndExecuteCanariesStage', name: 'Sets up and executes canaries', status: setUp },
    ...stages,
    ...(outcome === null
      ? []
      : [{ type: 'generateCanaryAnalysisResultStage', name: 'Generates the result', status: 'SUCCEEDED' }]),
  ]
}

function statusOf(outcome: RunOutcome | undefined): string {
  return outcome?.status.toUpperCase() ?? 'RUNNING'
}

function executionResult({ id, analysis, outcome }: KnownAnalysis, plan: AnalysisPlan, parts: Parts): object {
  const results: { warnings: readonly string[]; score: number | undefined; shown: object }[] = []
  for (let k = 1; k <= plan.judgements; k += 1) {
    const part = partId(id, analysis, k)
    const ended = parts.outcomes.get(part)
    const run = parts.asked.get(part)
    if (ended !== undefined && run !== undefined)
      results.push(judgementOf({ id: part, run, outcome: ended }, ended, plan, k))
  }
  return {
    didPassThresholds: outcome?.didPassThresholds ?? false,
    hasWarnings: results.some(({ warnings }) => warnings.length > 0),
    canaryScoreMessage: outcome?.canaryScoreMessage ?? '',
    canaryScores: results.flatMap(({ score }) => (score === undefined ? [] : [score])),
    ...timesOf('build', analysis.buildTimeMillis),
    ...timesOf('start', analysis.buildTimeMillis),
    ...timesOf('end', outcome?.endTimeMillis),
    canaryExecutionResults: results.map(({ shown }) => shown),
  }
}

function judgementOf(known: KnownRun, outcome: RunOutcome, plan: AnalysisPlan, k: number) {
  const { id, run } = known
  const { start, end } = windowOf(plan, k)
  const warnings = warningsOf(outcome)
  const shown = {
    executionId: id,
    executionStatus: statusOf(outcome),
    ...(outcome.exception === undefined ? {} : { exception: outcome.exception }),
    ...resultOf(known),
    ...timesOf('judgementStart', start),
    ...timesOf('judgementEnd', end),
    warnings,
    ...(outcome.metricSetPairListId === undefined ? {} : { metricSetPairListId: outcome.metricSetPairListId }),
    ...timesOf('build', run.buildTimeMillis),
    ...timesOf('start', outcome.startTimeMillis),
    ...timesOf('end', outcome.endTimeMillis),
    storageAccountName: run.storageAccountName,
  }
  return { warnings, score: outcome.judgeResult?.score.score, shown }
}

function warningsOf({ judgeResult }: RunOutcome): readonly string[] {
  const few = (judgeResult?.results ?? []).some(({ controlMetadata: { stats } }) => stats.count < fewPoints)
  return few
    ? [`A metric has fewer than ${fewPoints} data points in its baseline, so its label may not be reliable.`]
    : []
}
