import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serverSpan, setOutcome, startTracing } from './tracing.ts'

/** `failure`: the answer counts as a failed request although it is no 5xx, and why; a 5xx always counts as one. */
export type Reply = { readonly status: number; readonly body: unknown; readonly failure?: string }

export type Handler = (body: unknown) => Promise<Reply>

/** Handlers by method and path, like `POST /pay`. */
export type Routes = Readonly<Record<string, Handler>>

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return chunks.length === 0 ? null : JSON.parse(Buffer.concat(chunks).toString())
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

async function answer(handler: Handler, request: IncomingMessage): Promise<Reply> {
  try {
    const reply = await handler(await readJson(request))
    return reply.status < 500 ? reply : { failure: `answered ${reply.status}`, ...reply }
  } catch (error) {
    return { status: 500, body: { error: String(error) }, failure: String(error) }
  }
}

/** Serves `routes`, each request in a SERVER span; any other path is a 404 without a span. */
function requestListener(routes: Routes): RequestListener {
  return (request, response) => {
    const method = request.method ?? 'GET'
    const path = (request.url ?? '/').split('?')[0] ?? '/'
    const handler = routes[`${method} ${path}`]
    if (handler === undefined) {
      request.resume()
      send(response, 404, {
        error: `nothing is served at ${method} ${path}; there is ${Object.keys(routes).join(', ')}`,
      })
      return
    }
    void serverSpan(method, path, request.headers, async (span) => {
      const reply = await answer(handler, request)
      setOutcome(span, reply.status, reply.failure)
      send(response, reply.status, reply.body)
    })
  }
}

/**
 * Runs one process of the shop: starts tracing, listens on a free port of the loopback, tells the parent process
 * `{ready: origin}`. On SIGTERM it finishes what runs, sends its spans and exits; when the parent is gone it exits at once.
 */
export function runService(routes: Routes): void {
  const tracing = startTracing()
  const server = createServer(requestListener(routes))
  // Longer than any pause in the load: an idle connection that closes just as it is used again would be a false error.
  server.keepAliveTimeout = 120_000
  server.listen(0, '127.0.0.1', () => {
    process.send?.({ ready: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
  })
  let stopping = false
  const stop = () => {
    if (stopping) return
    stopping = true
    server.close(() => tracing.shutdown().finally(() => process.exit(0)))
    server.closeIdleConnections()
    setTimeout(() => process.exit(0), 3_000).unref()
  }
  process.on('SIGTERM', stop)
  process.on('disconnect', () => process.exit(0))
  // A Ctrl-C reaches the whole terminal; the demo itself says when each process stops.
  process.on('SIGINT', () => {})
}
