import type { CanaryRun } from './canary-run.ts'
import type { KnownRun } from './canary-runs.ts'
import { stageNames } from './run-outcome.ts'

/**
 * A run as `GET /canary/{id}` shows it.
 * @param stages of a run that is being worked at; null: it is not, or not by this process
 */
export function runStatus({ id, run, outcome }: KnownRun, stages: Readonly<Record<string, string>> | null): object {
  const status = outcome?.status ?? 'running'
  const names = stageNames(run.config.metrics?.length ?? 0)
  const { canaryConfigId, configurationAccountName, metricsAccountName, storageAccountName } = run
  return {
    application: run.application,
    parentPipelineExecutionId: run.parentPipelineExecutionId ?? 'no-parent-pipeline-execution',
    pipelineId: id,
    stageStatus: outcome?.stageStatus ?? stages ?? Object.fromEntries(names.map((name) => [name, 'not_started'])),
    complete: outcome !== null,
    status,
    ...(outcome?.exception === undefined ? {} : { exception: outcome.exception }),
    ...resultOf({ run, outcome }),
    config: run.config,
    ...(canaryConfigId === undefined ? {} : { canaryConfigId }),
    canaryExecutionRequest: run.request,
    ...(outcome?.metricSetPairListId === undefined ? {} : { metricSetPairListId: outcome.metricSetPairListId }),
    ...timesOf('build', run.buildTimeMillis),
    ...timesOf('start', outcome?.startTimeMillis ?? (stages === null ? undefined : run.buildTimeMillis)),
    ...timesOf('end', outcome?.endTimeMillis),
    ...{ storageAccountName, metricsAccountName },
    ...(configurationAccountName === undefined ? {} : { configurationAccountName }),
  }
}

/** `{buildTimeMillis, buildTimeIso}` for a name and a time; nothing without a time. */
export function timesOf(name: string, at: number | undefined): object {
  if (at === undefined) return {}
  return { [`${name}TimeMillis`]: at, [`${name}TimeIso`]: new Date(at).toISOString() }
}

/** `{result}` of a run that succeeded. */
export function resultOf({ run, outcome }: Pick<KnownRun, 'run' | 'outcome'>): object {
  if (outcome?.status !== 'succeeded' || outcome.judgeResult === undefined) return {}
  const canaryDuration = durationOf(run)
  return {
    result: { judgeResult: outcome.judgeResult, ...(canaryDuration === null ? {} : { canaryDuration }) },
  }
}

/** How long the canary was looked at, ISO 8601; null when its scopes differ in that. */
function durationOf({ request }: CanaryRun): string | null {
  const lengths = Object.values(request.scopes ?? {}).flatMap(({ experimentScope: scope }) =>
    scope === undefined ? [] : [Date.parse(scope.end) - Date.parse(scope.start)],
  )
  const [ms] = new Set(lengths)
  if (ms === undefined || lengths.some((length) => length !== ms)) return null
  const hours = Math.floor(ms / 3_600_000)
  const minutes = Math.floor((ms % 3_600_000) / 60_000)
  const seconds = (ms % 60_000) / 1000
  const parts = [hours > 0 ? `${hours}H` : '', minutes > 0 ? `${minutes}M` : '', seconds > 0 ? `${seconds}S` : '']
  return `PT${parts.join('') || '0S'}`
}
