import { isIP, type LookupFunction } from 'node:net'
import { Agent, type Dispatcher, request as send } from 'undici'
import { type HttpRequest, type HttpResponse, type Ports, SendError } from '../domain/sink.ts'
import type { AddressGuard } from './address-guard.ts'

export type GuardedHttpOptions = {
  readonly guard: AddressGuard
  /** For one request with its answer; 15 s when absent. */
  readonly timeoutMs?: number
}

/** The way out over HTTP, and its end: idle connections are closed, running requests are awaited. */
export type GuardedHttp = { readonly http: Ports['http']; readonly close: () => Promise<void> }

const defaultTimeoutMs = 15_000
const largestBodyBytes = 1024 * 1024
const keptBytes = 64 * 1024

/** The connection goes to an address that was checked in the same breath, so nothing can be answered in between. */
function lookupBy(guard: AddressGuard): LookupFunction {
  return (host, { all }, done) => {
    guard(host).then(
      (addresses) => (all ? done(null, [...addresses]) : done(null, addresses[0].address, addresses[0].family)),
      (error: Error) => done(error, []),
    )
  }
}

function isAddress(host: string): boolean {
  return isIP(host.replace(/^\[(.*)\]$/, '$1')) !== 0
}

function urlOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url
  throw new SendError('invalid', 'the URL is not an http or https URL')
}

/** Network errors hold addresses, which are no secret; nothing else of the message is repeated. */
function asSendError(error: unknown, timeoutMs: number, isStopped: boolean): SendError {
  for (let cause = error; cause instanceof Error; cause = cause.cause) if (cause instanceof SendError) return cause
  if (isStopped) return new SendError('stopped', 'stopped before an answer came', error)
  const { name, code } = error as { name?: string; code?: string | number }
  if (code === 'UND_ERR_INVALID_ARG') return new SendError('invalid', 'a header of the request is no header', error)
  const isTimeout = name === 'TimeoutError' || /TIMEOUT/.test(String(code))
  if (isTimeout) return new SendError('timeout', `no answer within ${timeoutMs} ms`, error)
  return new SendError('network', `the connection failed: ${code ?? name ?? 'unknown error'}`, error)
}

/** The beginning of an answer. The status decides: an answer that does not end is cut off, not an error. */
async function beginningOf(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes >= keptBytes) break
    }
  } catch {
    // What came so far is kept: the receiver has answered.
  }
  return Buffer.concat(chunks).subarray(0, keptBytes).toString('utf8')
}

function flat(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  )
}

/**
 * Requests that reach only what the guard lets through: addresses are resolved, checked and pinned for the connection;
 * redirects are answers like others; one request with its answer is bounded in time, its body in size.
 */
export function createGuardedHttp({ guard, timeoutMs = defaultTimeoutMs }: GuardedHttpOptions): GuardedHttp {
  const agent = new Agent({
    connect: { lookup: lookupBy(guard), timeout: timeoutMs },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxHeaderSize: 16_384,
    // An endpoint that keeps connections open without using them would be asked at an old address.
    keepAliveTimeout: 4_000,
    keepAliveMaxTimeout: 60_000,
  })

  async function http({ method, url: text, headers, body }: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
    const url = urlOf(text)
    if (body !== undefined && Buffer.byteLength(body) > largestBodyBytes)
      throw new SendError('invalid', `the body is larger than ${largestBodyBytes} bytes`)
    try {
      // An address in the URL is never looked up, so it has to be checked here.
      if (isAddress(url.hostname)) await guard(url.hostname)
      const answer = await send(url, {
        method,
        headers: { 'user-agent': 'davy', ...headers },
        body: body ?? null,
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
        dispatcher: agent,
      })
      return { status: answer.statusCode, headers: flat(answer.headers), text: await beginningOf(answer.body) }
    } catch (error) {
      throw asSendError(error, timeoutMs, signal.aborted)
    }
  }

  return { http, close: () => agent.close() }
}
