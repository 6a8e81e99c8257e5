import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** What was asked: the parameters of the URL and of the form. */
export type AskedOf = {
  readonly method: string
  readonly path: string
  readonly parameters: Readonly<Record<string, string>>
  readonly headers: IncomingHttpHeaders
}

export type Said = { readonly status?: number; readonly body: unknown; readonly headers?: Record<string, string> }

/** A server on a socket that says what a test has it say; it notes what it was asked. */
export class JsonServer {
  readonly asked: AskedOf[] = []
  says: (asked: AskedOf) => Said | Promise<Said> = () => ({ body: {} })
  readonly #server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://server')
    const form = new URLSearchParams(await text(request))
    const asked = {
      ...{ method: request.method ?? '', path: pathname, headers: request.headers },
      parameters: Object.fromEntries([...searchParams, ...form]),
    }
    this.asked.push(asked)
    const { status = 200, body, headers = {} } = await this.says(asked)
    response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body))
  })

  /** @returns where it listens */
  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
