import type { DeliveryRecord } from './attempt.ts'
import type { Outgoing } from './outgoing.ts'

/** A delivery in the chain of its deployment. */
export type Link = {
  readonly id: string
  readonly writtenAt: string
  readonly isPending: boolean
  readonly isRollback: boolean
}

type ByDeployment = Map<string, Link[]>

/**
 * The deliveries of each deployment to each endpoint in the order of their writing, and which of these chains have some
 * that wait: a round asks for nothing else, however many are done.
 */
export class Chains {
  readonly #all = new Map<string, ByDeployment>()
  readonly #open = new Map<string, ByDeployment>()

  /** Takes in a delivery, or what has become of it. */
  put({ id, endpoint, deploymentId, state }: DeliveryRecord, { writtenAt, decision }: Outgoing): void {
    const links = [...this.all(endpoint, deploymentId)]
    const link = { id, writtenAt, isPending: state === 'pending', isRollback: decision === 'rollback' }
    const known = links.findIndex((each) => each.id === id)
    const after = links.findLastIndex((each) => each.writtenAt <= writtenAt)
    if (known >= 0) links[known] = link
    else links.splice(after + 1, 0, link)
    this.#set(endpoint, deploymentId, links)
  }

  forget({ id, endpoint, deploymentId }: DeliveryRecord): void {
    const links = this.all(endpoint, deploymentId).filter((each) => each.id !== id)
    this.#set(endpoint, deploymentId, links)
  }

  /** All deliveries of a chain. */
  all(endpoint: string, deploymentId: string): readonly Link[] {
    return this.#all.get(endpoint)?.get(deploymentId) ?? []
  }

  /** The chains of an endpoint of which something waits, by deployment. */
  open(endpoint: string): ReadonlyMap<string, readonly Link[]> {
    return this.#open.get(endpoint) ?? new Map()
  }

  #set(endpoint: string, deploymentId: string, links: Link[]): void {
    put(this.#all, endpoint, deploymentId, links.length === 0 ? null : links)
    put(this.#open, endpoint, deploymentId, links.some(({ isPending }) => isPending) ? links : null)
  }
}

function put(chains: Map<string, ByDeployment>, endpoint: string, deploymentId: string, links: Link[] | null): void {
  const own = chains.get(endpoint) ?? new Map<string, Link[]>()
  if (links === null) own.delete(deploymentId)
  else own.set(deploymentId, links)
  if (own.size === 0) chains.delete(endpoint)
  else chains.set(endpoint, own)
}
