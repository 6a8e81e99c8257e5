import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const probeEveryMs = 200
const probeTimeoutMs = 5_000

/** Where a replica takes what comes through the balancer. */
type Backend = { readonly url: string; readonly otlpUrl: string }

/** One port for all ready replicas; each connection goes to one of them, in turn. */
type Way = { readonly url: string; close(): Promise<void> }

export type Balancer = {
  /** Of the API, and of OTLP over HTTP. */
  readonly url: string
  readonly otlpUrl: string
  /** Connections that found no ready replica; they were closed at once. */
  readonly refused: () => number
  /** Sends nothing to it until its readiness was seen. */
  add(backend: Backend): void
  /** Sends no further connection to it. */
  remove(backend: Backend): void
  isReady(backend: Backend): boolean
  close(): Promise<void>
}

/**
 * A TCP load balancer as small as one can be: it asks each replica for `/readyz` five times a second and gives connections
 * to those that answered 200 the last time. Connections that stand are never cut, as those of real ones are not.
 */
export async function startBalancer(): Promise<Balancer> {
  const backends = new Map<Backend, boolean>()
  let turn = 0
  let refused = 0
  let isOver = false
  const next = () => {
    const ready = [...backends].filter(([, isReady]) => isReady).map(([backend]) => backend)
    turn += 1
    return ready[turn % ready.length]
  }
  const pass = (socket: Socket, urlOf: (backend: Backend) => string) => {
    socket.on('error', () => socket.destroy())
    const backend = next()
    if (backend === undefined) {
      refused += 1
      socket.destroy()
      return
    }
    const { hostname, port } = new URL(urlOf(backend))
    const onward = connect(Number(port), hostname)
    onward.on('error', () => socket.destroy()).on('close', () => socket.destroy())
    socket.on('close', () => onward.destroy())
    socket.pipe(onward).pipe(socket)
  }
  const api = await listen((socket) => pass(socket, ({ url }) => url))
  const otlp = await listen((socket) => pass(socket, ({ otlpUrl }) => otlpUrl))
  const probing = (async () => {
    while (!isOver) {
      await Promise.all(
        [...backends.keys()].map(async (backend) => {
          const isReady = await answersReady(backend)
          if (backends.has(backend)) backends.set(backend, isReady)
        }),
      )
      await sleep(probeEveryMs)
    }
  })()
  return {
    url: api.url,
    otlpUrl: otlp.url,
    refused: () => refused,
    add: (backend) => void backends.set(backend, false),
    remove: (backend) => void backends.delete(backend),
    isReady: (backend) => backends.get(backend) ?? false,
    async close() {
      isOver = true
      await probing
      await Promise.all([api.close(), otlp.close()])
    },
  }
}

async function answersReady({ url }: Backend): Promise<boolean> {
  try {
    const response = await fetch(`${url}/readyz`, {
      headers: { connection: 'close' },
      signal: AbortSignal.timeout(probeTimeoutMs),
    })
    await response.arrayBuffer()
    return response.status === 200
  } catch {
    return false
  }
}

async function listen(take: (socket: Socket) => void): Promise<Way> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    take(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
