import type { Verdict } from './verdict.ts'

/** Where verdicts go. */
export type Endpoint = {
  readonly id: string
  readonly url: string
  /** `verdict.changed`: every change of decision or reason; `verdict.decided`: only promote, rollback and final ones. */
  readonly events: readonly EventType[]
  readonly disabled: boolean
  readonly createdAt: string
  readonly origin: 'config' | 'api'
}

export type EventType = 'verdict.changed' | 'verdict.decided' | 'endpoint.test'

/** One message to one endpoint: `id` is stable over all attempts. */
export type Message = {
  readonly id: string
  readonly type: EventType
  readonly time: string
  readonly subject: string
  readonly data: Verdict | { readonly note: string }
}

/**
 * The result of one attempt. `retry`: the sink thinks that trying again makes sense; the caller owns when. `gone`: the
 * endpoint asked never to be called again.
 */
export type AttemptResult =
  | { readonly outcome: 'delivered'; readonly status: number }
  | {
      readonly outcome: 'retry' | 'failed' | 'gone'
      readonly status: number | null
      readonly error: string
      readonly retryAfterSeconds?: number
    }

/** A kind of end that gets verdicts. */
export interface Sink {
  deliver(
    endpoint: Endpoint,
    secrets: readonly string[],
    message: Message,
    at: Date,
    signal: AbortSignal,
  ): Promise<AttemptResult>
}
