import type { Deployment } from '../domain/deployment.ts'
import type { Conveyor } from './conveyor.ts'
import type { Deployments } from './deployments.ts'

/** When gates were last asked about. Kept in memory: a restart counts as a question about all of them. */
export class Polls {
  readonly #startedAt: number
  readonly #last = new Map<string, number>()

  /** @param startedAt of this process, Unix milliseconds. */
  constructor(startedAt: number) {
    this.#startedAt = startedAt
  }

  note(deploymentId: string, at: number): void {
    this.#last.set(deploymentId, at)
  }

  lastAt(deploymentId: string): number {
    return this.#last.get(deploymentId) ?? this.#startedAt
  }

  /** Forgets all but these, so that what is closed is not kept for ever. */
  keepOnly(deploymentIds: ReadonlySet<string>): void {
    for (const id of this.#last.keys()) if (!deploymentIds.has(id)) this.#last.delete(id)
  }
}

/** Whether nobody has asked about, told about or fed a deployment for `expiryMs`. */
export function isForgotten(
  deployment: Deployment,
  lastCanaryAt: number | null,
  lastPollAt: number,
  expiryMs: number,
  now: number,
): boolean {
  const told = [deployment.createdAt, ...deployment.progress.map(({ at }) => at)].map((time) => Date.parse(time))
  return now - Math.max(...told, lastCanaryAt ?? 0, lastPollAt) > expiryMs
}

/**
 * Closes what was forgotten, by what the looks have seen: while they cannot be taken, or are behind, nobody knows whether a
 * canary is fed, and a deployment that was closed stays so.
 */
export async function expireForgotten(
  deployments: Deployments,
  conveyor: Pick<Conveyor, 'lastCanaryAt' | 'nextLookAt'>,
  polls: Polls,
  expiryMs: number,
  now: number,
): Promise<void> {
  await deployments.refresh()
  polls.keepOnly(new Set(deployments.open().map(({ id }) => id)))
  for (const deployment of deployments.open()) {
    const nextLookAt = conveyor.nextLookAt(deployment)
    if (nextLookAt === null) continue
    const lastCanaryAt = conveyor.lastCanaryAt(deployment.id)
    const lastPollAt = polls.lastAt(deployment.id)
    if (!isForgotten(deployment, lastCanaryAt, lastPollAt, expiryMs, Math.min(now, nextLookAt))) continue
    await deployments.closeOnce(deployment.id, 'expired', 'davy')
  }
}
