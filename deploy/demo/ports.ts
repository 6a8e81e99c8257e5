import { connect, createServer } from 'node:net'

function answers(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host })
    const finish = (answered: boolean) => {
      socket.destroy()
      resolve(answered)
    }
    socket.setTimeout(500, () => finish(false))
    socket.on('connect', () => finish(true))
    socket.on('error', () => finish(false))
  })
}

function canBind(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.on('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

/**
 * Whether nothing listens on this TCP port of the loopback. Asked by a connection too: some systems let a second
 * process bind 127.0.0.1 while another one has the port on all addresses.
 */
export async function isPortFree(port: number): Promise<boolean> {
  if ((await answers(port, '127.0.0.1')) || (await answers(port, '::1'))) return false
  return canBind(port)
}

/** The wanted port, or the next free one in steps of 10 (so that 4317 never takes 4318); throws after 50 tries. */
export async function freePort(wanted: number): Promise<number> {
  for (let port = wanted; port < wanted + 500; port += 10) {
    if (await isPortFree(port)) return port
  }
  throw new Error(`no free port: expected one among ${wanted}, ${wanted + 10} … ${wanted + 490}, all are taken`)
}
