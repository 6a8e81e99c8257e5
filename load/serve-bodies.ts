import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { otlpBody, type Signal, signals } from './ingest/otlp-bodies.ts'

const bodiesPerSignal = 3
const renewEveryMs = 1000
const compress = promisify(gzip)

/** OTLP bodies of now for k6, which cannot make so many by itself: `GET /traces` and so on, protobuf in gzip. */
export type BodyServer = { readonly url: string; close(): Promise<void> }

/** Serves bodies of 1,000 items, which it makes anew each second; within a second they come again. */
export async function serveBodies(): Promise<BodyServer> {
  const ready = new Map<string, readonly Buffer[]>()
  const renew = async () => {
    for (const signal of signals) ready.set(`/${signal}`, await make(signal))
  }
  await renew()
  let renewing: Promise<void> | null = null
  const timer = setInterval(() => {
    renewing ??= renew().finally(() => {
      renewing = null
    })
  }, renewEveryMs)
  let turn = 0
  const server = createServer((request, response) => {
    const bodies = ready.get(request.url ?? '')
    turn += 1
    if (bodies === undefined) response.writeHead(404).end()
    else response.end(bodies[turn % bodies.length])
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      clearInterval(timer)
      await renewing
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function make(signal: Signal): Promise<readonly Buffer[]> {
  return Promise.all(Array.from({ length: bodiesPerSignal }, () => compress(otlpBody(signal, Date.now(), Math.random))))
}
