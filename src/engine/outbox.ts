import type { Endpoint } from '../domain/sink.ts'
import type { Fact, Facts } from '../storage/facts.ts'
import { coalesce } from './coalesce.ts'
import { type Attempt, type Delivery, deliveryId, deliveryOf, isFor, type Outgoing, outgoingOf } from './delivery.ts'
import type { Endpoints } from './endpoints.ts'
import { FactTail } from './fact-tail.ts'

/** A verdict that reached nobody within a week is history, and so is the record of its attempts. */
const keptMs = 7 * 86_400_000

/** A delivery that waits, with all that is needed to attempt it. */
export type Waiting = {
  readonly delivery: Delivery
  readonly endpoint: Endpoint
  readonly outgoing: Outgoing
  /** Unix milliseconds; 0: at once. */
  readonly dueAt: number
}

/**
 * What is to be sent, kept nowhere: it is every verdict fact that came after an endpoint, less the attempts on record.
 * In memory is one week of it, without the verdicts themselves.
 */
export class Outbox {
  readonly #endpoints: Endpoints
  readonly #now: () => number
  readonly #read: () => Promise<void>
  /** In the order of their writing. */
  readonly #outgoing = new Map<string, Outgoing>()
  readonly #attempts = new Map<string, Map<number, Attempt>>()
  readonly #deliveries = new Map<string, Delivery>()
  #seenEndpoints: readonly Fact<unknown>[] = []

  constructor(facts: Facts, endpoints: Endpoints, now: () => number) {
    this.#endpoints = endpoints
    this.#now = now
    const tail = new FactTail(facts, ['verdict', 'attempt'], new Date(now() - keptMs).toISOString())
    this.#read = coalesce(async () => {
      await endpoints.refresh()
      await tail.read((fact) => {
        if (fact.kind === 'verdict') this.#takeVerdict(outgoingOf(fact))
        else this.takeAttempt(fact.body as Attempt)
      })
      if (this.#seenEndpoints !== endpoints.facts)
        for (const outgoing of this.#outgoing.values()) this.#address(outgoing)
      this.#seenEndpoints = endpoints.facts
      this.#forgetOld()
    })
  }

  /** Takes in everything that was written before the call. */
  refresh(): Promise<void> {
    return this.#read()
  }

  /** Newest first. What waits for an endpoint that is no more will not be sent. */
  list(): readonly Delivery[] {
    const gone = new Set(this.#endpoints.list().flatMap(({ id, disabled }) => (disabled ? [id] : [])))
    return [...this.#deliveries.values()]
      .map((delivery) => {
        if (delivery.state !== 'pending' || !gone.has(delivery.endpoint)) return delivery
        return { ...delivery, state: 'failed' as const, nextAt: null }
      })
      .sort((a, b) => (a.id < b.id ? 1 : -1))
  }

  find(id: string): { readonly delivery: Delivery; readonly outgoing: Outgoing } | null {
    const delivery = this.#deliveries.get(id)
    const outgoing = delivery === undefined ? undefined : this.#outgoing.get(delivery.messageId)
    return delivery === undefined || outgoing === undefined ? null : { delivery, outgoing }
  }

  /** All that is still to be sent, now or later. */
  waiting(): readonly Waiting[] {
    const endpoints = new Map(this.#endpoints.list().map((endpoint) => [endpoint.id, endpoint]))
    return [...this.#deliveries.values()].flatMap((delivery) => {
      const endpoint = endpoints.get(delivery.endpoint)
      const outgoing = this.#outgoing.get(delivery.messageId)
      if (delivery.state !== 'pending' || endpoint === undefined || endpoint.disabled) return []
      if (outgoing === undefined) return []
      return [{ delivery, endpoint, outgoing, dueAt: delivery.nextAt === null ? 0 : Date.parse(delivery.nextAt) }]
    })
  }

  /** An attempt that is on record, read or just written; the same one again changes nothing. */
  takeAttempt(attempt: Attempt): void {
    const outgoing = this.#outgoing.get(attempt.messageId)
    // Its verdict was written more than a week ago.
    if (outgoing === undefined) return
    const made = this.#attempts.get(attempt.deliveryId) ?? new Map<number, Attempt>()
    this.#attempts.set(attempt.deliveryId, made.set(attempt.attempt, attempt))
    this.#deliveries.set(attempt.deliveryId, deliveryOf(outgoing, attempt.endpoint, [...made.values()]))
  }

  #takeVerdict(outgoing: Outgoing): void {
    this.#outgoing.set(outgoing.id, outgoing)
    this.#address(outgoing)
  }

  #address(outgoing: Outgoing): void {
    for (const endpoint of this.#endpoints.list()) {
      const id = deliveryId(outgoing.id, outgoing.time, endpoint.id)
      if (this.#deliveries.has(id) || !isFor(endpoint, outgoing)) continue
      this.#deliveries.set(id, deliveryOf(outgoing, endpoint.id, []))
    }
  }

  #forgetOld(): void {
    const before = new Date(this.#now() - keptMs).toISOString()
    const old = new Set<string>()
    for (const { id, writtenAt } of this.#outgoing.values()) {
      if (writtenAt >= before) break
      old.add(id)
      this.#outgoing.delete(id)
    }
    if (old.size === 0) return
    for (const [id, { messageId }] of this.#deliveries) {
      if (!old.has(messageId)) continue
      this.#deliveries.delete(id)
      this.#attempts.delete(id)
    }
  }
}
