import type { Deployment } from '../domain/deployment.ts'
import { DavyError } from '../domain/errors.ts'
import type { MetricSource, QueryFault, SourceAnswer, SourceQuestion } from '../domain/metric-source.ts'
import { isQueried, type MetricSpec, type QuerySource } from '../domain/template.ts'
import type { Logger } from '../platform/logger.ts'
import type { Metrics } from '../platform/metrics.ts'
import { Semaphore } from '../platform/semaphore.ts'
import { showReceived } from './show-received.ts'

/** A question that is not answered by then has failed. */
const limitMs = 10_000

/** A question about more time takes longer: so much more for each `stretchMs` of it. */
const moreMs = 1000
const stretchMs = 900_000

/** So many questions are under way at a time, of each source: one that hangs leaves the others alone. */
const atOnce = 16

export type SourcesOptions = {
  readonly log: Logger
  readonly metrics: Pick<Metrics, 'sourceQuestions' | 'sourceQuestionDuration'>
  /** Milliseconds; 10 s when absent. */
  readonly limitMs?: number
}

/** What is wrong with a metric that is asked from a source; null: nothing. */
export type CheckQuery = (metric: MetricSpec) => QueryFault | null

/** Every source that is asked for one metric at a time. */
export class Sources {
  readonly #byName: ReadonlyMap<string, MetricSource>
  readonly #options: SourcesOptions
  readonly #running: ReadonlyMap<string, Semaphore>
  /** Deployments and metrics whose last question failed: told once, and once more when it is over. */
  readonly #failing = new Set<string>()

  constructor(byName: ReadonlyMap<QuerySource, MetricSource>, options: SourcesOptions) {
    this.#byName = byName
    this.#running = new Map([...byName.keys()].map((name) => [name, new Semaphore(atOnce)]))
    this.#options = options
    // An increase from nothing to one is seen only where there was a nothing.
    const { sourceQuestions, sourceQuestionDuration } = options.metrics
    for (const source of byName.keys()) {
      for (const outcome of ['answered', 'failed']) sourceQuestions.inc({ source, outcome }, 0)
      sourceQuestionDuration.zero({ source })
    }
  }

  readonly check: CheckQuery = (metric) => {
    const source = this.#byName.get(metric.source)
    if (source === undefined) {
      const known = [...this.#byName.keys()].join(', ')
      return { expected: known === '' ? 'a source that is configured' : `one of ${known}`, got: metric.source, key: '' }
    }
    if (source.kinds.includes(metric.kind)) return source.check(metric)
    return { expected: `a metric of kind ${source.kinds.join(', ')}`, got: metric.kind, key: '' }
  }

  /** By metric what its source is asked about a deployment, or which rows of telemetry it is made of, for people. */
  show(deployment: Deployment): Readonly<Record<string, readonly string[]>> {
    return Object.fromEntries(
      deployment.template.metrics.flatMap((metric) => {
        const shown = isQueried(metric)
          ? this.#byName.get(metric.source)?.show?.({ deployment, metric })
          : showReceived(deployment, metric)
        return shown === undefined ? [] : [[metric.name, shown] as const]
      }),
    )
  }

  /**
   * One answer for each window of the question.
   * @throws DavyError SOURCE_DOWN when there is none in time; its message has no secret.
   */
  async ask(question: SourceQuestion, signal?: AbortSignal): Promise<readonly SourceAnswer[]> {
    const source = this.#byName.get(question.metric.source)
    const running = this.#running.get(question.metric.source)
    if (source === undefined || running === undefined) {
      const { name } = question.metric
      throw new DavyError('SOURCE_DOWN', `There is no source ${question.metric.source} to ask for ${name}.`)
    }
    return running.run(() => this.#askOne(source, question, signal))
  }

  async #askOne(
    source: MetricSource,
    question: SourceQuestion,
    signal?: AbortSignal,
  ): Promise<readonly SourceAnswer[]> {
    signal?.throwIfAborted()
    const { metrics } = this.#options
    const started = performance.now()
    const withinMs = (this.#options.limitMs ?? limitMs) + moreMs * Math.floor(spanOf(question) / stretchMs)
    const limit = AbortSignal.timeout(withinMs)
    const note = (outcome: 'answered' | 'failed'): void => {
      metrics.sourceQuestions.inc({ source: question.metric.source, outcome })
      metrics.sourceQuestionDuration.observe({ source: question.metric.source }, (performance.now() - started) / 1000)
    }
    try {
      const both = signal === undefined ? limit : AbortSignal.any([limit, signal])
      const answers = await withinSignal(source.ask(question, both), both)
      if (answers.length !== question.windows.length) {
        throw new DavyError('SOURCE_DOWN', `The source ${question.metric.source} did not answer for each window.`, {
          expected: `${question.windows.length} answers`,
          got: String(answers.length),
        })
      }
      note('answered')
      this.#tell(question, null)
      return answers
    } catch (error) {
      if (signal?.aborted) throw error
      note('failed')
      const fault = limit.aborted ? late(question.metric, withinMs) : asDown(question.metric, error)
      this.#tell(question, fault)
      throw fault
    }
  }

  #tell({ deployment, metric }: SourceQuestion, fault: DavyError | null): void {
    const key = `${deployment.id} ${metric.name}`
    const fields = { deploymentId: deployment.id, metric: metric.name, source: metric.source }
    if (fault === null) {
      if (this.#failing.delete(key))
        this.#options.log.info(fields, 'a source answers again; what was missed is made up')
    } else if (!this.#failing.has(key)) {
      this.#failing.add(key)
      this.#options.log.warn(
        { ...fields, fault: fault.message },
        'a source could not be asked; it is asked at each look',
      )
    }
  }
}

/** How much time a question is about, in milliseconds: after a fault, all since then. */
function spanOf({ windows }: SourceQuestion): number {
  return (windows.at(-1)?.to ?? 0) - (windows[0]?.from ?? 0)
}

/** A source that does not heed its signal holds nobody up. */
async function withinSignal<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  const done = new AbortController()
  const aborted = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    else signal.addEventListener('abort', () => reject(signal.reason), { signal: done.signal })
  })
  try {
    return await Promise.race([answer, aborted])
  } finally {
    done.abort()
  }
}

function late({ source, name }: MetricSpec, withinMs: number): DavyError {
  return new DavyError('SOURCE_DOWN', `The source ${source} gave no answer for ${name} within ${withinMs / 1000} s.`)
}

/** What a source throws that is no DavyError may hold anything, so its text is not repeated. */
function asDown({ source, name }: MetricSpec, error: unknown): DavyError {
  if (error instanceof DavyError) return error
  return new DavyError('SOURCE_DOWN', `The source ${source} failed when it was asked for ${name}.`, { cause: error })
}
