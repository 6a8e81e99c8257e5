import { isDeepStrictEqual } from 'node:util'
import type { CheckState, Probe } from '../../domain/check.ts'
import type { Deployment } from '../../domain/deployment.ts'
import { DavyError } from '../../domain/errors.ts'
import type { Ports } from '../../domain/sink.ts'
import type { Logger } from '../../platform/logger.ts'
import type { Facts } from '../../storage/facts.ts'
import { FactMirror } from '../fact-mirror.ts'
import type { Checks } from './checks.ts'

/** One failure may be a packet; so many in a row are the canary's answer. */
const failuresInRow = 3

const mostProbes = 20
const mostPuts = 200

/** What changes so often in the life of one process neither passes nor fails: it is told no more, and has failed. */
const mostChanges = 20

export type ProbesOptions = {
  readonly facts: Facts
  readonly checks: Checks
  /** Goes only where deliveries may go. */
  readonly http: Ports['http']
  readonly log: Logger
  readonly now: () => number
  readonly newId: () => string
}

const notYet = 'The canary has not answered as expected yet.'

type Run = { dueAt: number; failures: number; changes: number; underway: boolean }

/**
 * Synthetic checks: requests to a canary's address, run as long as its deployment is open. What comes of one is a check
 * of its name; only what differs from the newest on record is put there, whichever of Davy's processes wrote that.
 */
export class Probes {
  readonly #o: ProbesOptions
  readonly #mirror: FactMirror
  readonly #runs = new Map<string, Run>()

  constructor(options: ProbesOptions) {
    this.#o = options
    this.#mirror = new FactMirror(options.facts, ['probe'])
  }

  /** Begins to probe. Until the canary has answered as expected the check has failed. @throws DavyError CONFLICT */
  async add(deployment: Deployment, probe: Probe): Promise<void> {
    await this.#mirror.refresh()
    const known = this.#of(deployment.id)
    if (deployment.status === 'closed') {
      throw new DavyError('CONFLICT', `Deployment ${deployment.id} is closed, so nothing of it is probed.`)
    }
    if (known.size >= mostProbes && !known.has(probe.name)) {
      throw new DavyError('CONFLICT', `Deployment ${deployment.id} has ${mostProbes} probes, which is the most.`)
    }
    if (this.#mirror.facts.filter(({ subject }) => subject === deployment.id).length >= mostPuts) {
      throw new DavyError(
        'CONFLICT',
        `Probes of deployment ${deployment.id} were changed ${mostPuts} times, which is the most.`,
      )
    }
    // The probe first: an answer to the one before, which may come at any moment, must not lift the hold of this one.
    await this.#o.facts.putOnce('probe', this.#o.newId(), deployment.id, probe)
    await this.#tell(deployment, probe, false, notYet)
    await this.#mirror.refresh()
    this.#runs.delete(keyOf(deployment.id, probe.name))
  }

  /** Starts the probes that are due and does not wait for them. */
  async tick(open: readonly Deployment[], signal: AbortSignal): Promise<void> {
    await this.#mirror.refresh()
    const ids = new Set(open.map(({ id }) => id))
    for (const key of this.#runs.keys()) if (!ids.has(key.slice(0, key.indexOf('/')))) this.#runs.delete(key)
    for (const deployment of open) {
      for (const probe of this.#of(deployment.id).values()) {
        const key = keyOf(deployment.id, probe.name)
        const run = this.#runs.get(key) ?? { dueAt: 0, failures: 0, changes: 0, underway: false }
        this.#runs.set(key, run)
        if (run.underway || run.dueAt > this.#o.now()) continue
        run.underway = true
        run.dueAt = this.#o.now() + probe.everySeconds * 1000
        this.#run(deployment, probe, run, signal)
          .catch((error: unknown) => {
            if (!signal.aborted)
              this.#o.log.warn({ err: error, deploymentId: deployment.id, probe: probe.name }, 'a probe failed')
          })
          .finally(() => {
            run.underway = false
          })
      }
    }
  }

  async #run(deployment: Deployment, probe: Probe, run: Run, signal: AbortSignal): Promise<void> {
    const fault = await faultOf(this.#o.http, probe, signal)
    if (signal.aborted) return
    run.failures = fault === null ? 0 : run.failures + 1
    const passed = fault === null
    if (!passed && run.failures < failuresInRow) return
    await this.#o.checks.refresh()
    await this.#mirror.refresh()
    // The answer to a probe that was changed meanwhile says nothing of the new one.
    if (!isDeepStrictEqual(this.#of(deployment.id).get(probe.name), probe)) return
    const told = this.#toldOf(deployment, probe)
    if (told?.passed === passed && told.summary !== notYet) return
    if (passed && run.changes >= mostChanges) return
    const summary = fault === null ? 'The canary answers as expected.' : `${fault}, ${failuresInRow} times in a row.`
    const isLast = !passed && run.changes >= mostChanges - 1
    await this.#tell(deployment, probe, passed, isLast ? `${summary} It changed too often to pass again.` : summary)
    run.changes += 1
  }

  /** The newest record of it. */
  #toldOf(deployment: Deployment, probe: Probe): CheckState | undefined {
    const states = this.#o.checks.statesOf(deployment, [])
    return states.find(({ kind, name }) => kind === 'probe' && name === probe.name)
  }

  #tell(deployment: Deployment, probe: Probe, passed: boolean, summary: string): Promise<void> {
    const report = { kind: 'result', passed, summary } as const
    return this.#o.checks.add(deployment, { name: probe.name, arm: 'canary', report, url: null, by: 'davy' })
  }

  /** The newest of each name. */
  #of(deploymentId: string): ReadonlyMap<string, Probe> {
    const own = this.#mirror.facts.filter(({ subject }) => subject === deploymentId)
    return new Map(own.map(({ body }) => [(body as Probe).name, body as Probe]))
  }
}

/** What was wrong with one answer, without its URL; null: nothing. */
async function faultOf(http: Ports['http'], probe: Probe, signal: AbortSignal): Promise<string | null> {
  const limit = AbortSignal.timeout(probe.withinSeconds * 1000)
  try {
    const answer = await http({ method: 'GET', url: probe.url, headers: {} }, AbortSignal.any([signal, limit]))
    if (answer.status !== probe.status) return `The canary answers ${answer.status} instead of ${probe.status}`
    if (probe.contains !== null && !answer.text.includes(probe.contains)) {
      return `The canary's answer does not hold ${JSON.stringify(probe.contains.slice(0, 80))}`
    }
    return null
  } catch (error) {
    if (limit.aborted) return `The canary gives no answer within ${probe.withinSeconds} s`
    return `The canary cannot be asked: ${error instanceof Error ? error.message : 'no answer'}`
  }
}

function keyOf(deploymentId: string, name: string): string {
  return `${deploymentId}/${name}`
}
