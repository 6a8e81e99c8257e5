import { isSameUnit, type Unit } from '../domain/cohort.ts'
import type { Deployment } from '../domain/deployment.ts'
import type { Logger } from '../platform/logger.ts'
import type { RollupReader, VersionRow } from '../storage/rollup-reader.ts'
import { chooseBaseline } from './baseline.ts'
import type { Bus } from './bus.ts'
import type { Deployments } from './deployments.ts'

const recentMs = 120_000
const hourMs = 3_600_000

/** A baseline with fewer requests than this in the last hour is nothing to compare with. */
const minimumBaselineRequests = 100

/**
 * Whether a version that answered requests in the last two minutes is news: never seen in its unit before (so neither
 * the service's first version nor a back-fill), with a baseline that is worth comparing with, and nobody judging there
 * by registration, whom a mere observation must not replace.
 */
export function isNewRelease(
  row: VersionRow,
  seenBefore: boolean,
  baseline: VersionRow | null,
  deployments: readonly Deployment[],
): boolean {
  if (row.version === '' || seenBefore) return false
  if (baseline === null || baseline.requests < minimumBaselineRequests) return false
  return !deployments.some(
    (deployment) =>
      isSameUnit(deployment, row) &&
      (deployment.canary.version === row.version || (deployment.status === 'open' && deployment.origin === 'api')),
  )
}

/** Opens deployments, in mode `observe`, for versions that show up in the telemetry. */
export class Detector {
  readonly #rollups: RollupReader
  readonly #deployments: Deployments
  readonly #bus: Bus
  readonly #log: Logger
  readonly #now: () => number
  /** Of the versions that answer requests now, those that are no news, so that they are asked about once. */
  #known: ReadonlySet<string> = new Set()

  constructor(rollups: RollupReader, deployments: Deployments, bus: Bus, log: Logger, now: () => number) {
    this.#rollups = rollups
    this.#deployments = deployments
    this.#bus = bus
    this.#log = log
    this.#now = now
  }

  /** One round; runs alone. What fails for one version is logged and does not touch the others. */
  async tick(signal?: AbortSignal): Promise<void> {
    const now = this.#now()
    await this.#deployments.refresh()
    const recent = await this.#rollups.versions({ from: now - recentMs, to: now + recentMs })
    const known = new Set<string>()
    for (const row of recent) {
      if (signal?.aborted) return
      const key = JSON.stringify([row.namespace, row.service, row.environment, row.version])
      try {
        if (this.#known.has(key) || (await this.#isSettled(row, now))) known.add(key)
      } catch (error) {
        this.#log.error(
          { err: error, service: row.service, version: row.version },
          'a version could not be checked for being new; the next round tries again',
        )
      }
    }
    this.#known = known
  }

  /** @returns whether the version needs no further question: it is old, or its deployment was opened. */
  async #isSettled(row: VersionRow, now: number): Promise<boolean> {
    if (await this.#rollups.isSeenBefore(row, now - recentMs)) return true
    const hour = { from: row.firstSeen - hourMs, to: row.firstSeen }
    const versions = await this.#rollups.versions({ service: row.service, ...hour })
    const baseline = chooseBaseline(row, { version: row.version }, versions, this.#deployments.rolledBackVersions(row))
    const isNews = (deployments: readonly Deployment[]) => isNewRelease(row, false, baseline, deployments)
    if (!isNews(this.#deployments.list())) return false
    const startedAt = new Date(row.firstSeen).toISOString()
    const opened = await this.#deployments.openDetected(unitOf(row), row.version, startedAt, isNews)
    if (opened?.created !== true) return opened !== null
    const { deployment } = opened
    this.#log.info(
      { deploymentId: deployment.id, service: row.service, version: row.version, mode: deployment.mode },
      'a new version showed up in the telemetry; a deployment was opened',
    )
    this.#bus.publish({ type: 'deployment', data: deployment })
    return true
  }
}

function unitOf(row: VersionRow): Unit {
  return { namespace: row.namespace, service: row.service, environment: row.environment }
}
