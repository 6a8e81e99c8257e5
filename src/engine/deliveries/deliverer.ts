import { DavyError } from '../../domain/errors.ts'
import type { AttemptResult, Endpoint, Message } from '../../domain/sink.ts'
import { isPauseOn } from '../../platform/backoff.ts'
import { derivedId } from '../../platform/ids.ts'
import { coalesce } from '../coalesce.ts'
import type { DeliveryRecord } from './attempt.ts'
import { Burials } from './burials.ts'
import { claim } from './claim.ts'
import { Dispatcher, type DispatcherOptions } from './dispatcher.ts'
import { Lane } from './lane.ts'
import { DeliveryLog } from './log.ts'
import { Outbox } from './outbox.ts'
import { type Circumspection, reasonToStay, waitsForTraffic } from './reason-to-stay.ts'
import { mayGo, type Waiting } from './select.ts'

/** What the gate does not say just now, or what could not be attempted or recorded, is taken up again after this time. */
const heldMs = 1_000

/** Whether traffic is back is asked so seldom: it takes a query, and rollups are of ten seconds. */
const lookedForMs = 10_000

export type DelivererOptions = Omit<DispatcherOptions, 'runsSince'> & {
  /** Whether other processes may deliver from the same storage. */
  readonly isShared: boolean
}

/**
 * Brings messages to endpoints, at least once, with an id that is stable over all attempts: select, claim, render, sign,
 * send, log. A crash between sending and recording sends twice, and never not at all.
 */
export class Deliverer {
  readonly #o: DelivererOptions
  readonly #outbox: Outbox
  readonly #dispatcher: Dispatcher
  readonly #burials: Burials
  readonly #circumspection: Circumspection
  readonly #lanes = new Map<string, Lane>()
  readonly #underway = new Set<string>()
  readonly #working = new Set<Promise<void>>()
  /** Of deliveries that were put off, Unix milliseconds until when. */
  readonly #heldUntil = new Map<string, number>()
  /** Deliveries that wait for traffic to come back, which is not a backlog. */
  readonly #forTraffic = new Set<string>()
  readonly #round: () => Promise<void>
  #stop: AbortSignal = new AbortController().signal
  #isFinishing = false

  constructor(options: DelivererOptions) {
    this.#o = options
    this.#outbox = new Outbox(options)
    const deliveryLog = new DeliveryLog(options, this.#outbox)
    this.#burials = new Burials(options, this.#outbox, deliveryLog)
    const circumspect = { ...options, runsSince: options.now() }
    this.#circumspection = circumspect
    this.#dispatcher = new Dispatcher(circumspect, this.#outbox, deliveryLog)
    this.#round = coalesce(() => this.#startDue())
  }

  /**
   * Starts the attempts that are due and does not wait for them, so that an endpoint that hangs holds up none of the
   * others and nothing that comes later. Rollbacks go first.
   */
  tick(signal: AbortSignal): Promise<void> {
    this.#stop = signal
    return this.#round()
  }

  /** Delivers at once what events of this process announce, without waiting for the next tick. @returns the end of it. */
  follow(signal: AbortSignal): () => void {
    return this.#o.bus.subscribe(({ type }) => {
      if (type !== 'delivery' && !signal.aborted) this.#tickAtOnce(signal)
    })
  }

  #tickAtOnce(signal: AbortSignal): void {
    this.tick(signal).catch((error: unknown) => {
      if (!signal.aborted) this.#o.log.error({ err: error }, 'deliveries could not start; the next tick tries again')
    })
  }

  /** Starts no further attempt. @returns the end of those that are under way, each on record. */
  finish(): Promise<void> {
    this.#isFinishing = true
    return this.idle()
  }

  /** Resolves once nothing is under way. */
  async idle(): Promise<void> {
    while (this.#working.size > 0) await Promise.all(this.#working)
  }

  /** Takes in new rows; readers that must not be stale await it first. */
  refresh(): Promise<void> {
    return this.#outbox.refresh()
  }

  /** Of the last week, and what waits or died within it, newest first. */
  list(): readonly DeliveryRecord[] {
    return this.#outbox.list()
  }

  /**
   * Sends a delivery's message once more, whatever became of it.
   * @throws DavyError NOT_FOUND; CONFLICT when its endpoint was removed or the gate does not say just now what it says.
   */
  async replay(id: string, signal: AbortSignal): Promise<DeliveryRecord> {
    await this.refresh()
    const found = this.#outbox.find(id)
    if (found === null) {
      throw new DavyError('NOT_FOUND', `There is no delivery ${JSON.stringify(id.slice(0, 64))}.`, {
        expected: 'an id from GET /api/v1/deliveries',
        where: 'id',
      })
    }
    const attempted = { ...found, endpoint: this.#presentEndpoint(found.record.endpoint) }
    if (!(await this.#dispatcher.attempt(attempted, signal)) && !signal.aborted)
      throw new DavyError('CONFLICT', 'The message decides something, and the gate does not say so just now.', {
        expected: 'a gate that is decided: the newest verdict holds, and the kill switch is off',
        where: `/api/v1/deployments/${found.record.deploymentId}/verdict`,
      })
    await this.refresh()
    return this.#outbox.find(id)?.record ?? found.record
  }

  /** Sends a test message to an endpoint, once, and answers with what came of it. */
  async test(endpointId: string, signal: AbortSignal): Promise<AttemptResult> {
    await this.#o.endpoints.refresh()
    this.#presentEndpoint(endpointId)
    const now = this.#o.now()
    const message: Message = {
      id: derivedId(now, 'test', endpointId, String(this.#o.random())),
      type: 'endpoint.test',
      time: new Date(now).toISOString(),
      subject: endpointId,
      data: { note: 'Davy reaches this endpoint.' },
    }
    return this.#dispatcher.send(
      endpointId,
      message,
      { deployment: null, receipts: [], isOvertaken: false },
      now,
      signal,
    )
  }

  /** @throws DavyError NOT_FOUND; CONFLICT: what was removed is not sent to by hand either. */
  #presentEndpoint(id: string): Endpoint {
    const endpoint = this.#o.endpoints.get(id)
    if (this.#o.endpoints.states.get(id)?.isRemoved !== true) return endpoint
    throw new DavyError('CONFLICT', `Endpoint ${id} was removed.`, { expected: 'a new one by POST /api/v1/endpoints' })
  }

  async #startDue(): Promise<void> {
    await this.refresh()
    const now = this.#o.now()
    this.#measure(now)
    for (const [endpointId, { disabledBecause }] of this.#o.endpoints.states) {
      if (disabledBecause !== null) continue
      const lane = this.#laneOf(endpointId)
      lane.replace(this.#dueAt(endpointId, lane.isResting(now), now))
      while (lane.hasRoom(now) && !this.#stop.aborted && !this.#isFinishing) this.#startWorker(lane)
      if (lane.isIdle) this.#lanes.delete(endpointId)
    }
    const dead = await this.#burials.round({
      isDown: (endpointId) => this.#lanes.get(endpointId)?.isDown === true,
      isUnderway: (id) => this.#underway.has(id),
      isForTraffic: (id) => this.#forTraffic.has(id),
    })
    for (const id of dead) {
      this.#forTraffic.delete(id)
      this.#heldUntil.delete(id)
    }
  }

  #dueAt(endpointId: string, onlyRollbacks: boolean, now: number): Waiting[] {
    const due: Waiting[] = []
    for (const chain of this.#outbox.chainsOf(endpointId, ({ isRollback }) => isRollback || !onlyRollbacks)) {
      const item = mayGo(chain, now, (id) => this.#underway.has(id))
      if (item !== null && !this.#isHeld(item, now)) due.push(item)
    }
    return due
  }

  #isHeld({ record: { id } }: Waiting, now: number): boolean {
    const isHeld = isPauseOn(this.#heldUntil.get(id) ?? 0, lookedForMs, now)
    if (!isHeld) this.#heldUntil.delete(id)
    return isHeld
  }

  #measure(now: number): void {
    const { webhookPending, webhookOldestPending, webhookDeliveries, webhookEndpointGone } = this.#o.metrics
    const { count, oldest } = this.#outbox.waiting((id) => this.#forTraffic.has(id))
    webhookPending.set(count)
    webhookOldestPending.set(oldest === null ? 0 : (now - Date.parse(oldest)) / 1000)
    webhookEndpointGone.reset()
    for (const endpoint of this.#o.endpoints.gone()) webhookEndpointGone.set({ endpoint }, 1)
    // An increase from nothing to one is seen only where there was a nothing.
    for (const { id: endpoint, disabled } of this.#o.endpoints.list()) {
      if (disabled) continue
      webhookEndpointGone.set({ endpoint }, 0)
      for (const outcome of ['delivered', 'retry', 'failed']) webhookDeliveries.inc({ endpoint, outcome }, 0)
    }
  }

  #laneOf(endpointId: string): Lane {
    const lane = this.#lanes.get(endpointId) ?? new Lane()
    this.#lanes.set(endpointId, lane)
    return lane
  }

  #startWorker(lane: Lane): void {
    lane.workers += 1
    const working = this.#work(lane).finally(() => {
      lane.workers -= 1
      this.#working.delete(working)
    })
    this.#working.add(working)
  }

  /** Attempts one delivery after the other until nothing is due in the lane. */
  async #work(lane: Lane): Promise<void> {
    const signal = this.#stop
    while (!signal.aborted && !this.#isFinishing) {
      const now = this.#o.now()
      const item = lane.next(now)
      if (item === undefined) {
        if (lane.isDrained) this.#tickAtOnce(signal)
        return
      }
      const { record, endpoint } = item
      // It may have been attempted, overtaken or switched off since it was put into the lane.
      if (this.#nextOf(item)?.record.id !== record.id) continue
      this.#underway.add(record.id)
      try {
        if ((await reasonToStay(this.#circumspection, item)) === 'wait') {
          this.#heldUntil.set(record.id, now + heldMs)
          continue
        }
        const receipts = this.#outbox.receiptsOf(endpoint.id, record.deploymentId)
        if (await waitsForTraffic(this.#circumspection, item, receipts)) {
          this.#heldUntil.set(record.id, now + lookedForMs)
          this.#forTraffic.add(record.id)
          continue
        }
        this.#forTraffic.delete(record.id)
        if (await this.#isMine(item, now))
          await this.#dispatcher.attempt(item, signal, (result) => lane.note(result, this.#o.now()))
      } catch (error) {
        if (signal.aborted) return
        // A storage that takes no rows is not asked as fast as it refuses.
        this.#heldUntil.set(record.id, now + heldMs)
        this.#o.log.error(
          { err: error, deliveryId: record.id, endpoint: endpoint.id },
          'a delivery could not be attempted or its attempt not recorded; the next round tries again',
        )
        continue
      } finally {
        this.#underway.delete(record.id)
      }
      const following = this.#nextOf(item)
      if (following !== null && following.record.id !== record.id) lane.add(following)
    }
  }

  #nextOf({ record: { endpoint, deploymentId } }: Waiting): Waiting | null {
    return mayGo(this.#outbox.chainOf(endpoint, deploymentId), this.#o.now(), (id) => this.#underway.has(id))
  }

  async #isMine({ record }: Waiting, now: number): Promise<boolean> {
    if (!this.#o.isShared || this.#dispatcher.isUnrecorded(record.id)) return true
    const { won, claim: standing } = await claim(this.#o.facts, record, this.#outbox.claimOf(record.id), now)
    this.#outbox.takeClaim(standing)
    return won
  }
}
