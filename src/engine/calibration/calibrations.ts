import type { CalibrationRun } from '../../domain/calibration.ts'
import { isSameUnit, type Unit } from '../../domain/cohort.ts'
import type { Template } from '../../domain/template.ts'
import { digestOf } from '../../platform/digest.ts'
import type { Facts } from '../../storage/facts.ts'

const dayMs = 86_400_000

/** What was measured longer ago says nothing about the service of today. */
const validMs = 30 * dayMs

/** What is asked for and not done within a day is not wanted any more. */
const askedMs = dayMs

/** More can hardly be waiting: one unit and template waits once. */
const mostAsked = 1000

/** A calibration to be made; `key` is that of the fact that will record it. */
export type CalibrationWork = { readonly key: string; readonly unit: Unit; readonly template: Template }

type AskedBody = { readonly unit: Unit; readonly template: Template }

/** The calibrations on record, and those that were asked for. Both are facts; nothing is kept in memory. */
export class Calibrations {
  readonly #facts: Facts
  readonly #now: () => number
  readonly #newId: () => string

  constructor(facts: Facts, now: () => number, newId: () => string) {
    this.#facts = facts
    this.#now = now
    this.#newId = newId
  }

  /** The newest run of each unit and template name of a service, with the template's newest digest only. */
  async newest(service: string): Promise<readonly CalibrationRun[]> {
    const newest = new Map<string, CalibrationRun>()
    for (const run of await this.#list(service)) {
      newest.set(JSON.stringify([run.namespace, run.environment, run.template.name]), run)
    }
    return [...newest.values()]
  }

  /**
   * The newest measure of a unit under a template that needed no data from `before` on; null when there is none, or
   * only one that is a month older than that.
   * @param before Unix milliseconds.
   */
  async before(unit: Unit, templateDigest: string, before: number): Promise<CalibrationRun | null> {
    const runs = await this.#list(unit.service)
    const fits = (run: CalibrationRun): boolean => {
      if (run.measure === null || !isSameUnit(run, unit) || run.template.digest !== templateDigest) return false
      const to = Date.parse(run.measure.to)
      return to <= before && to > before - validMs
    }
    return runs.findLast(fits) ?? null
  }

  /** Asks for a calibration, or finds that it was asked for and is not done. */
  async ask(unit: Unit, template: Template): Promise<{ readonly id: string; readonly isNew: boolean }> {
    const digest = digestOf(template)
    const waiting = await this.asked()
    const same = waiting.find((work) => isSameUnit(work.unit, unit) && digestOf(work.template) === digest)
    if (same !== undefined) return { id: same.key, isNew: false }
    const id = this.#newId()
    const body: AskedBody = { unit, template }
    await this.#facts.putOnce('calibration-asked', id, unit.service, body)
    return { id, isNew: true }
  }

  /** What was asked for and has no run, the oldest first. */
  async asked(): Promise<readonly CalibrationWork[]> {
    const since = new Date(this.#now() - askedMs).toISOString()
    const facts = await this.#facts.tail(['calibration-asked'], since, mostAsked)
    const done = await this.#facts.existing(
      'calibration',
      facts.map(({ key }) => key),
    )
    return facts.filter(({ key }) => !done.has(key)).map(({ key, body }) => ({ key, ...(body as AskedBody) }))
  }

  /** Those of these that have no run. */
  async missing(work: readonly CalibrationWork[]): Promise<readonly CalibrationWork[]> {
    const done = await this.#facts.existing(
      'calibration',
      work.map(({ key }) => key),
    )
    return work.filter(({ key }) => !done.has(key))
  }

  async record(key: string, run: CalibrationRun): Promise<void> {
    await this.#facts.putOnce('calibration', key, run.service, run)
  }

  async #list(service: string): Promise<readonly CalibrationRun[]> {
    const facts = await this.#facts.list<CalibrationRun>({ kind: 'calibration', subject: service })
    return facts.map(({ body }) => body)
  }
}
