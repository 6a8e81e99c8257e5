import { resolveArm } from '../../domain/cohort.ts'
import { DavyError } from '../../domain/errors.ts'
import type { SourceQuestion } from '../../domain/metric-source.ts'
import type { LogTemplatesReader } from '../../storage/log-templates-reader.ts'
import type { LogMiner } from './log-miner.ts'
import { placeByPod } from './place-logs.ts'
import { historyMs } from './template-book.ts'

const mostDeployments = 200
const tickMs = 10_000
const hourMs = 3_600_000

/** Whether a skeleton was logged before a deployment started. */
export type IsKnown = (skeleton: number) => boolean

/** What was logged in the fourteen days before deployments, by anybody but their canaries. */
export class KnownSkeletons {
  readonly #reader: LogTemplatesReader
  readonly #miner: Pick<LogMiner, 'mineNow'>
  readonly #byDeployment = new Map<string, Promise<IsKnown>>()

  constructor(reader: LogTemplatesReader, miner: Pick<LogMiner, 'mineNow'>) {
    this.#reader = reader
    this.#miner = miner
  }

  /**
   * Read once for each comparison and severity: what was before its start does not change.
   * @throws DavyError SOURCE_DOWN while lines of the hour before are not counted
   */
  before(deployment: SourceQuestion['deployment'], severity: number): Promise<IsKnown> {
    const { namespace, service, environment, startedAt, canary, baseline } = deployment
    const key = JSON.stringify([namespace, service, environment, startedAt, canary, baseline, severity])
    const known = this.#byDeployment.get(key) ?? this.#read(deployment, severity, key)
    this.#byDeployment.delete(key)
    this.#byDeployment.set(key, known)
    const [oldest] = this.#byDeployment.keys()
    if (this.#byDeployment.size > mostDeployments && oldest !== undefined) this.#byDeployment.delete(oldest)
    return known
  }

  /** As far as lines are counted by now, for people: a page does not wait for the rest. */
  async asCounted(deployment: SourceQuestion['deployment'], severity: number): Promise<IsKnown> {
    const { service, canary, baseline } = deployment
    const start = startOf(deployment)
    const byPod = [canary, baseline].some((selector) => selector?.match?.pod !== undefined)
    const rows = await this.#reader.totals(service, severity, start - historyMs, start, byPod)
    const placed = await placeByPod(this.#reader, service, rows, start, start + tickMs)
    const others = rows.filter((row) => resolveArm(placed(row), deployment, deployment) !== 'canary')
    const skeletons = new Set(others.map(({ skeleton }) => skeleton))
    return (skeleton) => skeletons.has(skeleton)
  }

  async #read(deployment: SourceQuestion['deployment'], severity: number, key: string): Promise<IsKnown> {
    const { service } = deployment
    const start = startOf(deployment)
    try {
      // What was logged right before the start may not be counted yet, and must not seem new for that.
      if (!(await this.#miner.mineNow(service, start - hourMs, start))) {
        throw new DavyError('SOURCE_DOWN', `Log lines of ${service} from before the start are not counted yet.`)
      }
      return await this.asCounted(deployment, severity)
    } catch (error) {
      this.#byDeployment.delete(key)
      throw error
    }
  }
}

function startOf({ startedAt }: SourceQuestion['deployment']): number {
  return Math.floor(Date.parse(startedAt) / tickMs) * tickMs
}
