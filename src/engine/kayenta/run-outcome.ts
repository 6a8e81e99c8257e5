import { DavyError } from '../../domain/errors.ts'
import type { CanaryJudgeResult } from '../../judges/kayenta/canary-judge-result.ts'

/** Why a run broke, in the shape of the engine that Kayenta runs on. */
export type RunException = {
  readonly exceptionType: string
  readonly operation: string
  readonly shouldRetry: false
  readonly details: { readonly error: string; readonly errors: readonly string[] }
  /** Unix milliseconds. */
  readonly timestamp: number
}

type RunStatus = 'succeeded' | 'terminal' | 'canceled'

/** How a run ended. It has a result only when it succeeded, an exception only when it is terminal. */
export type RunOutcome = {
  readonly status: RunStatus
  readonly stageStatus: Readonly<Record<string, string>>
  /** Unix milliseconds. */
  readonly startTimeMillis: number
  readonly endTimeMillis: number
  readonly judgeResult?: CanaryJudgeResult
  readonly metricSetPairListId?: string
  readonly exception?: RunException
}

/** What `error` says to whoever asked; nothing of its cause when it is not one of Davy's own. */
export function exceptionOf(error: unknown, operation: string, timestamp: number): RunException {
  const isOwn = error instanceof DavyError
  const said = isOwn ? error.message : 'Davy failed; its log says why. This says nothing about the canary.'
  const more = isOwn
    ? [error.expected && `expected ${error.expected}`, error.got && `got ${error.got}`].filter((each) => !!each)
    : []
  const errors = [[said, ...more].join(' ')]
  return {
    exceptionType: isOwn ? error.code : 'INTERNAL',
    ...{ operation, shouldRetry: false, details: { error: said, errors }, timestamp },
  }
}

/** The stages of a run by reference, in their order. */
export function stageNames(metrics: number): readonly string[] {
  const each = Array.from({ length: metrics }, (_, i) => [`fetchControl${i}`, `fetchExperiment${i}`]).flat()
  return ['setupContext', ...each, 'mixMetrics', 'judge']
}
