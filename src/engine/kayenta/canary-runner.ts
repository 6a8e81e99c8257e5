import { setTimeout as sleep } from 'node:timers/promises'
import { DavyError } from '../../domain/errors.ts'
import type { FetchedSeries, SeriesQuery, SeriesSource } from '../../domain/series-source.ts'
import type { CanaryJudgeResult } from '../../judges/kayenta/canary-judge-result.ts'
import { type DescribedPair, pairSeries } from '../../judges/kayenta/pair-series.ts'
import { derivedId } from '../../platform/ids.ts'
import type { Logger } from '../../platform/logger.ts'
import { Failures } from '../failures.ts'
import type { Accounts } from './accounts.ts'
import { type CanaryRun, mostValues, queriesOf } from './canary-run.ts'
import { allWaiting, type CanaryRuns, revivedPairs } from './canary-runs.ts'
import { judgeOf } from './check-config.ts'
import type { JudgeTask } from './judge-worker.ts'
import { exceptionOf, type RunOutcome, stageNames } from './run-outcome.ts'

/** So many runs are worked at together. */
const mostAtOnce = 32

/** What may still come is waited for so long after a window's end; then the run says that it could not be read whole. */
const completionMs = 600_000

/** As Kayenta: so often is a source asked that does not answer, after 1, 2, 4 … seconds. */
const mostTries = 10
const isRetryable: ReadonlySet<string> = new Set(['SOURCE_DOWN', 'STORAGE_DOWN', 'OVERLOADED'])

export type CanaryRunnerOptions = {
  readonly runs: CanaryRuns
  readonly accounts: Accounts
  readonly judge: (task: JudgeTask, signal: AbortSignal) => Promise<CanaryJudgeResult>
  readonly log: Logger
  readonly now: () => number
  /** Seconds before the k-th further try, k from 0; Kayenta's 2^k when absent. */
  readonly retrySeconds?: (tries: number) => number
}

type Work = { readonly stages: Record<string, string>; readonly abort: AbortController; readonly done: Promise<void> }

/**
 * Works at runs that have no result: reads both arms' series, pairs them, judges, and records what was said. Pairs are
 * recorded before they are judged, so that a crash in between changes nothing about the result. What cannot be read or
 * judged ends as `terminal` with an exception and never with a score.
 */
export class CanaryRunner {
  readonly #o: CanaryRunnerOptions
  readonly #working = new Map<string, Work>()
  readonly #failures = new Failures()
  /** Ended since the running tick began to ask what is waiting: its answer may still name them. */
  readonly #ended = new Set<string>()
  #isStopped = false

  constructor(options: CanaryRunnerOptions) {
    this.#o = options
  }

  /** Starts what is due. Resolves when it has started. */
  async tick(): Promise<void> {
    if (this.#isStopped || this.#working.size >= mostAtOnce) return
    this.#ended.clear()
    for (const { key, body } of await this.#o.runs.waiting(allWaiting.runs)) {
      if (this.#working.size >= mostAtOnce || this.#isStopped) return
      if (this.#working.has(key) || this.#ended.has(key) || this.#failures.isPaused(key, this.#o.now())) continue
      this.#start(key, body)
    }
  }

  /** The stages of a run that is being worked at here; null: it is not. */
  stages(id: string): Readonly<Record<string, string>> | null {
    return this.#working.get(id)?.stages ?? null
  }

  /** Ends the work at a run, whose end somebody else has recorded. */
  forget(id: string): void {
    this.#working.get(id)?.abort.abort()
  }

  /** Ends what runs; it is made after the next start. */
  async stop(): Promise<void> {
    this.#isStopped = true
    const all = [...this.#working.values()]
    for (const { abort } of all) abort.abort()
    await Promise.all(all.map(({ done }) => done))
  }

  #start(id: string, run: CanaryRun): void {
    const startedAt = this.#o.now()
    const due = this.#dueness(run, startedAt)
    if (due === 'waits') return
    const stages = Object.fromEntries(stageNames(run.config.metrics?.length ?? 0).map((name) => [name, 'not_started']))
    const abort = new AbortController()
    const done = this.#make(id, run, stages, due === 'late', startedAt, abort.signal)
      .catch((error: unknown) => this.#note(id, error, abort.signal))
      .finally(() => {
        this.#working.delete(id)
        this.#ended.add(id)
      })
    this.#working.set(id, { stages, abort, done })
  }

  #note(id: string, error: unknown, signal: AbortSignal): void {
    if (signal.aborted) return
    const retryAt = new Date(this.#failures.note(id, this.#o.now())).toISOString()
    this.#o.log.error(
      { err: error, canaryExecutionId: id, retryAt },
      'a canary could not be recorded; it is made again',
    )
  }

  /** Whether all data of a run is there: yes, not yet, or it has not come for too long. */
  #dueness(run: CanaryRun, now: number): 'due' | 'waits' | 'late' {
    let source: SeriesSource
    try {
      source = this.#o.accounts.resolve(run.metricsAccountName).source
    } catch {
      // An account that is gone: the work says so.
      return 'due'
    }
    const ends = Object.values(run.request.scopes ?? {}).flatMap(({ controlScope, experimentScope }) =>
      [controlScope, experimentScope].flatMap((scope) => (scope === undefined ? [] : [Date.parse(scope.end)])),
    )
    const end = Math.max(...ends)
    const completeAt = source.completeAt(end, run.buildTimeMillis, now)
    if (completeAt !== null) return completeAt <= now ? 'due' : 'waits'
    return now > Math.max(end, run.buildTimeMillis) + completionMs ? 'late' : 'waits'
  }

  async #make(
    id: string,
    run: CanaryRun,
    stages: Record<string, string>,
    isLate: boolean,
    startTimeMillis: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { runs, now, log } = this.#o
    const end = (outcome: Pick<RunOutcome, 'status' | 'judgeResult' | 'metricSetPairListId' | 'exception'>) =>
      runs.end(id, run, { ...outcome, stageStatus: { ...stages }, startTimeMillis, endTimeMillis: now() })
    const metricSetPairListId = derivedId(run.buildTimeMillis, 'pairs', id)
    const at = { stage: 'setupContext' }
    const enter = (stage: string) => {
      stages[at.stage] = 'succeeded'
      at.stage = stage
      stages[stage] = 'running'
    }
    stages.setupContext = 'running'
    const kept = await runs.kept<DescribedPair>('metric-set-pair-list', metricSetPairListId)
    let pairs: readonly DescribedPair[]
    try {
      pairs = kept ?? (await this.#read(id, run, isLate, enter, signal))
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof DavyError)) log.error({ err: error, canaryExecutionId: id }, 'a canary could not be read')
      stages[at.stage] = 'terminal'
      await end({ status: 'terminal', exception: exceptionOf(error, at.stage, now()) })
      return
    }
    const stored = kept ?? (await runs.keep('metric-set-pair-list', metricSetPairListId, pairs))
    for (const name of Object.keys(stages)) if (name !== 'judge') stages[name] = 'succeeded'
    enter('judge')
    try {
      const request = {
        canaryConfig: { ...run.config, metrics: run.config.metrics ?? [] },
        scoreThresholds: run.thresholds,
        metricSetPairList: revivedPairs(stored),
      }
      const judgeResult = await this.#o.judge({ judge: judgeOf(run.config), request }, signal)
      stages.judge = 'succeeded'
      await end({ status: 'succeeded', judgeResult, metricSetPairListId })
    } catch (error) {
      signal.throwIfAborted()
      // What could not be recorded is made again; what could not be judged never will be.
      if (stages.judge === 'succeeded') throw error
      if (!(error instanceof DavyError))
        log.error({ err: error, canaryExecutionId: id }, 'a canary could not be judged')
      stages.judge = 'terminal'
      await end({ status: 'terminal', metricSetPairListId, exception: exceptionOf(error, 'judge', now()) })
    }
  }

  async #read(
    id: string,
    run: CanaryRun,
    isLate: boolean,
    enter: (stage: string) => void,
    signal: AbortSignal,
  ): Promise<readonly DescribedPair[]> {
    if (isLate) {
      throw new DavyError('STORAGE_DOWN', 'Telemetry of the canary has come and could not be stored for ten minutes.')
    }
    const { source } = this.#o.accounts.resolve(run.metricsAccountName)
    const read: (readonly DescribedPair[])[] = []
    let values = 0
    for (const index of (run.config.metrics ?? []).keys()) {
      const { name, control, experiment } = queriesOf(run, index)
      enter(`fetchControl${index}`)
      const left = await this.#fetch(source, control, signal)
      enter(`fetchExperiment${index}`)
      const right = await this.#fetch(source, experiment, signal)
      const side = ({ scope }: SeriesQuery, { series, query }: FetchedSeries) => ({ scope, series, query })
      const idOf = (position: number) => derivedId(run.buildTimeMillis, 'pair', id, String(index), String(position))
      const pairs = pairSeries(name, side(control, left), side(experiment, right), idOf)
      values += pairs.reduce((sum, pair) => sum + pair.values.control.length + pair.values.experiment.length, 0)
      if (values > mostValues) {
        throw new DavyError('UNPROCESSABLE', 'The series of this canary are too many.', {
          ...{ expected: `at most ${mostValues} values`, got: `${values} by metric ${name}` },
        })
      }
      read.push(pairs)
    }
    enter('mixMetrics')
    return read.flat()
  }

  async #fetch(source: SeriesSource, query: SeriesQuery, signal: AbortSignal): Promise<FetchedSeries> {
    const { retrySeconds = (tries: number) => 2 ** tries, log } = this.#o
    for (let tries = 0; ; tries += 1) {
      try {
        return await source.fetch(query, signal)
      } catch (error) {
        signal.throwIfAborted()
        const isWorthIt = error instanceof DavyError && isRetryable.has(error.code)
        if (!isWorthIt || tries >= mostTries) throw error
        log.warn(
          { err: error, metric: query.metricName, tries: tries + 1 },
          'a source of canary metrics did not answer',
        )
        await sleep(retrySeconds(tries) * 1000, undefined, { signal })
      }
    }
  }
}
