import type { Deployment } from '../../domain/deployment.ts'
import { digestOf } from '../../platform/digest.ts'
import { derivedId } from '../../platform/ids.ts'
import type { Logger } from '../../platform/logger.ts'
import type { Looks } from '../../storage/looks.ts'
import type { RollupReader } from '../../storage/rollup-reader.ts'
import { Failures } from '../failures.ts'
import type { Templates } from '../templates.ts'
import type { Calibrations, CalibrationWork } from './calibrations.ts'
import { type Measured, measureUnit } from './measure-unit.ts'
import { nightly } from './nightly.ts'
import { mostHistoryMs } from './plan-history.ts'

/** How often it is asked what the day should have. */
const dueEveryMs = 600_000

/** Placebos of a measure: with none rolled back, the rate is below 1.9%. */
const defaultRuns = 200

export type CalibratorOptions = {
  readonly calibrations: Calibrations
  readonly deployments: { list(): readonly Deployment[]; refresh(): Promise<void> }
  readonly templates: Templates
  readonly looks: Looks
  readonly rollups: RollupReader
  readonly log: Logger
  readonly now: () => number
  /** Since when telemetry has been waiting for storage; null when all is stored. */
  readonly oldestUnstoredAt: () => number | null
  readonly engine: string
  /** Placebos of a measure; 200 when absent. */
  readonly runs?: number
}

/**
 * Makes the calibrations that are missing: those that were asked for, and those that each day should have. One at a
 * time, in a thread; a tick starts one and does not wait for it.
 */
export class Calibrator {
  readonly #o: CalibratorOptions
  readonly #stop = new AbortController()
  readonly #failures = new Failures()
  #running: Promise<void> | null = null
  #due: readonly CalibrationWork[] = []
  #dueAskedAt = Number.NEGATIVE_INFINITY

  constructor(options: CalibratorOptions) {
    this.#o = options
  }

  /** Starts what is missing, unless something runs. Resolves when it has started. */
  async tick(): Promise<void> {
    if (this.#running !== null || this.#stop.signal.aborted) return
    const next = this.#next()
    this.#running = next
      .then(
        (work) => (work === null ? undefined : this.#make(work)),
        () => undefined,
      )
      .finally(() => {
        this.#running = null
      })
    await next
  }

  /** Resolves when nothing runs. */
  async idle(): Promise<void> {
    await this.#running
  }

  /** Ends what runs; it is made after the next start. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  async #next(): Promise<CalibrationWork | null> {
    const now = this.#o.now()
    const isReady = ({ key }: CalibrationWork): boolean => !this.#failures.isPaused(key, now)
    const asked = (await this.#o.calibrations.asked()).find(isReady)
    if (asked !== undefined) return asked
    if (now - this.#dueAskedAt >= dueEveryMs) {
      this.#due = await this.#o.calibrations.missing(await this.#nightly(now))
      this.#dueAskedAt = now
    }
    const due = this.#due.find(isReady) ?? null
    this.#due = this.#due.filter((work) => work !== due)
    return due
  }

  async #nightly(now: number): Promise<CalibrationWork[]> {
    const { templates, deployments, rollups } = this.#o
    await templates.refresh()
    await deployments.refresh()
    const versions = await rollups.versions({ from: now - mostHistoryMs, to: now })
    return nightly(versions, deployments.list(), templates, now)
  }

  async #make(work: CalibrationWork): Promise<void> {
    const { log, now } = this.#o
    const { key, unit, template } = work
    const { service, environment } = unit
    const fields = { service, environment, template: template.name }
    try {
      await this.#o.deployments.refresh()
      const measured = await measureUnit(
        { ...this.#o, runs: this.#o.runs ?? defaultRuns },
        unit,
        template,
        this.#stop.signal,
      )
      await this.#record(work, measured)
      this.#failures.forget(key)
      const { measure, reason } = measured
      if (measure === null) log.warn({ ...fields, reason }, 'a service could not be calibrated')
      else
        log.info(
          { ...fields, runs: measure.after.runs, rollbacks: measure.after.rollbacks },
          'a service was calibrated',
        )
    } catch (error) {
      if (this.#stop.signal.aborted) return
      const retryAt = new Date(this.#failures.note(key, now())).toISOString()
      log.error({ err: error, ...fields, retryAt }, 'a calibration could not be read or recorded; it is made again')
    }
  }

  async #record({ key, unit, template }: CalibrationWork, measured: Measured): Promise<void> {
    const computedAt = this.#o.now()
    await this.#o.calibrations.record(key, {
      ...unit,
      id: derivedId(computedAt, key),
      template: { name: template.name, digest: digestOf(template) },
      alpha: template.alpha,
      computedAt: new Date(computedAt).toISOString(),
      engine: this.#o.engine,
      ...measured,
    })
  }
}
