import { DavyError } from '../../domain/errors.ts'
import { batchJudges } from '../../judges/index.ts'
import type { CanaryJudgeResult } from '../../judges/kayenta/canary-judge-result.ts'
import type { Logger } from '../../platform/logger.ts'
import type { Facts } from '../../storage/facts.ts'
import type { Accounts } from './accounts.ts'
import { AnalysisRunner, partId } from './analysis-runner.ts'
import { analysisStatus } from './analysis-status.ts'
import { canaryAnalysisOf, planOf } from './canary-analysis.ts'
import { CanaryConfigs } from './canary-configs.ts'
import { canaryRunOf, type RunNames } from './canary-run.ts'
import { CanaryRunner } from './canary-runner.ts'
import { CanaryRuns, type KnownRun } from './canary-runs.ts'
import type { CanaryConfig, JudgeRequest } from './canary-schemas.ts'
import { checkedConfig } from './check-config.ts'
import type { JudgeTask } from './judge-worker.ts'
import { Judging } from './judging.ts'
import { runStatus } from './run-status.ts'
import { SeriesLists } from './series-lists.ts'

export type KayentaOptions = {
  readonly facts: Facts
  readonly accounts: Accounts
  readonly log: Logger
  readonly now: () => number
  /** Gives ids that sort by time. */
  readonly newId: () => string
  readonly retrySeconds?: (tries: number) => number
}

/** Of runs, with all that was asked and answered, so many are read at once. */
const pageOfRuns = 100

/** Who asks, as far as the query string says. */
export type AskedNames = Partial<RunNames> & { readonly user?: string }

/** What stands where Kayenta has it: configs, runs, analyses and lists of series, for the routes. */
export class Kayenta {
  readonly configs: CanaryConfigs
  readonly accounts: Accounts
  readonly lists: SeriesLists
  readonly judging = new Judging()
  readonly #runs: CanaryRuns
  readonly #runner: CanaryRunner
  readonly #analyses: AnalysisRunner
  readonly #now: () => number
  readonly #newId: () => string

  constructor({ facts, accounts, log, now, newId, retrySeconds }: KayentaOptions) {
    this.accounts = accounts
    this.configs = new CanaryConfigs(facts, now, newId)
    this.#now = now
    this.#newId = newId
    const runs = new CanaryRuns(facts)
    this.#runs = runs
    const judge = (task: JudgeTask, signal: AbortSignal) => this.judging.run(task, signal)
    this.lists = new SeriesLists(runs, accounts, newId)
    const retries = retrySeconds === undefined ? {} : { retrySeconds }
    this.#runner = new CanaryRunner({ runs, accounts, judge, log, now, ...retries })
    this.#analyses = new AnalysisRunner({ runs, accounts, log, now })
  }

  /** Makes what is missing: judgements of analyses, and results of runs. */
  async tick(): Promise<void> {
    await this.#analyses.tick()
    await this.#runner.tick()
  }

  stop(): Promise<void> {
    return this.#runner.stop()
  }

  get judges(): readonly string[] {
    return Object.keys(batchJudges)
  }

  /** Starts a run of a stored config. @returns its id. @throws DavyError NOT_FOUND, VALIDATION */
  async start(configId: string, request: unknown, names: AskedNames): Promise<string> {
    const config = await this.configs.get(configId)
    return this.#start(config, request, { ...names, canaryConfigId: configId })
  }

  /** Starts a run of a config that comes with it. @returns its id. @throws DavyError VALIDATION */
  async startAdHoc(body: unknown, names: AskedNames): Promise<string> {
    const { config, request } = adHoc(body)
    return this.#start(config, request, { ...names, canaryConfigId: 'ad-hoc' })
  }

  /** A run as Kayenta shows it. @throws DavyError NOT_FOUND */
  async status(id: string): Promise<object> {
    return runStatus(await this.#runs.get(id), this.#runner.stages(id))
  }

  /** Runs as Kayenta shows them, the newest first; pages count those of these statuses alone. `left`: nobody reads it. */
  async executions(
    filter: {
      readonly application?: string
      readonly statuses?: readonly string[]
      readonly limit: number
      readonly page: number
    },
    left: AbortSignal,
  ): Promise<readonly object[]> {
    const { statuses, limit, page } = filter
    const subject = filter.application === undefined ? {} : { application: filter.application }
    const offset = (page - 1) * limit
    const found =
      statuses === undefined
        ? await this.#runs.list({ ...subject, limit, offset })
        : (await this.#runsOf(statuses, subject, offset + limit, left)).slice(offset)
    return found.map((run) => runStatus(run, this.#runner.stages(run.id)))
  }

  /** Starts an analysis of a stored config. @returns its id. @throws DavyError NOT_FOUND, VALIDATION */
  async analyse(configId: string, request: unknown, names: AskedNames): Promise<string> {
    return this.#analyse(await this.configs.get(configId), request, { ...names, canaryConfigId: configId })
  }

  /** Starts an analysis of a config that comes with it. @returns its id. @throws DavyError VALIDATION */
  async analyseAdHoc(body: unknown, names: AskedNames): Promise<string> {
    const { config, request } = adHoc(body)
    return this.#analyse(config, request, names)
  }

  /** An analysis as Kayenta shows it. @throws DavyError NOT_FOUND */
  async analysisStatus(id: string): Promise<object> {
    const known = await this.#runs.analysis(id)
    const { judgements } = planOf(known.analysis)
    const ids = Array.from({ length: judgements }, (_, i) => partId(id, known.analysis, i + 1))
    const [outcomes, asked] = await Promise.all([this.#runs.outcomes(ids), this.#runs.asked(ids)])
    return analysisStatus(known, { outcomes, asked }, this.#now())
  }

  /** Ends a run or an analysis that has not ended. @throws DavyError NOT_FOUND */
  async cancel(id: string): Promise<void> {
    const at = this.#now()
    const outcome = { status: 'canceled', stageStatus: {}, startTimeMillis: at, endTimeMillis: at } as const
    const run = await this.#runs.get(id).catch((error: unknown) => {
      if (error instanceof DavyError && error.code === 'NOT_FOUND') return null
      throw error
    })
    if (run !== null) {
      await this.#runs.end(id, run.run, { ...outcome, stageStatus: this.#runner.stages(id) ?? {} })
      this.#runner.forget(id)
      return
    }
    const { analysis } = await this.#runs.analysis(id)
    const message = 'The canary analysis was canceled.'
    const ended = { executionStatus: 'CANCELED', didPassThresholds: false, canaryScoreMessage: message } as const
    await this.#runs.endAnalysis(id, analysis, { ...ended, endTimeMillis: at })
    const ids = Array.from({ length: planOf(analysis).judgements }, (_, i) => partId(id, analysis, i + 1))
    for (const [part, asked] of await this.#runs.asked(ids)) {
      await this.#runs.end(part, asked, outcome)
      this.#runner.forget(part)
    }
  }

  /** Judges a list that is stored, by a config that is. @throws DavyError NOT_FOUND, VALIDATION, OVERLOADED */
  async judgeStored(
    configId: string,
    listId: string,
    thresholds: { readonly pass: number; readonly marginal: number },
    signal: AbortSignal,
  ): Promise<CanaryJudgeResult> {
    const config = await this.configs.get(configId)
    const pairs = (await this.lists.get('metric-set-pair-list', listId)) as JudgeRequest['metricSetPairList']
    return this.judging.judgePairs(config, thresholds, pairs, signal)
  }

  /** The newest `count` runs of these statuses. The storage does not know how a run stands: all are gone through. */
  async #runsOf(
    statuses: readonly string[],
    subject: { readonly application?: string },
    count: number,
    left: AbortSignal,
  ): Promise<readonly KnownRun[]> {
    const found: KnownRun[] = []
    for (let offset = 0; found.length < count && !left.aborted; offset += pageOfRuns) {
      const known = await this.#runs.list({ ...subject, limit: pageOfRuns, offset })
      found.push(...known.filter(({ outcome }) => statuses.includes((outcome?.status ?? 'running').toLowerCase())))
      if (known.length < pageOfRuns) break
    }
    return found.slice(0, count)
  }

  async #start(config: CanaryConfig, request: unknown, asked: AskedNames): Promise<string> {
    const run = canaryRunOf(this.#names(config, asked), config, request, this.accounts, this.#now())
    const id = this.#newId()
    await this.#runs.ask(id, run)
    return id
  }

  async #analyse(config: CanaryConfig, request: unknown, asked: AskedNames): Promise<string> {
    const names = { ...this.#names(config, asked), user: asked.user ?? 'anonymous' }
    const analysis = canaryAnalysisOf(names, config, request, this.accounts, this.#now())
    const id = this.#newId()
    await this.#runs.askAnalysis(id, analysis)
    return id
  }

  #names(config: CanaryConfig, asked: AskedNames): RunNames {
    const types = (config.metrics ?? []).map(({ query }) => query.type)
    const { name } = this.accounts.resolve(asked.metricsAccountName, types)
    return {
      ...namesOf(asked),
      ...{ application: asked.application || 'ad-hoc', metricsAccountName: name },
      storageAccountName: asked.storageAccountName || 'davy',
    }
  }
}

function adHoc(body: unknown): { readonly config: CanaryConfig; readonly request: unknown } {
  const { canaryConfig, executionRequest } = (body ?? {}) as { canaryConfig?: unknown; executionRequest?: unknown }
  const absent = canaryConfig == null ? 'canaryConfig' : executionRequest == null ? 'executionRequest' : null
  if (absent !== null) {
    throw new DavyError('VALIDATION', `${absent} must be provided for ad-hoc requests`, { where: `/${absent}` })
  }
  return { config: checkedConfig(canaryConfig), request: executionRequest }
}

/** Of what came by the query string only what is known, and only what says something. */
function namesOf({
  parentPipelineExecutionId,
  canaryConfigId,
  configurationAccountName,
}: AskedNames): Partial<RunNames> {
  const given = Object.entries({ parentPipelineExecutionId, canaryConfigId, configurationAccountName })
  return Object.fromEntries(given.filter(([, value]) => value !== undefined && value !== ''))
}
