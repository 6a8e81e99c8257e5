import { readFile } from 'node:fs/promises'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { PrometheusDriver } from 'prometheus-query'
import { DavyError } from '../../domain/errors.ts'
import type { PrometheusAccount } from '../../platform/config-sources.ts'
import { hideCredentials } from '../../platform/hide-credentials.ts'
import { Semaphore } from '../../platform/semaphore.ts'
import { credentialsOf } from '../credentials.ts'
import { readNames, readSeries, type Series } from '../read-series.ts'
import { RequestPause } from '../request-pause.ts'

/** A larger answer is refused before it fills the memory. */
const mostBytes = 64 * 2 ** 20

/** Deployments of one service ask the same at the same time: an answer is good for so long. */
const keptMs = 10_000
const mostKept = 200

/** `waiting`: how many want it still. */
type Kept = { readonly at: number; series: Promise<readonly Series[]>; waiting: number }

/** An answer of the API. `isPartial` is VictoriaMetrics'; Thanos warns of stores that it could not ask. */
type Answer = { readonly data?: unknown; readonly warnings?: unknown; readonly isPartial?: unknown }

/** What was answered with another status than 200. */
type Refusal = { readonly status: number; readonly headers: Readonly<Record<string, string>> }

type Ask = (driver: PrometheusDriver) => Promise<unknown>

/** One Prometheus (or what speaks its HTTP API) that is asked for series. Close it to end its connections. */
export class PrometheusClient {
  readonly #account: PrometheusAccount
  readonly #now: () => number
  readonly #running: Semaphore
  readonly #kept = new Map<string, Kept>()
  readonly #http = new HttpAgent({ keepAlive: true })
  #https: HttpsAgent | null = null
  readonly #pause: RequestPause

  constructor(account: PrometheusAccount, now: () => number = Date.now) {
    this.#account = account
    this.#now = now
    this.#running = new Semaphore(account.concurrency)
    this.#pause = new RequestPause(now)
  }

  /** For people: the account's name and where it is, without what may be a secret. */
  get name(): string {
    return `Prometheus ${JSON.stringify(this.#account.name)} at ${placeOf(this.#account.url)}`
  }

  /**
   * What an expression is at one moment; a range selector (`up[1m]`) gives the raw samples, stale ones left out.
   * @param at Unix milliseconds
   * @throws DavyError SOURCE_DOWN when it cannot be asked, refuses, or answers what cannot be understood.
   */
  instant(query: string, at: number, signal?: AbortSignal): Promise<readonly Series[]> {
    return this.#shared(`${at} ${query}`, (driver) => driver.instantQuery(query, at), signal)
  }

  /** What an expression is at `from`, `from + step` … up to and with `to`. Unix milliseconds, and as {@link instant}. */
  range(query: string, from: number, to: number, stepMs: number, signal?: AbortSignal): Promise<readonly Series[]> {
    const ask: Ask = (driver) => driver.rangeQuery(query, from, to, stepMs / 1000)
    return this.#shared(`${from} ${to} ${stepMs} ${query}`, ask, signal)
  }

  /** Which of some metric names have series between two times (Unix milliseconds). @throws as {@link instant} */
  async names(wanted: readonly string[], from: number, to: number, signal?: AbortSignal): Promise<readonly string[]> {
    const match = `{__name__=~"${wanted.join('|')}"}`
    const ask: Ask = (driver) => driver.labelValues('__name__', match, from, to)
    return this.#until(
      this.#running.run(() => this.#ask(ask, readNames)),
      signal,
    )
  }

  close(): void {
    this.#http.destroy()
    this.#https?.destroy()
  }

  #shared(key: string, ask: Ask, signal?: AbortSignal): Promise<readonly Series[]> {
    const now = this.#now()
    for (const [each, { at }] of this.#kept) {
      if (this.#kept.size > mostKept || at <= now - keptMs) this.#kept.delete(each)
    }
    const known = this.#kept.get(key)
    if (known !== undefined) {
      known.waiting += 1
      return this.#waitFor(known, signal)
    }
    const kept: Kept = { at: now, series: Promise.resolve([]), waiting: 1 }
    // Whoever else waits for it must not lose it to the first one's signal; it has a time limit of its own. When all have
    // given up before its turn, it is not asked: else a server that hangs is asked for ever more that nobody wants.
    kept.series = this.#running.run(() => {
      if (kept.waiting > 0) return this.#ask(ask, readSeries)
      throw this.#down(new Error('nobody waits for the answer any more'))
    })
    this.#kept.set(key, kept)
    // What failed is asked again.
    kept.series.catch(() => {
      if (this.#kept.get(key) === kept) this.#kept.delete(key)
    })
    return this.#waitFor(kept, signal)
  }

  async #waitFor(kept: Kept, signal?: AbortSignal): Promise<readonly Series[]> {
    try {
      return await this.#until(kept.series, signal)
    } finally {
      kept.waiting -= 1
    }
  }

  async #until<T>(result: Promise<T>, signal?: AbortSignal): Promise<T> {
    if (signal === undefined) return result
    const listening = new AbortController()
    const aborted = new Promise<never>((_, reject) => {
      const stop = () => reject(this.#down(signal.reason))
      if (signal.aborted) stop()
      else signal.addEventListener('abort', stop, { signal: listening.signal })
    })
    try {
      return await Promise.race([result, aborted])
    } finally {
      listening.abort()
    }
  }

  async #ask<T>(ask: Ask, read: (data: unknown) => T): Promise<T> {
    const { url, timeoutSeconds } = this.#account
    const pause = this.#pause.reason
    if (pause !== null) throw this.#down(new Error(pause.words), pause.seconds)
    let refusal: Refusal | null = null
    try {
      const headers = await this.#headers()
      const agents = { httpAgent: this.#http, httpsAgent: await this.#secure() }
      // The package reads no native histograms, so the answer is taken as it came.
      let raw: Answer = {}
      const driver = new PrometheusDriver({
        endpoint: url,
        preferPost: true,
        timeout: timeoutSeconds * 1000,
        headers,
        requestInterceptor: {
          onFulfilled: (request) =>
            Object.assign(request, agents, { proxy: false, maxRedirects: 0, maxContentLength: mostBytes }),
        },
        responseInterceptor: {
          onFulfilled: (response) => {
            raw = { ...response.data }
            if (response.data?.status === 'success') response.data = emptied(response.data)
            return response
          },
          // What stands in front of a Prometheus refuses in words that the package cannot read.
          onRejected: (error: { readonly response?: Refusal }) => {
            refusal = error.response ?? null
            throw error
          },
        },
      })
      await ask(driver)
      const left = leftOutOf(raw)
      if (left !== null) throw new Error(`its answer may not be whole: ${left}`)
      return read(raw.data)
    } catch (error) {
      // It is set in a function, which the compiler does not follow.
      const refused = refusal as Refusal | null
      if (refused?.status === 429) this.#pause.begin(refused.headers)
      throw this.#down(refused === null ? error : { ...(error as object), httpStatus: refused.status })
    }
  }

  async #headers(): Promise<Record<string, string>> {
    const { tenant } = this.#account
    const headers: Record<string, string> = { accept: 'application/json' }
    if (tenant !== undefined) headers['X-Scope-OrgID'] = tenant
    Object.assign(headers, (await credentialsOf(this.#account)).headers)
    return headers
  }

  async #secure(): Promise<HttpsAgent> {
    if (this.#https !== null) return this.#https
    const { caFile, certificateFile, keyFile } = this.#account
    const [ca, cert, key] = await Promise.all(
      [caFile, certificateFile, keyFile].map((path) => (path === undefined ? undefined : readFile(path))),
    )
    this.#https ??= new HttpsAgent({ keepAlive: true, ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) })
    return this.#https
  }

  #down(error: unknown, retryAfterSeconds?: number): DavyError {
    if (error instanceof DavyError) return error
    return new DavyError('SOURCE_DOWN', `${this.name} could not be asked: ${wordsOf(error)}.`, {
      expected: 'an answer of the Prometheus HTTP API',
      got: wordsOf(error),
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    })
  }
}

/** The package would build its own objects from the series, and fails at those that have histograms only. */
function emptied(answer: Readonly<Record<string, unknown>>): object {
  return { ...answer, data: { resultType: 'vector', result: [] } }
}

/** What an answer says that it left out; null: nothing. A part of the series would be a rate that nobody has. */
function leftOutOf({ warnings, isPartial }: Answer): string | null {
  if (Array.isArray(warnings) && warnings.length > 0) return `it warns ${JSON.stringify(String(warnings[0]))}`
  return isPartial === true ? 'it says that it is partial' : null
}

function placeOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'no URL'
}

/** In words what went wrong, from parts of the error that hold no header: neither a secret nor an address with one. */
function wordsOf(error: unknown): string {
  const { httpStatus, error: said, code, message } = (error ?? {}) as Readonly<Record<string, unknown>>
  const text = typeof said === 'string' ? said : typeof message === 'string' ? message : 'no reason was given'
  const safe = hideCredentials(text).slice(0, 300)
  const prefix = typeof httpStatus === 'number' ? `status ${httpStatus}, ` : typeof code === 'string' ? `${code}, ` : ''
  return `${prefix}${safe}`.replace(/\.$/, '')
}
