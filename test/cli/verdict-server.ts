import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Verdict } from '../../src/domain/verdict.ts'
import { gateAnswer } from '../../src/http/gate.ts'

export type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void

/** A server on a free port that keeps what it was asked, as `GET /path?query`. */
export async function startServer(handler: Handler) {
  const asked: { readonly line: string; readonly headers: IncomingMessage['headers']; readonly body: unknown }[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const { method, url, headers } = request
    asked.push({ line: `${method} ${url}`, headers, body: body === '' ? null : JSON.parse(body) })
    handler(request, response, body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const stop = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return { url, asked, stop }
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
) {
  const type = status >= 400 ? 'application/problem+json' : 'application/json; charset=utf-8'
  response.writeHead(status, { 'content-type': type, ...headers }).end(JSON.stringify(body))
}

export type VerdictChange = Partial<
  Pick<Verdict, 'decision' | 'final' | 'mode' | 'validUntil' | 'expectedDecisionAt'>
> & {
  readonly code?: string
  readonly summary?: string
}

let count = 0

/** A verdict of deployment d1, in force for two minutes. */
export function verdict(change: VerdictChange = {}) {
  const { code = 'UNDERPOWERED', summary = 'shop 2 needs more requests.', ...rest } = change
  const now = Date.now()
  return {
    ...{ id: `v${++count}`, deploymentId: 'd1', namespace: '', service: 'shop', environment: 'default' },
    ...{ strategy: 'canary', mode: 'enforce', attempt: 1, decision: 'hold', final: false, look: count, score: 50 },
    reason: { code, summary, detail: '' },
    decidedAt: new Date(now).toISOString(),
    validUntil: new Date(now + 120_000).toISOString(),
    ...{ expectedDecisionAt: null, metrics: [], reportUrl: 'http://davy.example/deployments/d1' },
    ...rest,
  } as unknown as Verdict
}

/**
 * Plays the verdict's part of the API: long polls, ETag, the gate.
 * @param upcoming come one by one, each when a long poll waits.
 */
export async function startVerdictServer(first: Verdict, upcoming: readonly Verdict[] = []) {
  const next = [...upcoming]
  let current = first
  let killSwitch: { by: string } | null = null
  const waiting = new Set<() => void>()
  const server = await startServer((request, response) => {
    const url = new URL(request.url!, 'http://davy')
    const { pathname, searchParams } = url
    const answer = () => {
      const etag = `"${current.id}"`
      if (request.headers['if-none-match'] === etag) return void response.writeHead(304, { etag }).end()
      const isGate = searchParams.get('format') === 'gate'
      sendJson(response, 200, isGate ? gateAnswer(current, killSwitch, Date.now()) : current, { etag })
    }
    if (pathname !== '/api/v1/deployments/d1/verdict') {
      return sendJson(response, 404, { code: 'NOT_FOUND', detail: 'There is no deployment.', where: 'id' })
    }
    const waitMs = Number.parseInt(searchParams.get('wait') ?? '0', 10)
    if (waitMs === 0 || current.final || request.headers['if-none-match'] !== `"${current.id}"`) return answer()
    const done = () => {
      clearTimeout(timer)
      waiting.delete(done)
      answer()
    }
    const timer = setTimeout(done, waitMs)
    waiting.add(done)
    const following = next.shift()
    if (following !== undefined) say(following)
  })
  function say(verdict: Verdict) {
    current = verdict
    for (const done of [...waiting]) done()
  }
  return {
    ...server,
    say,
    setKillSwitch(by: string | null) {
      killSwitch = by === null ? null : { by }
    },
  }
}
