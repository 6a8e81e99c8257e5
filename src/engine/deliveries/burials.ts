import type { DeliveryLog, DeliveryLogOptions } from './log.ts'
import type { Outbox } from './outbox.ts'
import { settledUpTo } from './reads-from.ts'
import { retriedForMs } from './retry-delay.ts'
import type { Waiting } from './select.ts'

/** So many are put on record as dead in one round. */
const buriedAtOnce = 50

/** What is not attempted any more, and why. */
type Given = { readonly item: Waiting; readonly why: string }

/** What the deliverer knows when a round ends. */
export type Circumstances = {
  /** Whether nothing reaches the endpoint. */
  readonly isDown: (endpointId: string) => boolean
  readonly isUnderway: (deliveryId: string) => boolean
  readonly isForTraffic: (deliveryId: string) => boolean
}

/** Puts on record as dead what nobody will get, so that it is told and can be replayed, and is never just gone. */
export class Burials {
  readonly #o: Pick<DeliveryLogOptions, 'facts' | 'endpoints' | 'now'>
  readonly #outbox: Outbox
  readonly #log: DeliveryLog
  #settledUpTo = ''

  constructor(options: Pick<DeliveryLogOptions, 'facts' | 'endpoints' | 'now'>, outbox: Outbox, log: DeliveryLog) {
    this.#o = options
    this.#outbox = outbox
    this.#log = log
  }

  /** One round, after the outbox has read what there is. @returns the ids of those that are dead now. */
  async round(circumstances: Circumstances): Promise<readonly string[]> {
    const { isDown, isUnderway } = circumstances
    const now = this.#o.now()
    const given: Given[] = []
    let isSettled = true
    for (const [endpointId, { disabledBecause }] of this.#o.endpoints.states) {
      if (disabledBecause !== null) continue
      if (isDown(endpointId)) given.push(...this.#givenUpAt(endpointId, now))
      const overdue = this.#overdueAt(endpointId, circumstances)
      if (overdue.length > 0) isSettled = false
      given.push(...overdue)
    }
    const dead = given.filter(({ item }) => !isUnderway(item.record.id)).slice(0, buriedAtOnce)
    for (const { item, why } of dead) await this.#log.bury(item, why)
    if (isSettled) await this.#noteSettled(now)
    return dead.map(({ item }) => item.record.id)
  }

  /** What is a day old and was never attempted, since nothing reached the endpoint. */
  #givenUpAt(endpointId: string, now: number): Given[] {
    const before = new Date(now - retriedForMs).toISOString()
    const why = 'never attempted: nothing has reached the endpoint for a day'
    const given: Given[] = []
    for (const chain of this.#outbox.chainsOf(endpointId, ({ writtenAt }) => writtenAt < before)) {
      const [item] = chain
      if (item !== undefined && item.record.attempts.length === 0 && item.outgoing.writtenAt < before)
        given.push({ item, why })
      if (given.length >= buriedAtOnce) break
    }
    return given
  }

  /** What nobody got and nobody refused within a week, for whatever reason. */
  #overdueAt(endpointId: string, { isUnderway, isForTraffic }: Circumstances): Given[] {
    const given: Given[] = []
    let count = 0
    for (const item of this.#outbox.overdueOf(endpointId)) {
      given.push({ item, why: isForTraffic(item.record.id) ? notBack : notDelivered })
      if (!isUnderway(item.record.id)) count += 1
      if (count >= buriedAtOnce) break
    }
    return given
  }

  /** Only then: whoever starts after a crash in the middle must find what is not on record yet. */
  async #noteSettled(now: number): Promise<void> {
    const upTo = settledUpTo(now)
    if (upTo === this.#settledUpTo) return
    await this.#o.facts.putOnce('deliveries-settled', upTo, '', {})
    this.#settledUpTo = upTo
  }
}

const notDelivered =
  'not delivered within a week: the gate said nothing, the receiver asked to wait, others were first, or Davy was down'
const notBack =
  'not delivered within a week: the traffic was not seen to be back, and nobody said that the rollback is done'
