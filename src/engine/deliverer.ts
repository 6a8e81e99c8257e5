import { DavyError } from '../domain/errors.ts'
import type { AttemptResult, Endpoint, Message, Sink } from '../domain/sink.ts'
import type { Verdict } from '../domain/verdict.ts'
import { derivedId } from '../platform/ids.ts'
import type { Logger } from '../platform/logger.ts'
import type { Metrics } from '../platform/metrics.ts'
import { withSpan } from '../platform/tracing.ts'
import { retryDelayMs } from '../sinks/retry-schedule.ts'
import type { Facts } from '../storage/facts.ts'
import type { Bus } from './bus.ts'
import type { Attempt, Delivery, Outgoing } from './delivery.ts'
import type { Endpoints } from './endpoints.ts'
import { Outbox, type Waiting } from './outbox.ts'

/** Attempts to one endpoint that are under way at once. Endpoints do not wait for each other. */
const parallel = 4

export type DelivererOptions = {
  readonly facts: Facts
  readonly endpoints: Endpoints
  readonly sink: Sink
  readonly bus: Bus
  readonly log: Logger
  readonly metrics: Metrics
  readonly now: () => number
  readonly random: () => number
}

/** What is due at one endpoint, and how many take from it. */
type Lane = { queue: Waiting[]; workers: number }

/** What came of a sending, for as long as it is not on record. */
type Sent = { readonly at: number; readonly result: AttemptResult }

/**
 * Brings verdict changes to endpoints, at least once, with an id that is stable over all attempts. A crash between
 * sending and recording sends twice, and never not at all.
 */
export class Deliverer {
  readonly #o: DelivererOptions
  readonly #outbox: Outbox
  readonly #lanes = new Map<string, Lane>()
  readonly #underway = new Set<string>()
  readonly #working = new Set<Promise<void>>()
  /** Sendings whose record failed: recording is what is repeated then, and not the sending. */
  readonly #unrecorded = new Map<string, Sent>()

  constructor(options: DelivererOptions) {
    this.#o = options
    this.#outbox = new Outbox(options.facts, options.endpoints, options.now)
  }

  /**
   * Starts the attempts that are due and does not wait for them, so that an endpoint that hangs holds up none of the
   * others and nothing that comes later. Rollbacks go first.
   */
  async tick(signal: AbortSignal): Promise<void> {
    await this.refresh()
    const now = this.#o.now()
    const waiting = this.#outbox.waiting()
    this.#measure(waiting, now)
    const due = waiting.filter(({ dueAt, delivery }) => dueAt <= now && !this.#underway.has(delivery.id))
    for (const lane of this.#lanes.values()) lane.queue = []
    for (const item of due.sort(byUrgency)) this.#laneOf(item.endpoint).queue.push(item)
    for (const [endpointId, lane] of this.#lanes) {
      while (lane.queue.length > 0 && lane.workers < parallel && !signal.aborted) this.#startWorker(lane, signal)
      if (lane.workers === 0) this.#lanes.delete(endpointId)
    }
  }

  /** Resolves once nothing is under way. */
  async idle(): Promise<void> {
    while (this.#working.size > 0) await Promise.all(this.#working)
  }

  /** Takes in new rows; readers that must not be stale await it first. */
  refresh(): Promise<void> {
    return this.#outbox.refresh()
  }

  /** Of the last week, newest first. */
  list(): readonly Delivery[] {
    return this.#outbox.list()
  }

  /** Sends a delivery's message once more, whatever became of it. @throws DavyError NOT_FOUND */
  async replay(id: string, signal: AbortSignal): Promise<Delivery> {
    await this.refresh()
    const found = this.#outbox.find(id)
    if (found === null) {
      throw new DavyError('NOT_FOUND', `There is no delivery ${JSON.stringify(id.slice(0, 64))}.`, {
        expected: 'an id from GET /api/v1/deliveries',
        where: 'id',
      })
    }
    const endpoint = this.#o.endpoints.get(found.delivery.endpoint)
    await this.#attempt({ ...found, endpoint, dueAt: 0 }, signal)
    await this.refresh()
    return this.#outbox.find(id)?.delivery ?? found.delivery
  }

  /** Sends a test message to an endpoint, once, and answers with what came of it. */
  async test(endpointId: string, signal: AbortSignal): Promise<AttemptResult> {
    await this.#o.endpoints.refresh()
    const endpoint = this.#o.endpoints.get(endpointId)
    const now = this.#o.now()
    const message: Message = {
      id: derivedId(now, 'test', endpointId, String(this.#o.random())),
      type: 'endpoint.test',
      time: new Date(now).toISOString(),
      subject: endpointId,
      data: { note: 'Davy reaches this endpoint, and its signature can be verified.' },
    }
    return this.#o.sink.deliver(endpoint, this.#o.endpoints.secretsOf(endpointId), message, new Date(now), signal)
  }

  #measure(waiting: readonly Waiting[], now: number): void {
    const { webhookPending, webhookOldestPending, webhookDeliveries } = this.#o.metrics
    webhookPending.set(waiting.length)
    const oldest = waiting.reduce((least, { outgoing }) => Math.min(least, Date.parse(outgoing.writtenAt)), now)
    webhookOldestPending.set((now - oldest) / 1000)
    // An increase from nothing to one is seen only where there was a nothing.
    for (const { id: endpoint, disabled } of this.#o.endpoints.list()) {
      if (disabled) continue
      for (const outcome of ['delivered', 'retry', 'failed']) webhookDeliveries.inc({ endpoint, outcome }, 0)
    }
  }

  #laneOf({ id }: Endpoint): Lane {
    const lane = this.#lanes.get(id) ?? { queue: [], workers: 0 }
    this.#lanes.set(id, lane)
    return lane
  }

  #startWorker(lane: Lane, signal: AbortSignal): void {
    lane.workers += 1
    const working = this.#work(lane, signal).finally(() => {
      lane.workers -= 1
      this.#working.delete(working)
    })
    this.#working.add(working)
  }

  /** Attempts one delivery after the other until the lane is empty. */
  async #work(lane: Lane, signal: AbortSignal): Promise<void> {
    for (let item = lane.queue.shift(); item !== undefined && !signal.aborted; item = lane.queue.shift()) {
      const { delivery, endpoint } = item
      this.#underway.add(delivery.id)
      try {
        // Another attempt may have been answered with 410 meanwhile.
        if (!this.#o.endpoints.get(endpoint.id).disabled) await this.#attempt(item, signal)
      } catch (error) {
        if (signal.aborted) return
        this.#o.log.error(
          { err: error, deliveryId: delivery.id, endpoint: endpoint.id },
          'a delivery could not be attempted or its attempt not recorded; the next round tries again',
        )
      } finally {
        this.#underway.delete(delivery.id)
      }
    }
  }

  async #attempt({ delivery, endpoint, outgoing }: Waiting, signal: AbortSignal): Promise<void> {
    const sent = this.#unrecorded.get(delivery.id) ?? (await this.#send(delivery, endpoint, outgoing, signal))
    // An attempt that our own stop cut off is not the receiver's failure; the next start makes it again.
    if (signal.aborted && sent.result.outcome !== 'delivered') return
    this.#unrecorded.set(delivery.id, sent)
    await this.#record(delivery, endpoint, outgoing, sent)
    this.#unrecorded.delete(delivery.id)
  }

  async #send(delivery: Delivery, endpoint: Endpoint, outgoing: Outgoing, signal: AbortSignal): Promise<Sent> {
    const [fact] = await this.#o.facts.list<Verdict>({ kind: 'verdict', key: outgoing.key })
    if (fact === undefined) throw new Error(`the verdict ${outgoing.key} cannot be read`)
    const { id, type, time, deploymentId: subject } = outgoing
    const message: Message = { id, type, time, subject, data: fact.body }
    const at = this.#o.now()
    const stop = this.#o.metrics.webhookDeliveryDuration.startTimer({ endpoint: endpoint.id })
    const attributes = { 'deployment.id': delivery.deploymentId, 'davy.endpoint': endpoint.id }
    const result = await withSpan('davy.webhook.deliver', attributes, () =>
      this.#o.sink.deliver(endpoint, this.#o.endpoints.secretsOf(endpoint.id), message, new Date(at), signal),
    )
    stop()
    return { at, result }
  }

  async #record(delivery: Delivery, endpoint: Endpoint, outgoing: Outgoing, { at, result }: Sent): Promise<void> {
    let attempt = this.#attemptOf(delivery, endpoint, outgoing, at, result, delivery.attempts.length + 1)
    for (;;) {
      const key = `${delivery.id}/${attempt.attempt}`
      const { won, body } = await this.#o.facts.putOnce('attempt', key, delivery.deploymentId, attempt)
      this.#outbox.takeAttempt(body)
      // Not won, but the same: an earlier recording failed after its row was there.
      if (won || body.at === attempt.at) break
      // The number is taken: a replay, or another process, attempted at the same time.
      attempt = this.#attemptOf(delivery, endpoint, outgoing, at, result, attempt.attempt + 1)
    }
    if (result.outcome === 'gone') await this.#o.endpoints.disable(endpoint.id)
    this.#tellOf(delivery, endpoint, attempt)
  }

  #attemptOf(
    delivery: Delivery,
    endpoint: Endpoint,
    { id, type, isRollback }: Outgoing,
    at: number,
    result: AttemptResult,
    attempt: number,
  ): Attempt {
    const { outcome, status } = result
    const delay =
      result.outcome === 'retry' ? retryDelayMs(isRollback, attempt, this.#o.random(), result.retryAfterSeconds) : null
    return {
      deliveryId: delivery.id,
      messageId: id,
      type,
      endpoint: endpoint.id,
      attempt,
      at: new Date(at).toISOString(),
      outcome,
      status,
      error: result.outcome === 'delivered' ? null : result.error,
      nextAt: delay === null ? null : new Date(this.#o.now() + delay).toISOString(),
    }
  }

  #tellOf({ id, deploymentId }: Delivery, { id: endpoint }: Endpoint, made: Attempt): void {
    const { outcome, attempt, status, error, nextAt } = made
    const isLost = outcome !== 'delivered' && nextAt === null
    this.#o.metrics.webhookDeliveries.inc({ endpoint, outcome: isLost ? 'failed' : outcome })
    const fields = { deliveryId: id, deploymentId, endpoint, attempt, status, error, nextAt }
    if (outcome === 'delivered') this.#o.log.info(fields, 'a verdict was delivered')
    else if (isLost) this.#o.log.error(fields, 'a verdict was not delivered; no attempt is left')
    else this.#o.log.warn(fields, 'a delivery failed; it is tried again')
    this.#o.bus.publish({ type: 'delivery', data: { id, endpoint, deploymentId, outcome, attempt } })
  }
}

/** Rollbacks first, then what waits longest. */
function byUrgency(a: Waiting, b: Waiting): number {
  return Number(b.outgoing.isRollback) - Number(a.outgoing.isRollback) || a.dueAt - b.dueAt
}
