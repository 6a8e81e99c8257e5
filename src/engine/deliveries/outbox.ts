import type { Receipt } from '../../domain/sink.ts'
import type { Verdict } from '../../domain/verdict.ts'
import type { Fact, Facts } from '../../storage/facts.ts'
import { coalesce } from '../coalesce.ts'
import type { Deployments } from '../deployments.ts'
import { FactTail } from '../fact-tail.ts'
import { type Attempt, type DeliveryRecord, deliveryId, recordOf } from './attempt.ts'
import { Chains, type Link } from './chains.ts'
import { type Claim, dueAt } from './claim.ts'
import type { EndpointState } from './endpoint-facts.ts'
import type { Endpoints } from './endpoints.ts'
import { isFor, type Outgoing, outgoingOf, toldKinds } from './outgoing.ts'
import { keptMs, readsFrom } from './reads-from.ts'
import type { Waiting } from './select.ts'
import { type DeadLetter, Strays } from './strays.ts'

/** Verdicts that came lately are kept for their first attempt, so that it needs no query. */
const keptBodies = 500

export type OutboxOptions = {
  readonly facts: Facts
  readonly endpoints: Endpoints
  readonly deployments: Pick<Deployments, 'refresh' | 'find'>
  readonly isShared: boolean
  readonly now: () => number
}

/**
 * What is to be sent, kept nowhere: it is every fact that an endpoint is told of, less the attempts on record. In memory
 * is one week of it, what waits, and what died within a week.
 */
export class Outbox {
  readonly #o: OutboxOptions
  readonly #read: () => Promise<void>
  /** In the order of their writing. */
  #outgoing = new Map<string, Outgoing>()
  readonly #bodies = new Map<string, Verdict>()
  readonly #attempts = new Map<string, Map<number, Attempt>>()
  readonly #records = new Map<string, DeliveryRecord>()
  /** The deliveries of a message. */
  readonly #ofMessage = new Map<string, Set<string>>()
  readonly #claims = new Map<string, Claim>()
  readonly #chains = new Chains()
  readonly #strays = new Strays()
  /** Ends of deployments whose opening cannot be read yet, and what was written after them. */
  readonly #untaken: Fact<unknown>[] = []
  /** What messages tell of deployments may have been written after these were last read; it outlives a failure. */
  #isBehind = false
  #seenEndpoints: ReadonlyMap<string, EndpointState> = new Map()

  constructor(options: OutboxOptions) {
    this.#o = options
    const { facts, endpoints, isShared, now } = options
    const kinds = [...toldKinds, 'attempt', ...(isShared ? (['delivery-claim'] as const) : [])] as const
    let tail: FactTail | undefined
    this.#read = coalesce(async () => {
      await endpoints.refresh()
      tail ??= new FactTail(facts, kinds, await readsFrom(facts, endpoints.states, now()))
      // One at a time, since a week of verdicts is much to hold; in their order, so behind what is untaken.
      await tail.read((fact) => {
        if (fact.kind === 'deployment' || fact.kind === 'close') this.#isBehind = true
        if (this.#untaken.length === 0) this.#take(fact)
        else this.#untaken.push(fact)
      })
      if (this.#isBehind || this.#untaken.length > 0) await options.deployments.refresh()
      this.#isBehind = false
      for (const fact of this.#untaken.splice(0)) this.#take(fact)
      this.#takeDead(await this.#strays.deadLetters(facts))
      if (this.#seenEndpoints !== endpoints.states)
        for (const outgoing of this.#outgoing.values()) if (!this.#isOld(outgoing)) this.#address(outgoing)
      this.#seenEndpoints = endpoints.states
      this.#forgetOld()
    })
  }

  /** Takes in everything that was written before the call. */
  refresh(): Promise<void> {
    return this.#read()
  }

  /** Newest first. What waits for an endpoint that is off will not be sent. */
  list(): readonly DeliveryRecord[] {
    return [...this.#records.values()].map((record) => this.#shown(record)).sort((a, b) => (a.id < b.id ? 1 : -1))
  }

  find(id: string): { readonly record: DeliveryRecord; readonly outgoing: Outgoing } | null {
    const record = this.#records.get(id)
    const outgoing = record === undefined ? undefined : this.#outgoing.get(record.messageId)
    return record === undefined || outgoing === undefined ? null : { record: this.#shown(record), outgoing }
  }

  /** How many deliveries wait for endpoints that are on, and when the oldest of their messages was written. */
  waiting(isLeftOut: (id: string) => boolean): { readonly count: number; readonly oldest: string | null } {
    let count = 0
    let oldest: string | null = null
    for (const [endpointId, { disabledBecause, toldSince }] of this.#o.endpoints.states) {
      if (disabledBecause !== null) continue
      for (const links of this.#chains.open(endpointId).values()) {
        for (const { id, isPending, writtenAt } of links) {
          if (!isPending || writtenAt < toldSince || isLeftOut(id)) continue
          count += 1
          if (oldest === null || writtenAt < oldest) oldest = writtenAt
        }
      }
    }
    return { count, oldest }
  }

  /**
   * What waits for an endpoint: a chain for each deployment, in the order of the writing.
   * @param wanted looks at one link of each chain that waits, cheaply, before it is put together.
   */
  *chainsOf(endpointId: string, wanted: (link: Link) => boolean = () => true): Iterable<readonly Waiting[]> {
    for (const [deploymentId, links] of this.#chains.open(endpointId)) {
      if (!links.some((link) => link.isPending && wanted(link))) continue
      const chain = this.chainOf(endpointId, deploymentId)
      if (chain.length > 0) yield chain
    }
  }

  chainOf(endpointId: string, deploymentId: string): readonly Waiting[] {
    return this.#waitingIn(endpointId, deploymentId).filter(({ outgoing }) => !this.#isOld(outgoing))
  }

  /** What has waited for an endpoint for a week, and is to be put on record as dead. */
  *overdueOf(endpointId: string): Iterable<Waiting> {
    for (const [deploymentId, links] of this.#chains.open(endpointId)) {
      if (!links.some((link) => link.isPending && this.#isOld(link))) continue
      for (const each of this.#waitingIn(endpointId, deploymentId)) if (this.#isOld(each.outgoing)) yield each
    }
  }

  /** What attempts to this endpoint for this deployment left behind, oldest first. */
  receiptsOf(endpointId: string, deploymentId: string): readonly Receipt[] {
    return this.#chains
      .all(endpointId, deploymentId)
      .flatMap(({ id }) => [...(this.#attempts.get(id)?.values() ?? [])])
      .sort((a, b) => (a.at < b.at ? -1 : 1))
      .flatMap(({ receipt }) => (receipt ? [receipt] : []))
  }

  /** Whether a message of the same deployment that was written later is delivered. */
  isOvertaken({ id, endpoint, deploymentId }: DeliveryRecord): boolean {
    const all = this.#chains.all(endpoint, deploymentId)
    const own = all.findIndex((link) => link.id === id)
    return all.slice(own + 1).some((later) => this.#records.get(later.id)?.state === 'delivered')
  }

  /** A verdict that came lately; null: it is to be read. */
  bodyOf(messageId: string): Verdict | null {
    return this.#bodies.get(messageId) ?? null
  }

  claimOf(id: string): Claim | null {
    return this.#claims.get(id) ?? null
  }

  takeClaim(claim: Claim): void {
    const known = this.#claims.get(claim.deliveryId)
    const isOlder =
      known !== undefined &&
      (known.attempt > claim.attempt || (known.attempt === claim.attempt && known.turn > claim.turn))
    if (!isOlder) this.#claims.set(claim.deliveryId, claim)
  }

  /** An attempt that is on record, read or just written; the same one again changes nothing. */
  takeAttempt(attempt: Attempt): void {
    const outgoing = this.#outgoing.get(attempt.messageId)
    if (outgoing === undefined) {
      this.#strays.add(attempt)
      return
    }
    const made = this.#attempts.get(attempt.deliveryId) ?? new Map<number, Attempt>()
    this.#attempts.set(attempt.deliveryId, made.set(attempt.attempt, attempt))
    this.#put(recordOf(outgoing, attempt.endpoint, [...made.values()]), outgoing)
  }

  #take(fact: Fact<unknown>): void {
    if (fact.kind === 'attempt') this.takeAttempt(fact.body as Attempt)
    else if (fact.kind === 'delivery-claim') this.takeClaim(fact.body as Claim)
    else this.#takeNews(fact)
  }

  #takeNews(fact: Fact<unknown>): void {
    const outgoing = outgoingOf(fact, (id) => this.#o.deployments.find(id))
    if (outgoing === null) {
      this.#untaken.push(fact)
      return
    }
    this.#outgoing.set(outgoing.id, outgoing)
    if (outgoing.kind === 'verdict') this.#keepBody(outgoing.id, fact.body as Verdict)
    this.#address(outgoing)
  }

  /** What was written before all that is read is for nobody but those whom it did not reach. */
  #takeDead(letters: readonly DeadLetter[]): void {
    if (letters.length === 0) return
    const dead = letters.flatMap(({ fact }) => outgoingOf(fact, (id) => this.#o.deployments.find(id)) ?? [])
    // First, as the oldest.
    this.#outgoing = new Map([...dead.map((outgoing) => [outgoing.id, outgoing] as const), ...this.#outgoing])
    for (const { attempts } of letters) for (const attempt of attempts) this.takeAttempt(attempt)
  }

  #keepBody(id: string, verdict: Verdict): void {
    this.#bodies.set(id, verdict)
    const oldest = this.#bodies.keys().next()
    if (this.#bodies.size > keptBodies && !oldest.done) this.#bodies.delete(oldest.value)
  }

  #address(outgoing: Outgoing): void {
    for (const [id, state] of this.#o.endpoints.states) {
      if (this.#records.has(deliveryId(outgoing, id)) || !isFor(state, outgoing)) continue
      this.#put(recordOf(outgoing, id, []), outgoing)
    }
  }

  #put(record: DeliveryRecord, outgoing: Outgoing): void {
    this.#records.set(record.id, record)
    this.#ofMessage.set(outgoing.id, (this.#ofMessage.get(outgoing.id) ?? new Set()).add(record.id))
    this.#chains.put(record, outgoing)
  }

  #waitingIn(endpointId: string, deploymentId: string): readonly Waiting[] {
    const state = this.#o.endpoints.states.get(endpointId)
    if (state === undefined || state.disabledBecause !== null) return []
    const endpoint = this.#o.endpoints.get(endpointId)
    return this.#chains.all(endpointId, deploymentId).flatMap(({ id, isPending }): Waiting[] => {
      const record = isPending ? this.#records.get(id) : undefined
      const outgoing = record === undefined ? undefined : this.#outgoing.get(record.messageId)
      if (record === undefined || outgoing === undefined || outgoing.writtenAt < state.toldSince) return []
      return [{ record, endpoint, outgoing, dueAt: dueAt(record, this.claimOf(id), this.#o.now()) }]
    })
  }

  #shown(record: DeliveryRecord): DeliveryRecord {
    return record.state !== 'pending' || this.#willBeSent(record)
      ? record
      : { ...record, state: 'failed', nextAt: null }
  }

  /** Whether the endpoint is on and is told of what was written then. */
  #willBeSent({ endpoint, messageId }: DeliveryRecord): boolean {
    const state = this.#o.endpoints.states.get(endpoint)
    const writtenAt = this.#outgoing.get(messageId)?.writtenAt ?? ''
    return state !== undefined && state.disabledBecause === null && writtenAt >= state.toldSince
  }

  #isOld({ writtenAt }: Pick<Outgoing, 'writtenAt'>): boolean {
    return Date.parse(writtenAt) < this.#o.now() - keptMs
  }

  #forgetOld(): void {
    const before = new Date(this.#o.now() - keptMs).toISOString()
    for (const outgoing of this.#outgoing.values()) {
      if (!this.#isOld(outgoing)) break
      for (const id of this.#ofMessage.get(outgoing.id) ?? []) {
        const record = this.#records.get(id)
        if (record !== undefined && this.#isHistory(record, before)) this.#forget(record)
      }
      if (this.#ofMessage.has(outgoing.id)) continue
      this.#outgoing.delete(outgoing.id)
      this.#bodies.delete(outgoing.id)
    }
  }

  /** Of a message that is old: what waits is put on record as dead first. It is kept for a week from its last attempt. */
  #isHistory(record: DeliveryRecord, before: string): boolean {
    if (record.state === 'pending') return !this.#willBeSent(record)
    return (record.attempts.at(-1)?.at ?? '') < before
  }

  #forget(record: DeliveryRecord): void {
    this.#records.delete(record.id)
    this.#attempts.delete(record.id)
    this.#claims.delete(record.id)
    this.#chains.forget(record)
    const others = this.#ofMessage.get(record.messageId)
    others?.delete(record.id)
    if (others?.size === 0) this.#ofMessage.delete(record.messageId)
  }
}
