import { randomUUID } from 'node:crypto'
import { DavyError } from '../../domain/errors.ts'
import type { CanaryJudgeResult } from '../../judges/kayenta/canary-judge-result.ts'
import { checkJson } from '../../platform/check-json.ts'
import { Semaphore } from '../../platform/semaphore.ts'
import { mostValues } from './canary-run.ts'
import { type CanaryConfig, type JudgeRequest, judgeRequestSchema } from './canary-schemas.ts'
import { judgeOf } from './check-config.ts'
import { judgeSeries } from './judge-series.ts'
import type { JudgeTask } from './judge-worker.ts'
import { pointOf, withoutNulls } from './plain-json.ts'

/** Judgements at the same time, and how many requests may wait for theirs. */
const threads = 2
const mostWaiting = 64

/** Judges series, a few at a time. */
export class Judging {
  readonly #turn = new Semaphore(threads)
  #waiting = 0

  /** What has been checked already. @throws DavyError as the judge; the signal's reason */
  run(task: JudgeTask, signal: AbortSignal): Promise<CanaryJudgeResult> {
    return this.#turn.run(() => judgeSeries(task, signal))
  }

  /**
   * Judges what comes with a request: config, thresholds and pairs, as a Kayenta sends them to its remote judge.
   * @throws DavyError VALIDATION, OVERLOADED
   */
  async judge(body: unknown, signal: AbortSignal): Promise<CanaryJudgeResult> {
    const asked = withoutNulls(body) as JudgeRequest
    checkJson(judgeRequestSchema, asked, 'the body')
    return this.judgePairs(asked.canaryConfig, asked.scoreThresholds, asked.metricSetPairList, signal)
  }

  /** Judges pairs as JSON has them. @throws DavyError VALIDATION, OVERLOADED */
  async judgePairs(
    config: CanaryConfig,
    scoreThresholds: JudgeRequest['scoreThresholds'],
    given: JudgeRequest['metricSetPairList'],
    signal: AbortSignal,
  ): Promise<CanaryJudgeResult> {
    const judge = judgeOf(config)
    const values = given.reduce((sum, pair) => sum + pair.values.control.length + pair.values.experiment.length, 0)
    if (values > mostValues) {
      throw new DavyError('VALIDATION', 'The series are too many.', {
        ...{ expected: `at most ${mostValues} values`, got: String(values), where: '/metricSetPairList' },
      })
    }
    if (this.#waiting >= mostWaiting) {
      throw new DavyError('OVERLOADED', 'Too many judgements are being waited for.', { retryAfterSeconds: 5 })
    }
    this.#waiting += 1
    try {
      const metricSetPairList = given.map((pair) => ({
        ...{ name: pair.name, id: pair.id ?? randomUUID(), tags: pair.tags ?? {} },
        values: { control: pair.values.control.map(pointOf), experiment: pair.values.experiment.map(pointOf) },
      }))
      const request = { canaryConfig: { ...config, metrics: config.metrics ?? [] }, scoreThresholds, metricSetPairList }
      return await this.run({ judge, request }, signal)
    } finally {
      this.#waiting -= 1
    }
  }
}
