import { readFileSync } from 'node:fs'
import { DavyError } from '../domain/errors.ts'
import { type Credentials, credentialsOf } from './credentials.ts'
import { JsonApi, type JsonRequest } from './json-api.ts'

/** A server of one's own as it is configured: certificates are read once, secrets at each question. */
export type Account = Credentials & {
  readonly url: string
  readonly caFile?: string
  readonly certificateFile?: string
  readonly keyFile?: string
  readonly timeoutSeconds: number
  readonly concurrency: number
}

export type AccountApiOptions = {
  /** For people, as `Loki`. */
  readonly name: string
  /** What stands before a token; absent: Bearer. */
  readonly tokenScheme?: string
  /** Sent with each question. */
  readonly headers?: Readonly<Record<string, string>>
}

/** Asks one server, which its account says how to reach. Close it to end its connections. */
export class AccountApi {
  readonly #account: Account
  readonly #options: AccountApiOptions
  #api: JsonApi | null = null

  constructor(account: Account, options: AccountApiOptions) {
    this.#account = account
    this.#options = options
  }

  /** @throws DavyError SOURCE_DOWN when it cannot be asked, refuses, or answers no JSON; its message has no secret. */
  async get(path: string, parameters: URLSearchParams, signal: AbortSignal): Promise<unknown> {
    return this.#connected().get(() => this.#request({ path: `${path}?${parameters}` }), signal)
  }

  /** As {@link get}, with the parameters as a form, which may be long. */
  async post(path: string, parameters: URLSearchParams, signal: AbortSignal): Promise<unknown> {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    return this.#connected().post(() => this.#request({ path, body: String(parameters), headers }), signal)
  }

  async close(): Promise<void> {
    await this.#api?.close()
  }

  async #request(made: Partial<JsonRequest>): Promise<JsonRequest> {
    const { headers, secrets } = await credentialsOf(this.#account, this.#options.tokenScheme)
    return { ...made, headers: { ...this.#options.headers, ...made.headers, ...headers }, secrets }
  }

  #connected(): JsonApi {
    const { url, timeoutSeconds, concurrency, caFile, certificateFile, keyFile } = this.#account
    const { name: system } = this.#options
    const pem = (name: string, file: string | undefined) => (file === undefined ? {} : { [name]: pemIn(file, system) })
    this.#api ??= new JsonApi({
      ...{ name: this.#options.name, url: url.replace(/\/+$/, ''), timeoutSeconds, concurrency, wordsOf },
      tls: { ...pem('ca', caFile), ...pem('cert', certificateFile), ...pem('key', keyFile) },
    })
    return this.#api
  }
}

function pemIn(file: string, system: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const got = (error as Error).message
    throw new DavyError('SOURCE_DOWN', `${system} could not be asked, since a certificate cannot be read: ${got}.`, {
      ...{ expected: 'a readable file', got },
    })
  }
}

/** What servers say that refuse: a text, or an error in JSON. */
function wordsOf(body: unknown): string | null {
  if (typeof body === 'string') return body.replace(/(?:<[^>]*>|\s)+/g, ' ').trim() || null
  const { error, message } = (body ?? {}) as Readonly<Record<string, unknown>>
  return [error, message].find((said) => typeof said === 'string') ?? null
}
