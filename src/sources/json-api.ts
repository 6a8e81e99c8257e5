import { Agent, request } from 'undici'
import { DavyError } from '../domain/errors.ts'
import { Semaphore } from '../platform/semaphore.ts'
import { limitedText } from './limited-text.ts'
import { RequestPause } from './request-pause.ts'

/** A larger answer is refused before it fills the memory. */
const mostBytes = 16 * 2 ** 20

/** So much of what comes with another status is read, for the words in it. */
const mostBytesOfErrors = 65_536

export type JsonApiOptions = {
  /** For people, as `Datadog`. */
  readonly name: string
  readonly url: string
  readonly timeoutSeconds: number
  /** So many requests are under way at a time. */
  readonly concurrency: number
  /** Whom to trust, and the certificate to show, as PEM. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string }
  /** What a body with another status than 200 says is wrong, given as text when it is no JSON; null when it says nothing that can be understood. */
  readonly wordsOf: (body: unknown) => string | null
  /** Whether a body with another status than 200 says that the limit of requests is reached; absent: status 429 does. */
  readonly isLimit?: (body: unknown) => boolean
  /** Unix milliseconds. */
  readonly now?: () => number
}

/** One request. It is made when its turn comes, so that keys are read anew and signatures are of the time. */
export type JsonRequest = {
  readonly headers: Readonly<Record<string, string>>
  /** Comes after the service's URL, as `/query?q=…`. */
  readonly path?: string
  readonly body?: string
  /** Texts that are repeated nowhere, although the service may. */
  readonly secrets: readonly string[]
}

/** A service that answers JSON. Redirects are not followed. Close it to end its connections. */
export class JsonApi {
  readonly #options: JsonApiOptions
  readonly #agent: Agent
  readonly #running: Semaphore
  readonly #pause: RequestPause

  constructor(options: JsonApiOptions) {
    const timeout = options.timeoutSeconds * 1000
    this.#options = options
    this.#agent = new Agent({ connect: { timeout, ...options.tls }, headersTimeout: timeout, bodyTimeout: timeout })
    this.#running = new Semaphore(options.concurrency)
    this.#pause = new RequestPause(options.now ?? Date.now)
  }

  /** @throws DavyError SOURCE_DOWN when it cannot be asked, refuses, or answers no JSON; its message has no secret. */
  post(make: () => Promise<JsonRequest>, signal: AbortSignal): Promise<unknown> {
    return this.#inTurn('POST', make, signal)
  }

  /** As {@link post}, of a service that changes nothing when it is asked so. */
  get(make: () => Promise<JsonRequest>, signal: AbortSignal): Promise<unknown> {
    return this.#inTurn('GET', make, signal)
  }

  #inTurn(method: 'GET' | 'POST', make: () => Promise<JsonRequest>, signal: AbortSignal): Promise<unknown> {
    return this.#running.run(async () => {
      // Whom nobody waits for any more is not asked, else one that hangs is asked for ever more.
      if (signal.aborted) throw this.down('nobody waits for the answer any more')
      const pause = this.#pause.reason
      if (pause !== null) throw this.down(pause.words, 'fewer requests', pause.seconds)
      let secrets: readonly string[] = []
      try {
        const made = await make()
        secrets = made.secrets
        return await this.#ask(method, made, signal)
      } catch (error) {
        if (error instanceof DavyError) throw error
        const { code, name, message } = error as Readonly<Partial<Record<'code' | 'name' | 'message', string>>>
        const isFile = error instanceof Error && 'path' in error
        const reason = isFile ? `${message}` : name === 'SyntaxError' ? 'its answer is no JSON' : wordOf(code, name)
        throw this.down(without(secrets, reason ?? 'no reason was given'))
      }
    })
  }

  /** An error of this service, from a reason without a full stop and without secrets. */
  down(reason: string, expected = 'an answer of its API', retryAfterSeconds?: number): DavyError {
    const { name, url } = this.#options
    const message = `${name} at ${new URL(url).host} could not be asked: ${reason.replace(/[.\s]+$/, '')}.`
    return new DavyError('SOURCE_DOWN', message, {
      ...{ expected, got: reason },
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    })
  }

  async close(): Promise<void> {
    await this.#agent.destroy()
  }

  async #ask(
    method: 'GET' | 'POST',
    { headers, path = '', body, secrets }: JsonRequest,
    signal: AbortSignal,
  ): Promise<unknown> {
    const { url, timeoutSeconds, wordsOf, isLimit = () => false } = this.#options
    const response = await request(`${url}${path}`, {
      ...{ method, dispatcher: this.#agent, body: body ?? null },
      headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutSeconds * 1000)]),
    })
    const { statusCode } = response
    const isAnswer = statusCode === 200
    const limit = isAnswer ? mostBytes : mostBytesOfErrors
    const text = await limitedText(response.body, limit)
    const said = isAnswer ? null : parsed(text ?? '')
    if (statusCode === 429 || (!isAnswer && isLimit(said))) this.#pause.begin(response.headers)
    if (isAnswer && text === null) throw this.down(`its answer is larger than ${limit} bytes`)
    if (isAnswer) return JSON.parse(text!) as unknown
    const words = wordsOf(said)
    const more = words === null ? '' : `, ${without(secrets, words).slice(0, 200)}`
    const isRedirect = statusCode >= 300 && statusCode < 400
    throw this.down(`status ${statusCode}${more}${isRedirect ? ', and redirects are not followed' : ''}`)
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** The code of a failure, or its name: what ran out of time has a number as its code. */
function wordOf(code: unknown, name: string | undefined): string | undefined {
  if (name === 'TimeoutError') return 'no answer in time'
  return typeof code === 'string' ? code : name
}

function without(secrets: readonly string[], text: string): string {
  return secrets.filter((secret) => secret !== '').reduce((left, secret) => left.replaceAll(secret, '[redacted]'), text)
}
