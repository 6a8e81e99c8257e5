import { DavyError } from '../../domain/errors.ts'
import type { DescribedPair } from '../../judges/kayenta/pair-series.ts'
import type { Fact, Facts } from '../../storage/facts.ts'
import type { AnalysisOutcome, CanaryAnalysis } from './canary-analysis.ts'
import type { CanaryRun } from './canary-run.ts'
import { kayentaJson, pointOf } from './plain-json.ts'
import type { RunOutcome } from './run-outcome.ts'

/** More that nobody has answered yet is refused. */
const mostWaiting = 500

/**
 * Who looks for what is due reads all that waits, analyses and runs with those that are parts of analyses: the oldest may
 * wait for a time to come.
 */
export const allWaiting = { analyses: mostWaiting, runs: 2 * mostWaiting } as const

/** What may be listed, read and removed by its id. */
export type ListKind = 'metric-set-list' | 'metric-set-pair-list'

/** What is known of a run: who asked, and how it ended; null: not yet. */
export type KnownRun = { readonly id: string; readonly run: CanaryRun; readonly outcome: RunOutcome | null }
export type KnownAnalysis = {
  readonly id: string
  readonly analysis: CanaryAnalysis
  readonly outcome: AnalysisOutcome | null
}

/**
 * Runs and analyses with their results, as facts: what was asked, the pairs of series that were read, what was said.
 * Each has one winner for its id, so that whoever does the work twice says the same once.
 */
export class CanaryRuns {
  readonly #facts: Facts

  constructor(facts: Facts) {
    this.#facts = facts
  }

  /** @throws DavyError OVERLOADED when too many wait. */
  async ask(id: string, run: CanaryRun): Promise<void> {
    if ((await this.waiting(mostWaiting)).length >= mostWaiting) throw tooMany()
    await this.#facts.putOnce('canary-run', id, run.application, run)
  }

  /** The part of an analysis, whose id is derived: a second time changes nothing. */
  async askPart(id: string, run: CanaryRun): Promise<void> {
    await this.#facts.putOnce('canary-run', id, run.application, run)
  }

  /** @throws DavyError OVERLOADED when too many wait. */
  async askAnalysis(id: string, analysis: CanaryAnalysis): Promise<void> {
    if ((await this.waitingAnalyses(mostWaiting)).length >= mostWaiting) throw tooMany()
    await this.#facts.putOnce('canary-analysis', id, analysis.application, analysis)
  }

  waiting(limit: number): Promise<readonly Fact<CanaryRun>[]> {
    return this.#facts.unanswered<CanaryRun>('canary-run', 'canary-result', limit)
  }

  waitingAnalyses(limit: number): Promise<readonly Fact<CanaryAnalysis>[]> {
    return this.#facts.unanswered<CanaryAnalysis>('canary-analysis', 'canary-analysis-result', limit)
  }

  /** @returns how it ended: this way, or as somebody else said before. */
  async end(id: string, run: Pick<CanaryRun, 'application'>, outcome: RunOutcome): Promise<RunOutcome> {
    // Through Kayenta's JSON, so that figures that are not finite survive the storage.
    const plain = JSON.parse(kayentaJson(outcome)) as RunOutcome
    return (await this.#facts.putOnce('canary-result', id, run.application, plain)).body
  }

  async endAnalysis(id: string, analysis: CanaryAnalysis, outcome: AnalysisOutcome): Promise<void> {
    await this.#facts.putOnce('canary-analysis-result', id, analysis.application, outcome)
  }

  /** @throws DavyError NOT_FOUND */
  async get(id: string): Promise<KnownRun> {
    const run = await this.#one<CanaryRun>('canary-run', id)
    if (run === null) throw new DavyError('NOT_FOUND', `There is no canary execution '${id}'.`, { where: '{id}' })
    return { id, run, outcome: await this.outcome(id) }
  }

  outcome(id: string): Promise<RunOutcome | null> {
    return this.#one<RunOutcome>('canary-result', id)
  }

  /** How those of these runs ended that have. */
  async outcomes(ids: readonly string[]): Promise<ReadonlyMap<string, RunOutcome>> {
    const facts = await this.#facts.ofKeys<RunOutcome>('canary-result', ids)
    return new Map(facts.map(({ key, body }) => [key, body]))
  }

  /** Those of these runs that were asked for. */
  async asked(ids: readonly string[]): Promise<ReadonlyMap<string, CanaryRun>> {
    const facts = await this.#facts.ofKeys<CanaryRun>('canary-run', ids)
    return new Map(facts.map(({ key, body }) => [key, body]))
  }

  /** @throws DavyError NOT_FOUND */
  async analysis(id: string): Promise<KnownAnalysis> {
    const analysis = await this.#one<CanaryAnalysis>('canary-analysis', id)
    if (analysis === null) {
      throw new DavyError('NOT_FOUND', `There is no canary analysis execution '${id}'.`, { where: '{id}' })
    }
    return { id, analysis, outcome: await this.#one<AnalysisOutcome>('canary-analysis-result', id) }
  }

  /** Runs, the newest first. */
  async list(page: { application?: string; limit: number; offset: number }): Promise<readonly KnownRun[]> {
    const { application, ...rest } = page
    const keys = await this.#facts.newestKeys('canary-run', {
      ...rest,
      ...(application === undefined ? {} : { subject: application }),
    })
    const ids = keys.map(({ key }) => key)
    const asked = await this.asked(ids)
    const ended = await this.outcomes(ids)
    return ids.flatMap((id) => {
      const run = asked.get(id)
      return run === undefined ? [] : [{ id, run, outcome: ended.get(id) ?? null }]
    })
  }

  /** Keeps a list for later; the id's first list stands. @returns the list that stands. */
  async keep<Item>(kind: ListKind, id: string, items: readonly Item[]): Promise<readonly Item[]> {
    const plain = JSON.parse(kayentaJson(items)) as readonly Item[]
    return (await this.#facts.putOnce(kind, id, '', plain)).body
  }

  /** The items of a list as they are stored, null when there is none. */
  async kept<Item>(kind: ListKind, id: string): Promise<readonly Item[] | null> {
    const isRemoved = (await this.#facts.existing('canary-removed', [`${kind}/${id}`])).size > 0
    return isRemoved ? null : this.#one<readonly Item[]>(kind, id)
  }

  async lists(kind: ListKind): Promise<readonly { readonly key: string; readonly at: string }[]> {
    const keys = await this.#facts.newestKeys(kind, { limit: 1000, offset: 0 })
    const removed = await this.#facts.existing(
      'canary-removed',
      keys.map(({ key }) => `${kind}/${key}`),
    )
    return keys.filter(({ key }) => !removed.has(`${kind}/${key}`))
  }

  async remove(kind: ListKind, id: string): Promise<void> {
    await this.#facts.putOnce('canary-removed', `${kind}/${id}`, '', {})
  }

  async #one<Body>(kind: Parameters<Facts['list']>[0]['kind'], key: string): Promise<Body | null> {
    const [fact] = await this.#facts.list<Body>({ kind, key })
    return fact?.body ?? null
  }
}

/** Pairs as they were stored, with numbers where JSON has strings. */
export function revivedPairs(pairs: readonly DescribedPair[]): readonly DescribedPair[] {
  return pairs.map((pair) => ({
    ...pair,
    values: { control: pair.values.control.map(pointOf), experiment: pair.values.experiment.map(pointOf) },
  }))
}

function tooMany(): DavyError {
  return new DavyError('OVERLOADED', 'Too many canaries are waiting to be judged.', {
    ...{ expected: `fewer than ${mostWaiting}`, retryAfterSeconds: 30 },
  })
}
