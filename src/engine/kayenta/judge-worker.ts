import { parentPort, workerData } from 'node:worker_threads'
import { DavyError, type ErrorCode } from '../../domain/errors.ts'
import { batchJudges } from '../../judges/index.ts'
import type { CanaryJudgeRequest } from '../../judges/kayenta/canary-config.ts'
import type { CanaryJudgeResult } from '../../judges/kayenta/canary-judge-result.ts'
import type { JudgeName } from './check-config.ts'

/** What the thread is asked. */
export type JudgeTask = { readonly judge: JudgeName; readonly request: CanaryJudgeRequest }

/** What it says: a result, or the fields of a DavyError, which does not survive the way from thread to thread. */
export type JudgeAnswer =
  | { readonly result: CanaryJudgeResult }
  | {
      readonly fault: { readonly code: ErrorCode; readonly message: string } & Partial<
        Record<'expected' | 'got' | 'where', string>
      >
    }

function answerTo({ judge, request }: JudgeTask): JudgeAnswer {
  try {
    return { result: batchJudges[judge](request) }
  } catch (error) {
    if (!(error instanceof DavyError)) throw error
    const { code, message, expected, got, where } = error
    const fields = Object.entries({ expected, got, where }).filter(([, value]) => value !== undefined)
    return { fault: { code, message, ...Object.fromEntries(fields) } }
  }
}

parentPort?.postMessage(answerTo(workerData as JudgeTask))
