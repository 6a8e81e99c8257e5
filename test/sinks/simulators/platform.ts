import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request as a simulated platform got it. */
export type PlatformRequest = {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  /** The body's JSON; undefined when there is none. */
  readonly json: Readonly<Record<string, unknown>> | undefined
}

export type PlatformAnswer = {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON, text as it is. */
  readonly body?: unknown
}

/** A platform's API on a real socket of 127.0.0.1, written from its public documents. */
export type Platform = {
  readonly url: string
  readonly requests: PlatformRequest[]
  /** The next requests are answered so, one each, whatever they ask. */
  readonly answerNext: (...answers: PlatformAnswer[]) => void
  readonly close: () => Promise<void>
}

function jsonOf(text: string): PlatformRequest['json'] {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Starts a platform that answers by `handle`. */
export async function startPlatform(handle: (request: PlatformRequest) => PlatformAnswer): Promise<Platform> {
  const requests: PlatformRequest[] = []
  const next: PlatformAnswer[] = []
  const server = createServer(async (message, response) => {
    let text = ''
    for await (const chunk of message) text += chunk
    const url = new URL(message.url ?? '/', 'http://platform')
    const headers = message.headers as Record<string, string>
    const request = {
      ...{ method: message.method ?? '', path: url.pathname, query: url.searchParams, headers, text },
      json: jsonOf(text),
    }
    requests.push(request)
    const { status, headers: more = {}, body } = next.shift() ?? handle(request)
    const isText = typeof body === 'string'
    response.writeHead(status, { 'content-type': isText ? 'text/plain' : 'application/json', ...more })
    response.end(body === undefined ? '' : isText ? body : JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    answerNext: (...answers) => void next.push(...answers),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
