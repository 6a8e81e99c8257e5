import { setImmediate as nextTurn } from 'node:timers/promises'
import { usableNulls } from '../domain/calibration.ts'
import type { CheckState } from '../domain/check.ts'
import type { Deployment } from '../domain/deployment.ts'
import type { Slice } from '../domain/evidence.ts'
import type { Judge } from '../domain/judge.ts'
import type { Look, LookEvidence } from '../domain/look.ts'
import { mainQuery } from '../domain/template.ts'
import type { Conclusion, Verdict } from '../domain/verdict.ts'
import type { AwaitedSource } from '../judges/verdict/awaited-source.ts'
import { RunningTrial } from '../judges/verdict/running-trial.ts'
import { verdictOf } from '../judges/verdict/verdict-of.ts'
import { derivedId } from '../platform/ids.ts'
import type { Logger } from '../platform/logger.ts'
import type { Metrics } from '../platform/metrics.ts'
import { withSpan } from '../platform/tracing.ts'
import type { Facts } from '../storage/facts.ts'
import type { Looks } from '../storage/looks.ts'
import type { RollupReader } from '../storage/rollup-reader.ts'
import { collectBeginnings } from './beginnings.ts'
import type { Bus } from './bus.ts'
import type { Calibrations } from './calibration/calibrations.ts'
import { byNearness, collect, countLate, type Due, dueWindows } from './collect.ts'
import type { Deployments } from './deployments.ts'
import { Failures } from './failures.ts'
import { OpeningQueue } from './opening-queue.ts'
import { OwnEvidenceQueue, queriedMetrics } from './own-evidence.ts'
import { Recorder, type Step } from './recorder.ts'
import { type EvidenceSignal, evidenceSignals } from './request-source.ts'
import { resumeFromRecord } from './resume-trial.ts'
import { RunningTrials } from './running-trials.ts'
import { Settling } from './settling.ts'
import type { Sources } from './sources.ts'
import { firstTick, watermark } from './timetable.ts'

/** So many closed deployments are checked for their last word in one tick: after a start there may be years of them. */
const settlesPerTick = 200

/** After a start there may be weeks of looks to read. Those that are read are looked at between others, the newest first. */
const longestResumingMs = 1000

export type ConveyorOptions = {
  readonly deployments: Deployments
  readonly rollups: RollupReader
  readonly looks: Looks
  readonly facts: Facts
  readonly calibrations: Pick<Calibrations, 'before'>
  /** Asked for metrics that telemetry does not bring. */
  readonly sources: Sources
  readonly judge: Judge
  readonly bus: Bus
  readonly log: Logger
  readonly metrics: Metrics
  readonly now: () => number
  /** What checks and alerts say of a deployment now. */
  readonly checksOf: (deployment: Deployment) => readonly CheckState[]
  /** Since when telemetry of a signal has been waiting for storage; null when all is stored. */
  readonly oldestUnstoredAt: (signals: readonly EvidenceSignal[]) => number | null
  readonly publicUrl: string
  readonly engine: string
}

/**
 * reconcile ► collect ► analyse ► record. Each tick asks which rows should exist and do not, and makes them: looks whose
 * windows are complete, changes that are not written out, rollbacks whose deployment is still open. It keeps nothing
 * that the rows do not say, so a restart goes on where they end.
 */
export class Conveyor {
  readonly #o: ConveyorOptions
  readonly #recorder: Recorder
  readonly #trials: RunningTrials
  /** Closed deployments whose final verdict is written out. */
  readonly #settled = new Set<string>()
  readonly #failures = new Failures()
  readonly #settling: Settling
  readonly #own: OwnEvidenceQueue
  readonly #openings: OpeningQueue

  constructor(options: ConveyorOptions) {
    this.#o = options
    this.#trials = new RunningTrials(options.now())
    this.#settling = new Settling(options)
    this.#recorder = new Recorder(options)
    this.#own = new OwnEvidenceQueue(options.sources, options.rollups)
    this.#openings = new OpeningQueue(options)
  }

  /** One round; runs alone. What fails for one deployment is logged and does not touch the others. */
  async tick(signal?: AbortSignal): Promise<void> {
    const { deployments } = this.#o
    await deployments.refresh()
    await deployments.supersedeOlder()
    await this.#settleClosed()
    const due: Due[] = []
    let resumingMs = 0
    for (const deployment of deployments.open()) {
      if (signal?.aborted) return
      if (this.#failures.isPaused(deployment.id, this.#o.now())) continue
      const isKnown = this.#trials.get(deployment.id) !== undefined
      if (!isKnown && resumingMs > longestResumingMs) continue
      const started = performance.now()
      await this.#guard(deployment, async () => {
        const item = await this.#dueOf(deployment)
        if (item !== null) due.push(item)
      })
      // One that waits for a source has read nothing.
      if (!isKnown && this.#trials.get(deployment.id) !== undefined) resumingMs += performance.now() - started
    }
    for (const group of byNearness(due)) {
      if (signal?.aborted) return
      await this.#lookAt(group, signal)
    }
  }

  /** Gives up the questions to sources that are under way. */
  stop(): void {
    this.#own.stop()
    this.#openings.stop()
  }

  /** When the next look of a deployment will be, Unix milliseconds; null when it is not being judged. */
  nextLookAt(deployment: Deployment): number | null {
    return this.#trials.nextLookAt(deployment)
  }

  /**
   * Since when, or from when on, a look of a deployment is due, Unix milliseconds; also of one whose looks fail. null: none
   * is, since it is closed, or waits on purpose for senders or a source.
   */
  dueAt(deployment: Deployment): number | null {
    const isWaiting = this.#settling.isWaiting(deployment.id) || this.#openings.awaited(deployment) !== null
    return isWaiting && !this.#failures.has(deployment.id) ? null : this.#trials.dueAt(deployment)
  }

  /** The source that a deployment waits for before its first look; null: none that has failed. */
  awaitedSource(deployment: Deployment): AwaitedSource | null {
    return this.#openings.awaited(deployment)
  }

  /** End of the last slice with a request to the canary; null when there was none or it is not known here. */
  lastCanaryAt(deploymentId: string): number | null {
    return this.#trials.lastCanaryAt(deploymentId)
  }

  /** The newest verdict of a deployment that is being judged here; null when it is not. */
  newestOf(deploymentId: string): Verdict | null {
    return this.#trials.newestOf(deploymentId)
  }

  async #dueOf(deployment: Deployment): Promise<Due | null> {
    const trial = await this.#trialOf(deployment)
    if (trial === null) return null
    this.#trials.set(deployment, trial)
    // Taking the trial up again may have completed a rollback.
    if (isOver(trial)) return null
    await this.#recordOverride(deployment, trial)
    if (isOver(trial)) return null
    if (await this.#settling.isOn(deployment, trial)) return null
    const oldest = this.#o.oldestUnstoredAt(evidenceSignals(deployment.template, trial.requestsFrom))
    const complete = watermark(this.#o.now(), oldest, deployment.template.watermarkSeconds)
    const windows = dueWindows(deployment, trial.seenUpTo, complete)
    if (windows.length === 0) return null
    if (queriedMetrics(deployment.template).length === 0) return { deployment, trial, windows }
    const told = this.#own.take(deployment, trial, windows)
    return told === null ? null : { deployment, trial, ...told }
  }

  /** null: its opening waits for what a source tells of the time before. */
  async #trialOf(deployment: Deployment): Promise<RunningTrial | null> {
    const running = this.#trials.get(deployment.id)
    // Adoption may bring another template; then the same slices are folded under it.
    if (running !== undefined && running.templateDigest === deployment.templateDigest) return running
    const { looks, judge } = this.#o
    const record = { looks, judge, taken: this.#recorder.complete.bind(this.#recorder) }
    return (await resumeFromRecord(deployment, record)) ?? (await this.#openTrial(deployment))
  }

  /** Look 0 holds what the trial starts from: how the baseline was before the start, and what history taught by then. */
  async #openTrial(deployment: Deployment): Promise<RunningTrial | null> {
    const hasQueries = queriedMetrics(deployment.template).length > 0
    const told = hasQueries && deployment.status === 'open' ? this.#openings.take(deployment) : null
    if (told === 'waiting') return null
    const at = firstTick(deployment)
    const calibration = await this.#o.calibrations.before(deployment, deployment.templateDigest, at)
    const beginnings = await collectBeginnings(this.#o.rollups, deployment, usableNulls(calibration), told)
    const trial = RunningTrial.start(deployment, beginnings, this.#o.judge)
    const evidence: LookEvidence = {
      ...{ slice: null, ...beginnings },
      ...(calibration === null ? {} : { calibration }),
    }
    const step = this.#step(deployment, trial, trial.conclude(at), at, evidence)
    if ((await this.#recorder.record([step])).size > 0) throw new Error('another process opened the trial; it is read')
    return trial
  }

  /** Deployments that lie close together in time share a query; when it fails, each has one of its own. */
  async #lookAt(group: readonly Due[], signal?: AbortSignal): Promise<void> {
    let slices: Awaited<ReturnType<typeof collect>>
    try {
      slices = await collect(this.#o.rollups, group, signal)
    } catch (error) {
      if (signal?.aborted) return
      if (group.length > 1) for (const item of group) await this.#lookAt([item], signal)
      else for (const { deployment } of group) this.#fail(deployment, error)
      return
    }
    const steps: Step[] = []
    for (const item of group) {
      const { id, service } = item.deployment
      // Gates are answered between two deployments, not after the whole group.
      await nextTurn()
      await this.#guard(item.deployment, () =>
        withSpan('davy.analysis', { 'deployment.id': id, 'service.name': service }, async () => {
          steps.push(...(await this.#analyse(item, slices.get(id) ?? [])))
        }),
      )
    }
    try {
      await this.#record(steps)
    } catch (error) {
      this.#o.metrics.lookFailures.inc(steps.length)
      this.#o.log.error({ err: error, looks: steps.length }, 'looks could not be recorded; the next tick tries again')
      return
    }
    for (const { look } of steps) this.#failures.forget(look.deploymentId)
  }

  async #analyse({ deployment, trial, windows }: Due, slices: readonly Slice[]): Promise<Step[]> {
    const steps: Step[] = []
    for (const [index, window] of windows.entries()) {
      const slice = this.#withChecks(deployment, await this.#withLate(deployment, trial, slices[index] as Slice))
      const started = performance.now()
      const at = window.to + deployment.template.watermarkSeconds * 1000
      const conclusion = trial.observe(slice, at)
      this.#o.metrics.lookDuration.observe((performance.now() - started) / 1000)
      // What was over before the deployment was registered was never due at its time.
      if (at >= Date.parse(deployment.createdAt)) {
        this.#o.metrics.lookLag.observe(Math.max(0, this.#o.now() - at) / 1000)
      }
      const step = this.#step(deployment, trial, conclusion, at, { slice })
      steps.push(step)
      if (step.look.verdict.final) break
    }
    return steps
  }

  async #withLate(deployment: Deployment, trial: RunningTrial, slice: Slice): Promise<Slice> {
    // What a source told is final: it is never asked again for the same time.
    if (!slice.closesBlock || mainQuery(deployment.template) !== null) return slice
    return { ...slice, late: await countLate(this.#o.rollups, deployment, trial, slice.from) }
  }

  /** What had failed when the look was taken is of the look, and not of the time that it looks at. */
  #withChecks(deployment: Deployment, slice: Slice): Slice {
    const failed = this.#o.checksOf(deployment).filter(({ passed }) => !passed)
    if (failed.length === 0) return slice
    return { ...slice, checks: failed.map(({ name, kind, summary }) => ({ name, kind, summary })) }
  }

  /** A person's word becomes a verdict at once, not at the next look. */
  async #recordOverride(deployment: Deployment, trial: RunningTrial): Promise<void> {
    const { override } = deployment
    const newest = trial.newest
    if (override === null || newest === null) return
    if (newest.reason.code === 'OVERRIDDEN' && newest.decision === override.decision) return
    await this.#recordWithoutSlice(deployment, trial, Math.max(Date.parse(override.at), Date.parse(newest.decidedAt)))
  }

  /** The last word of what was closed by somebody else: finished, superseded, expired. */
  async #settleClosed(): Promise<void> {
    const { deployments, facts, bus } = this.#o
    const isOpen = ({ id }: Deployment) => !this.#settled.has(id) && !this.#failures.isPaused(id, this.#o.now())
    const open = deployments.closed(isOpen, settlesPerTick)
    if (open.length === 0) return
    const final = await facts.withFinalVerdict(open.map(({ id }) => id))
    for (const deployment of open) {
      await this.#guard(deployment, async () => {
        const isNews = !final.has(deployment.id) || this.#trials.get(deployment.id) !== undefined
        if (!final.has(deployment.id)) await this.#sayLastWord(deployment)
        this.#settled.add(deployment.id)
        this.#trials.forget(deployment.id)
        this.#failures.forget(deployment.id)
        this.#own.forget(deployment.id)
        this.#openings.forget(deployment.id)
        this.#settling.forget(deployment.id)
        if (isNews) bus.publish({ type: 'deployment', data: deployment })
      })
    }
  }

  async #sayLastWord(deployment: Deployment): Promise<void> {
    // From the rows, so that a final look whose fact is missing is completed and not followed by another one.
    this.#trials.drop(deployment.id)
    const trial = await this.#trialOf(deployment)
    const newest = trial?.newest ?? null
    if (trial === null || newest === null || newest.final || deployment.endedAt === null) return
    await this.#recordWithoutSlice(
      deployment,
      trial,
      Math.max(Date.parse(deployment.endedAt), Date.parse(newest.decidedAt)),
    )
  }

  async #recordWithoutSlice(deployment: Deployment, trial: RunningTrial, at: number): Promise<void> {
    await this.#record([this.#step(deployment, trial, trial.conclude(at), at, { slice: null })])
  }

  #step(deployment: Deployment, trial: RunningTrial, conclusion: Conclusion, at: number, evidence: LookEvidence): Step {
    const before = trial.newest
    const { engine, publicUrl } = this.#o
    const look = trial.nextLook
    const id = derivedId(at, deployment.id, String(look))
    const verdict: Verdict = verdictOf(deployment, conclusion, { id, look, at, engine, publicUrl })
    trial.record(verdict)
    const seenUpTo = trial.seenUpTo ?? firstTick(deployment)
    const row: Look = { deploymentId: deployment.id, look, at, watermark: seenUpTo, evidence, verdict }
    return { before, look: row }
  }

  /** Not on record means not decided: a trial whose rows were not written, or not its own, is read again from them. */
  async #record(steps: readonly Step[]): Promise<void> {
    try {
      for (const id of await this.#recorder.record(steps)) this.#trials.drop(id)
    } catch (error) {
      for (const { look } of steps) this.#trials.drop(look.deploymentId)
      throw error
    }
  }

  async #guard(deployment: Deployment, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#fail(deployment, error)
    }
  }

  /** What fails again and again is tried less and less often: reading its looks anew takes time from the others. */
  #fail({ id, service }: Deployment, error: unknown): void {
    this.#trials.drop(id)
    this.#o.metrics.lookFailures.inc()
    const retryAt = this.#failures.note(id, this.#o.now())
    this.#o.log.error(
      { err: error, deploymentId: id, service, retryAt: new Date(retryAt).toISOString() },
      'a deployment could not be analysed; it is tried again',
    )
  }
}

function isOver(trial: RunningTrial): boolean {
  return trial.newest?.final ?? false
}
