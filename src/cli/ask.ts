import { Agent, request } from 'undici'
import { CommandEnd } from './command-end.ts'
import type { Connection } from './connection.ts'
import { problemLine } from './problem-line.ts'
import { oneLine } from './terminal.ts'

export type Question = {
  readonly method?: 'GET' | 'POST'
  /** From the server's root, parts of it encoded. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | undefined>>
  /** Sent as JSON. */
  readonly body?: object
  readonly ifNoneMatch?: string
  /** How long the whole answer may take; 30 s when absent. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

/**
 * What came of a question. `trouble`: no answer, or one that may be another one later. `refused`: asking again makes
 * no sense. Both have a line that says why.
 */
export type Reply =
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly text: string
      readonly etag: string | null
      /** The server's clock, Unix milliseconds; null when it does not say. */
      readonly serverTime: number | null
    }
  | { readonly kind: 'trouble'; readonly line: string; readonly retryAfterMs: number | null }
  | { readonly kind: 'refused'; readonly line: string }

type Headers = Readonly<Record<string, string | string[] | undefined>>

const passing = new Set([408, 425, 429, 500, 502, 503, 504])

/** Asks once. @throws what is neither the network's nor the server's fault, and when `signal` aborts. */
export async function ask(connection: Connection, question: Question): Promise<Reply> {
  const { method = 'GET', path, query = {}, body, ifNoneMatch, timeoutMs = 30_000, signal } = question
  const url = new URL(`${connection.url}${path}`)
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value)
  const timeout = AbortSignal.timeout(timeoutMs)
  // One agent per question: a kept connection may be dead by the next one, which may be half an hour later.
  const agent = new Agent({ pipelining: 0, headersTimeout: 0, bodyTimeout: 0 })
  try {
    const {
      statusCode,
      headers,
      body: answer,
    } = await request(url, {
      method,
      dispatcher: agent,
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      headers: {
        ...(connection.token === null ? {} : { authorization: `Bearer ${connection.token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(ifNoneMatch === undefined ? {} : { 'if-none-match': ifNoneMatch }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return replyOf(`${method} ${url.origin}${url.pathname}`, statusCode, headers, await answer.text())
  } catch (error) {
    if (signal?.aborted) throw error
    return { kind: 'trouble', line: `${url.origin} does not answer: ${networkFault(error)}`, retryAfterMs: null }
  } finally {
    await agent.destroy()
  }
}

/**
 * Asks once and wants an answer.
 * @throws CommandEnd 1 when there is none.
 */
export async function mustAsk(connection: Connection, question: Question) {
  const reply = await ask(connection, question)
  if (reply.kind === 'answer') return reply
  throw new CommandEnd(1, reply.line)
}

function replyOf(asked: string, status: number, headers: Headers, text: string): Reply {
  const serverTime = Date.parse(single(headers.date) ?? '')
  if ((status >= 200 && status < 300) || status === 304) {
    const etag = single(headers.etag)
    return { kind: 'answer', status, text, etag, serverTime: Number.isNaN(serverTime) ? null : serverTime }
  }
  const line = lineOf(asked, status, headers, text)
  if (!passing.has(status)) return { kind: 'refused', line }
  const seconds = Number(single(headers['retry-after']) ?? Number.NaN)
  return { kind: 'trouble', line, retryAfterMs: Number.isNaN(seconds) ? null : seconds * 1000 }
}

function lineOf(asked: string, status: number, headers: Headers, text: string): string {
  const type = single(headers['content-type']) ?? 'no content type'
  const problem = /^application\/(problem\+)?json\b/.test(type) ? problemLine(text) : null
  if (problem !== null) return problem
  const location = single(headers.location)
  const to = location === null ? '' : ` to ${oneLine(location)}`
  return `${asked} answered ${status}${to} (${oneLine(type)}), which is not a word of Davy's; is --url right?`
}

function single(header: string | string[] | undefined): string | null {
  return typeof header === 'string' ? header : null
}

/** The network's fault in a few words. @throws what is another's fault. */
function networkFault(error: unknown): string {
  if (!(error instanceof Error)) throw error
  if (error.name === 'TimeoutError') return 'no answer in time'
  const { code } = error as NodeJS.ErrnoException
  if (typeof code !== 'string' || code === 'UND_ERR_INVALID_ARG') throw error
  return code
}
