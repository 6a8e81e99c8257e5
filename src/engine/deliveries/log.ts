import type { AttemptResult, Endpoint } from '../../domain/sink.ts'
import type { Logger } from '../../platform/logger.ts'
import type { Metrics } from '../../platform/metrics.ts'
import type { Facts } from '../../storage/facts.ts'
import type { Bus } from '../bus.ts'
import type { Attempt, DeliveryRecord } from './attempt.ts'
import type { Endpoints } from './endpoints.ts'
import type { Outbox } from './outbox.ts'
import type { Outgoing } from './outgoing.ts'
import { retryDelayMs } from './retry-delay.ts'

export type DeliveryLogOptions = {
  readonly facts: Facts
  readonly endpoints: Endpoints
  readonly bus: Bus
  readonly log: Logger
  readonly metrics: Metrics
  readonly now: () => number
  readonly random: () => number
}

/** An attempt that was made: `at` when it began, Unix milliseconds. */
export type Made = { readonly at: number; readonly result: AttemptResult }

/** What is attempted, and for whom. */
export type Attempted = {
  readonly record: DeliveryRecord
  readonly endpoint: Endpoint
  readonly outgoing: Outgoing
}

/** Puts attempts on record, decides about the next one, and tells of it. */
export class DeliveryLog {
  readonly #o: DeliveryLogOptions
  readonly #outbox: Outbox

  constructor(options: DeliveryLogOptions, outbox: Outbox) {
    this.#o = options
    this.#outbox = outbox
  }

  /** @throws what the storage throws: the attempt is not on record then, and recording it again is what to do. */
  async record(attempted: Attempted, made: Made): Promise<void> {
    const { record, endpoint } = attempted
    let attempt = this.#attemptOf(attempted, made, (record.attempts.at(-1)?.attempt ?? 0) + 1)
    for (;;) {
      const key = `${record.id}/${attempt.attempt}`
      const { won, body } = await this.#o.facts.putOnce('attempt', key, record.deploymentId, attempt)
      this.#outbox.takeAttempt(body)
      // Not won, but the same: an earlier recording failed after its row was there.
      if (won || body.at === attempt.at) break
      // The number is taken: a replay, or another process, attempted at the same time.
      attempt = this.#attemptOf(attempted, made, attempt.attempt + 1)
    }
    if (made.result.outcome === 'gone') await this.#o.endpoints.markGone(endpoint.id, made.result.error)
    this.#tellOf(attempted, attempt)
  }

  /**
   * Puts on record as dead what is not attempted any more, to be replayed by hand; nothing when something else is on
   * record by now: another process's attempt, or its burial.
   * @throws what the storage throws.
   */
  async bury(attempted: Attempted, error: string): Promise<void> {
    const { record } = attempted
    const made: Made = { at: this.#o.now(), result: { outcome: 'failed', status: null, error } }
    const attempt = this.#attemptOf(attempted, made, (record.attempts.at(-1)?.attempt ?? 0) + 1)
    const key = `${record.id}/${attempt.attempt}`
    const { won, body } = await this.#o.facts.putOnce('attempt', key, record.deploymentId, attempt)
    this.#outbox.takeAttempt(body)
    if (won) this.#tellOf(attempted, attempt)
  }

  #attemptOf({ record, endpoint, outgoing }: Attempted, { at, result }: Made, attempt: number): Attempt {
    const nextAt = result.outcome === 'retry' ? this.#nextAt({ record, outgoing }, at, result.retryAfterSeconds) : null
    const isDone = result.outcome === 'delivered' || result.outcome === 'skipped'
    const isDead = !isDone && nextAt === null
    return {
      deliveryId: record.id,
      messageId: outgoing.id,
      type: outgoing.type,
      endpoint: endpoint.id,
      attempt,
      at: new Date(at).toISOString(),
      outcome: result.outcome,
      status: result.outcome === 'skipped' ? null : result.status,
      error: isDone ? null : result.error,
      note: isDone ? (result.note ?? null) : null,
      receipt: result.outcome === 'skipped' ? null : (result.receipt ?? null),
      nextAt,
      ...(isDead ? { of: { kind: outgoing.kind, key: outgoing.key } } : {}),
    }
  }

  #nextAt({ record, outgoing }: Pick<Attempted, 'record' | 'outgoing'>, at: number, retryAfterSeconds = 0) {
    const first = record.attempts[0]
    const failure = {
      isRollback: outgoing.decision === 'rollback',
      attempts: record.attempts.length + 1,
      sinceFirstMs: first === undefined ? 0 : at - Date.parse(first.at),
      retryAfterSeconds,
    }
    const delayMs = retryDelayMs(failure, this.#o.random())
    return delayMs === null ? null : new Date(this.#o.now() + delayMs).toISOString()
  }

  #tellOf({ record, endpoint: { id: endpoint, format } }: Attempted, made: Attempt): void {
    const { id, deploymentId } = record
    const { outcome, attempt, status, error, note, nextAt } = made
    const isLost = outcome !== 'delivered' && outcome !== 'skipped' && nextAt === null
    if (outcome !== 'skipped') this.#o.metrics.webhookDeliveries.inc({ endpoint, outcome: isLost ? 'failed' : outcome })
    const fields = { deliveryId: id, deploymentId, endpoint, format, attempt, status, error, note, nextAt }
    if (outcome === 'delivered') this.#o.log.info(fields, 'a message was delivered')
    else if (outcome === 'skipped') this.#o.log.debug(fields, 'a message was not sent: its format has nothing to say')
    else if (isLost) this.#o.log.error(fields, 'a message was not delivered; no attempt is left')
    else this.#o.log.warn(fields, 'a delivery failed; it is tried again')
    this.#o.bus.publish({ type: 'delivery', data: { id, endpoint, deploymentId, outcome, attempt } })
  }
}
