import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** One call as a receiver saw it: `at` when its head came, Unix milliseconds. */
export type Call = {
  readonly at: number
  readonly id: string
  readonly body: string
  readonly isAccepted: boolean
}

/** A receiver of webhooks on loopback. */
export type Receiver = { readonly url: string; readonly calls: readonly Call[]; close(): Promise<void> }

/** @param answer ends the response and says whether it took the message; a receiver that never answers is one too. */
export async function receive(answer: (response: ServerResponse) => Promise<boolean>): Promise<Receiver> {
  const calls: Call[] = []
  const server = createServer(async (request, response) => {
    const at = Date.now()
    let body = ''
    for await (const chunk of request) body += chunk
    const isAccepted = await answer(response)
    calls.push({ at, id: String(request.headers['webhook-id']), body, isAccepted })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    calls,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
