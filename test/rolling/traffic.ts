import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { protobufTraces, type RequestSpan } from '../davy.ts'

const senders = 4
const spansPerBody = 24
const pauseMs = 60
const retryAfterMs = 200
const podsPerVersion = 3

/** What became of the bodies that were sent. */
export type Sent = {
  /** Spans of the bodies that were answered with 200, by service. */
  readonly acknowledged: ReadonlyMap<string, number>
  /** Answers by their status. */
  readonly statuses: ReadonlyMap<number, number>
  /** Calls that broke off without an answer; their bodies were sent again, as exporters do. */
  readonly broken: readonly string[]
}

/**
 * Requests of two services, each in two versions on three pods, sent in small bodies over connections that are kept, as
 * exporters keep theirs; a body that was not taken is sent again until it is. The canary of `checkout` begins to fail when it is told.
 */
export class Traffic {
  readonly #url: () => string
  readonly #agent = new Agent({ connections: senders, keepAliveTimeout: 10_000 })
  readonly #acknowledged = new Map<string, number>()
  readonly #statuses = new Map<number, number>()
  readonly #broken: string[] = []
  #shareFailing = 0.02
  #isOver = false
  #isAbandoned = false
  #sending: Promise<unknown> | null = null

  /** @param url of OTLP over HTTP. */
  constructor(url: () => string) {
    this.#url = url
  }

  get sent(): Sent {
    return { acknowledged: this.#acknowledged, statuses: this.#statuses, broken: this.#broken }
  }

  start(): void {
    this.#sending = Promise.all(Array.from({ length: senders }, () => this.#send()))
  }

  /** From now on so many of the requests to the canary of `checkout` fail. */
  breakCanary(share: number): void {
    this.#shareFailing = share
  }

  /** Resolves when the last body has its answer. */
  async stop(): Promise<void> {
    this.#isOver = true
    await this.#sending
    await this.#agent.close()
  }

  /** Ends it whatever waits for an answer. */
  async abandon(): Promise<void> {
    this.#isOver = true
    this.#isAbandoned = true
    await this.#agent.destroy()
    await this.#sending?.catch(() => undefined)
  }

  async #send(): Promise<void> {
    while (!this.#isOver) {
      const spans = Array.from({ length: spansPerBody }, (_, index) => this.#span(index))
      const body = protobufTraces(spans)
      while (!(await this.#isTaken(body))) {
        if (this.#isAbandoned) return
        await sleep(retryAfterMs)
      }
      for (const { service } of spans) this.#acknowledged.set(service, (this.#acknowledged.get(service) ?? 0) + 1)
      await sleep(pauseMs)
    }
  }

  #span(index: number): RequestSpan {
    const service = index % 2 === 0 ? 'checkout' : 'cart'
    const version = (index >> 1) % 2 === 0 ? '1' : '2'
    const pod = `${service}-${version}-${Math.floor(Math.random() * podsPerVersion)}`
    const share = service === 'checkout' && version === '2' ? this.#shareFailing : 0.02
    return {
      ...{ service, version, pod, route: 'POST /pay', endAt: Date.now() },
      seconds: 0.02 * Math.exp(Math.random() - 0.5),
      error: Math.random() < share,
    }
  }

  /** @throws Error for an answer after which nobody may send again. */
  async #isTaken(body: Buffer): Promise<boolean> {
    let status: number
    let text: string
    try {
      const response = await request(`${this.#url()}/v1/traces`, {
        method: 'POST',
        dispatcher: this.#agent,
        headers: { 'content-type': 'application/x-protobuf' },
        body,
      })
      status = response.statusCode
      text = await response.body.text()
    } catch (error) {
      this.#broken.push(`${new Date().toISOString()} ${(error as Error).message}`)
      return false
    }
    this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1)
    if (status === 200 && text === '') return true
    if ([429, 502, 503, 504].includes(status)) return false
    throw new Error(`telemetry was answered with ${status}: ${text}`)
  }
}
