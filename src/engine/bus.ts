import type { Deployment } from '../domain/deployment.ts'
import type { Verdict } from '../domain/verdict.ts'
import type { Logger } from '../platform/logger.ts'

/** What happened, for those who wait in this process. The rows are the truth; a missed event is found again there. */
export type EngineEvent =
  | { readonly type: 'deployment'; readonly data: Deployment }
  | { readonly type: 'verdict'; readonly data: Verdict }
  | { readonly type: 'delivery'; readonly data: DeliveryEvent }

type DeliveryEvent = {
  readonly id: string
  readonly endpoint: string
  readonly deploymentId: string
  readonly outcome: string
  readonly attempt: number
}

export type Listener = (event: EngineEvent) => void

/** Tells every listener of every event, in order. */
export class Bus {
  readonly #log: Logger
  readonly #listeners = new Set<Listener>()

  constructor(log: Logger) {
    this.#log = log
  }

  /** @returns what ends the subscription. */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** A listener that throws is logged; neither the others nor whoever publishes may suffer from it. */
  publish(event: EngineEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event)
      } catch (error) {
        this.#log.error({ err: error, event: event.type }, 'a listener of engine events failed')
      }
    }
  }
}
