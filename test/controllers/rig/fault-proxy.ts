import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * How a question fares. `slow`: Davy gets it, and its answer comes after every controller's time is over; `500`: what a
 * proxy in front of a Davy in trouble says; `reset`: the connection breaks, as while a Davy is replaced.
 */
export type Trouble = 'slow' | '500' | 'reset'

/** Stands between a controller and Davy. Telemetry does not come this way. */
export type FaultProxy = {
  readonly url: string
  /** From here on; null: everything is passed on. */
  become(trouble: Trouble | null): void
  /** How many questions met trouble whose path ends like this. */
  met(path: string): number
}

/** Longer than the controllers wait: Argo's web metric 10 s, its Kayenta provider 15 s, Flagger's hooks and metrics 5 s. */
const slowMs = 20_000

/** Starts one in front of a server. It stops with `stack`. */
export async function startFaultProxy(target: string, stack: AsyncDisposableStack): Promise<FaultProxy> {
  let trouble: Trouble | null = null
  const met: string[] = []

  const server = createServer((question, answer) => {
    const { pathname } = new URL(question.url ?? '/', target)
    if (trouble !== null) met.push(pathname)
    if (trouble === 'reset') question.socket.resetAndDestroy()
    else if (trouble === '500') answer.writeHead(500, { 'content-type': 'text/plain' }).end('out of order')
    else passOn(target, question, answer, trouble === 'slow' ? slowMs : 0)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  stack.defer(async () => {
    server.close().closeAllConnections()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    become(next) {
      trouble = next
    },
    met: (path) => met.filter((each) => each.endsWith(path)).length,
  }
}

function passOn(target: string, question: IncomingMessage, answer: ServerResponse, delayMs: number): void {
  const url = new URL(question.url ?? '/', target)
  const onward = request(url, { method: question.method, headers: { ...question.headers, host: url.host } })
  onward.on('error', () => answer.destroy())
  onward.on('response', async (response) => {
    const parts: Buffer[] = []
    for await (const part of response) parts.push(part as Buffer)
    await sleep(delayMs)
    answer.writeHead(response.statusCode ?? 502, response.headers).end(Buffer.concat(parts))
  })
  question.pipe(onward)
}
