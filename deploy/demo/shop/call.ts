import { Agent, request } from 'node:http'
import type { Reply } from './service.ts'
import { clientSpan, setOutcome } from './tracing.ts'

const agent = new Agent({ keepAlive: true })
const timeoutMs = 5_000

function exchange(method: string, url: URL, headers: Record<string, string>, body: unknown): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const payload = body === null ? '' : JSON.stringify(body)
    const allHeaders = { ...headers, 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }
    const outgoing = request(url, { method, agent, headers: allHeaders, timeout: timeoutMs }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        try {
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString()) })
        } catch (error) {
          reject(new Error(`${method} ${url.href} did not answer in JSON`, { cause: error }))
        }
      })
    })
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer from ${url.origin} in ${timeoutMs} ms`)))
    outgoing.on('error', reject)
    outgoing.end(payload)
  })
}

/** Calls another service of the shop in a CLIENT span, with the trace context; throws when nothing answers. */
export function call(method: string, url: URL, body: unknown): Promise<Reply> {
  return clientSpan(method, url, async (span, headers) => {
    const reply = await exchange(method, url, headers, body)
    setOutcome(span, reply.status, reply.status >= 400 ? `answered ${reply.status}` : undefined)
    return reply
  })
}
