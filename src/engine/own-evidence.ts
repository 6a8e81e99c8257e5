import type { Deployment } from '../domain/deployment.ts'
import { DavyError } from '../domain/errors.ts'
import { emptyArm, type OwnEvidence, type Slice } from '../domain/evidence.ts'
import type { SourceQuestion } from '../domain/metric-source.ts'
import { isQueried, type MetricSpec, mainQuery, type Template } from '../domain/template.ts'
import type { RunningTrial } from '../judges/verdict/running-trial.ts'
import type { RollupReader } from '../storage/rollup-reader.ts'
import type { Sources } from './sources.ts'
import { podsToAsk } from './telemetry-pods.ts'
import { firstTick, tickMs, type Window } from './timetable.ts'

/** So long a pod that was named is asked about. */
const podMs = 600_000

/** By window in order, and in each by metric. */
export type OwnSlices = readonly Readonly<Record<string, OwnEvidence>>[]

/** The metrics of a template that are asked for one by one. */
export function queriedMetrics({ metrics }: Template): readonly MetricSpec[] {
  return metrics.filter(isQueried)
}

type Asked = { readonly key: string; readonly windows: readonly Window[]; own: OwnSlices | null }

/**
 * Asks sources for what deployments are due to look at, in the background: nobody waits for anybody else's source. A
 * deployment is due again in the tick in which its answers, or their failures, are there.
 */
export class OwnEvidenceQueue {
  readonly #sources: Sources
  readonly #rollups: Pick<RollupReader, 'totals'>
  readonly #asked = new Map<string, Asked>()
  readonly #stop = new AbortController()

  constructor(sources: Sources, rollups: Pick<RollupReader, 'totals'>) {
    this.#sources = sources
    this.#rollups = rollups
  }

  /**
   * The windows that were asked for with what came of it; null: not yet. The windows may be fewer than are due by now.
   * What is taken is not kept.
   */
  take(
    deployment: Deployment,
    trial: RunningTrial,
    windows: readonly Window[],
  ): { readonly windows: readonly Window[]; readonly own: OwnSlices } | null {
    const key = `${deployment.templateDigest} ${trial.seenUpTo}`
    const asked = this.#asked.get(deployment.id)
    // Somebody else has looked in the meantime, or another template judges: what was asked is not what is due.
    if (asked === undefined || asked.key !== key) {
      this.#begin(deployment, trial, windows, key)
      return null
    }
    if (asked.own === null) return null
    this.#asked.delete(deployment.id)
    return { windows: asked.windows, own: asked.own }
  }

  forget(deploymentId: string): void {
    this.#asked.delete(deploymentId)
  }

  /** Gives up what is under way. */
  stop(): void {
    this.#stop.abort()
  }

  #begin(deployment: Deployment, trial: RunningTrial, windows: readonly Window[], key: string): void {
    const asked: Asked = { key, windows, own: null }
    this.#asked.set(deployment.id, asked)
    this.#ask(deployment, trial, windows).then(
      (own) => {
        asked.own = own
      },
      () => {
        // The process ends, or the storage cannot tell of pods, which it says to all others too: the next tick asks anew.
        if (this.#asked.get(deployment.id) === asked) this.#asked.delete(deployment.id)
      },
    )
  }

  async #ask(deployment: Deployment, trial: RunningTrial, windows: readonly Window[]): Promise<OwnSlices> {
    const to = windows.at(-1)?.to ?? 0
    // A trial does not change while its next looks are asked for.
    const [named, endOf] = [trial.pods(), ({ name }: MetricSpec) => trial.ownSeenUpTo(name)]
    const pods = await podsToAsk(this.#rollups, deployment, named, { from: to - podMs, to })
    return askOwn(this.#sources, deployment, windows, { pods, endOf, signal: this.#stop.signal })
  }
}

/**
 * What the sources of a deployment's own metrics say of some windows that lie side by side. A source that fails is a
 * fault in each of them; what it could not tell before is asked for together with the first window.
 * @throws only when `signal` aborts
 */
export async function askOwn(
  sources: Sources,
  deployment: Deployment,
  windows: readonly Window[],
  options: {
    readonly pods: SourceQuestion['pods']
    /** Up to where a metric's source has told everything, Unix milliseconds; null: nothing yet. */
    readonly endOf: (metric: MetricSpec) => number | null
    readonly signal?: AbortSignal
  },
): Promise<OwnSlices> {
  const { pods, endOf, signal } = options
  const metrics = queriedMetrics(deployment.template)
  const { warmUpSeconds } = deployment.template
  // What is made up after a fault must not bring back the warm-up, which nobody judges.
  const warm = Math.floor((Date.parse(deployment.startedAt) + warmUpSeconds * 1000) / tickMs) * tickMs
  const own = await Promise.all(
    metrics.map(async (metric): Promise<readonly OwnEvidence[]> => {
      const [first, ...rest] = windows
      if (first === undefined) return []
      const missedFrom = Math.max(endOf(metric) ?? firstTick(deployment), warm)
      const whole = [{ from: Math.min(first.from, missedFrom), to: first.to }, ...rest]
      try {
        const question = { deployment, metric, windows: whole, ...(pods === undefined ? {} : { pods }) }
        const answers = await sources.ask(question, signal)
        return answers.map(({ baseline, canary }, index) => ({ from: whole[index]!.from, baseline, canary }))
      } catch (error) {
        if (signal?.aborted) throw error
        return windows.map(() => ({ fault: error instanceof DavyError ? error.message : 'the source failed' }))
      }
    }),
  )
  return windows.map((_, index) => Object.fromEntries(metrics.map(({ name }, at) => [name, own[at]![index]!])))
}

/**
 * A slice with the evidence of its own metrics. Where nothing else counts requests, the main one's arms are the slice's,
 * empty while its source cannot be asked.
 */
export function withOwn(slice: Slice, template: Template, own: Readonly<Record<string, OwnEvidence>>): Slice {
  const main = mainQuery(template)
  if (main === null) return { ...slice, own }
  const told = own[main.name]
  const { baseline, canary } = told === undefined || 'fault' in told ? noArms : told
  const measured = ({ gauges, events }: Slice['canary']) => ({ ...(gauges && { gauges }), ...(events && { events }) })
  return {
    ...slice,
    baseline: { ...baseline, ...measured(slice.baseline) },
    canary: { ...canary, ...measured(slice.canary) },
    own,
  }
}

const noArms = { baseline: emptyArm, canary: emptyArm }
