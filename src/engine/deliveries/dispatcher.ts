import type { AttemptResult, Delivery, Message, Ports } from '../../domain/sink.ts'
import { withSpan } from '../../platform/tracing.ts'
import type { Attempted, DeliveryLog, DeliveryLogOptions, Made } from './log.ts'
import type { Outbox } from './outbox.ts'
import { type Circumspection, reasonToStay } from './reason-to-stay.ts'
import { approvalOf, messageOf, noticeOf } from './render.ts'
import { send } from './send.ts'

export type DispatcherOptions = DeliveryLogOptions &
  Circumspection & {
    readonly ports: Ports
    readonly publicUrl: string
  }

/** What a format is told beside the message. */
type Circumstances = Pick<Delivery, 'deployment' | 'receipts' | 'isOvertaken' | 'approval'>

/** Makes one attempt at a time: renders, signs and sends a message, and puts on record what came of it. */
export class Dispatcher {
  readonly #o: DispatcherOptions
  readonly #outbox: Outbox
  readonly #deliveryLog: DeliveryLog
  /** Sendings whose record failed: recording is what is repeated then, and not the sending. */
  readonly #unrecorded = new Map<string, Made>()

  constructor(options: DispatcherOptions, outbox: Outbox, deliveryLog: DeliveryLog) {
    this.#o = options
    this.#outbox = outbox
    this.#deliveryLog = deliveryLog
  }

  /** Whether a delivery was sent, and only its record is missing. */
  isUnrecorded(deliveryId: string): boolean {
    return this.#unrecorded.has(deliveryId)
  }

  /**
   * @param onResult is told what a sending came to before that is on record
   * @returns whether something came of it that is on record now; false: it waits, or our own stop cut it off.
   * @throws what the storage throws: the same call again records what was sent, and does not send again.
   */
  async attempt(
    attempted: Attempted,
    signal: AbortSignal,
    onResult: (result: AttemptResult) => void = () => undefined,
  ): Promise<boolean> {
    const { id } = attempted.record
    let made = this.#unrecorded.get(id)
    if (made === undefined) {
      const stay = await reasonToStay(this.#o, attempted)
      if (stay === 'wait') return false
      if (stay !== null) made = { at: this.#o.now(), result: { outcome: 'skipped', note: stay } }
    }
    if (made === undefined) {
      made = await this.#make(attempted, signal)
      // An attempt that our own stop cut off is not the receiver's failure; the next start makes it again.
      if (signal.aborted && made.result.outcome === 'retry') return false
      onResult(made.result)
      this.#unrecorded.set(id, made)
    }
    await this.#deliveryLog.record(attempted, made)
    this.#unrecorded.delete(id)
    return true
  }

  async #make({ record, endpoint, outgoing }: Attempted, signal: AbortSignal): Promise<Made> {
    const message = await messageOf(this.#o, outgoing, this.#outbox.bodyOf(outgoing.id))
    const deployment = this.#o.deployments.find(record.deploymentId)
    const approval = await approvalOf(this.#o.facts, outgoing)
    const circumstances = {
      deployment: deployment === null ? null : noticeOf(deployment, this.#o.publicUrl),
      receipts: this.#outbox.receiptsOf(endpoint.id, record.deploymentId),
      isOvertaken: this.#outbox.isOvertaken(record),
      ...(approval === null ? {} : { approval }),
    }
    const at = this.#o.now()
    return { at, result: await this.send(endpoint.id, message, circumstances, at, signal) }
  }

  /** Sends a message and puts nothing on record. @param at Unix milliseconds, what the signature says. */
  async send(
    endpointId: string,
    message: Message,
    circumstances: Circumstances,
    at: number,
    signal: AbortSignal,
  ): Promise<AttemptResult> {
    const { endpoints, sinks, ports, metrics, log } = this.#o
    const endpoint = endpoints.get(endpointId)
    const sink = sinks.get(endpoint.format)
    if (sink === undefined)
      return { outcome: 'failed', status: null, error: `this version of Davy has no format ${endpoint.format}` }
    const stop = metrics.webhookDeliveryDuration.startTimer({ endpoint: endpointId })
    const attributes = { 'deployment.id': message.subject, 'davy.endpoint': endpointId, 'davy.format': endpoint.format }
    const delivery: Delivery = {
      ...{ endpoint, secrets: endpoints.secretsOf(endpointId), message, ...circumstances, at: new Date(at) },
    }
    const onFault = (error: unknown) =>
      log.error({ err: error, endpoint: endpointId, format: endpoint.format, messageId: message.id }, 'a format failed')
    const result = await withSpan('davy.webhook.deliver', attributes, () =>
      send(sink, delivery, ports, signal, onFault),
    )
    stop()
    return result
  }
}
