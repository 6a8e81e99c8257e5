import { cohortKey, type Dimensions, isSameUnit } from '../domain/cohort.ts'
import type { Deployment } from '../domain/deployment.ts'
import type { RollupReader } from '../storage/rollup-reader.ts'
import { requestInstruments } from './request-source.ts'
import { totalsOf } from './slices.ts'

/** So long after it a rollback is told of in Davy's own metrics. */
export const rollbackToldMs = 86_400_000

/** Requests count that were answered so lately. */
const recentMs = 300_000

/**
 * Whether requests that a deployment's canary answers are such as should have left it: it was rolled back within a day by
 * a verdict that binds, its answers are not thrown away, and neither it nor anything else was released the same way since.
 * @param now Unix milliseconds.
 */
export function shouldHaveNoTraffic(deployment: Deployment, all: readonly Deployment[], now: number): boolean {
  const { outcome, mode, strategy, endedAt, createdAt } = deployment
  if (outcome !== 'rolled-back' || mode !== 'enforce' || strategy === 'shadow') return false
  if (!(now - Date.parse(endedAt ?? '') < rollbackToldMs)) return false
  const replaces = (other: Deployment) =>
    other.strategy === strategy || cohortKey(other.canary) === cohortKey(deployment.canary)
  return !all.some((other) => isSameUnit(other, deployment) && other.createdAt > createdAt && replaces(other))
}

/**
 * Counts the requests that versions still answer after their rollback: Davy says "roll back", and somebody else moves the
 * traffic. Counted are spans, or the points of a template's instruments; of a service that sends neither nothing is known.
 */
export class RolledBackTraffic {
  readonly #rollups: Pick<RollupReader, 'totals' | 'durationTotals'>
  readonly #now: () => number
  #requests: ReadonlyMap<string, number> = new Map()

  constructor(rollups: Pick<RollupReader, 'totals' | 'durationTotals'>, now: () => number) {
    this.#rollups = rollups
    this.#now = now
  }

  /**
   * Requests of the last five minutes by the id of the deployment, as of the last round. A deployment is missing when its
   * traffic needs nobody's eyes, when its service told of no request, and when the last round failed.
   */
  get requests(): ReadonlyMap<string, number> {
    return this.#requests
  }

  /** One round; runs alone. @throws DavyError STORAGE_DOWN */
  async tick(deployments: readonly Deployment[]): Promise<void> {
    const now = this.#now()
    const watched = deployments.filter((each) => shouldHaveNoTraffic(each, deployments, now))
    let requests: ReadonlyMap<string, number> = new Map()
    try {
      if (watched.length > 0) requests = await this.#count(watched, now)
    } finally {
      this.#requests = requests
    }
  }

  async #count(watched: readonly Deployment[], now: number): Promise<ReadonlyMap<string, number>> {
    const services = [...new Set(watched.map(({ service }) => service))]
    const instruments = [...new Set(watched.flatMap(({ template }) => requestInstruments(template) ?? []))]
    const [spans, points] = await Promise.all([
      this.#rollups.totals(services, now - recentMs, now),
      instruments.length === 0 ? [] : this.#rollups.durationTotals(services, instruments, now - recentMs, now),
    ])
    // One request may be told of by a span and by several instruments.
    const tellers = [spans, ...instruments.map((instrument) => points.filter(({ metric }) => metric === instrument))]
    const known = watched.filter((deployment) => tellers.flat().some((row) => isSameUnit(row, deployment)))
    return new Map(
      known.map((deployment) => [
        deployment.id,
        Math.max(...tellers.map((rows) => totalsOf(deployment, rows.filter(isOfVersion(deployment))).canary)),
      ]),
    )
  }
}

/** A track that is always called canary is that of the old version after a rollback. */
function isOfVersion({ canary }: Deployment): (row: Dimensions) => boolean {
  return ({ version }) => canary.version === undefined || version === canary.version
}
