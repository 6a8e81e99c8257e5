import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, createServer as createSocket } from 'node:net'
import { until } from '../../davy.ts'

/** A free port of this machine. */
export async function freePort(): Promise<number> {
  const server = createSocket().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

export type Program = { readonly log: () => string; stop(): Promise<void> }

/** Starts a program that serves HTTP and waits until `readyUrl` answers with 200; what it said is in the error otherwise. */
export async function startProgram(
  binary: string,
  args: readonly string[],
  cwd: string,
  readyUrl: string,
): Promise<Program> {
  const child: ChildProcess = spawn(binary, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  let log = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      log += chunk.toString()
    })
  }
  const failed = once(child, 'error').then(([error]) => {
    log += String(error)
  })
  async function stop() {
    if (child.pid === undefined) return failed
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
  try {
    await until(
      async () => {
        if (child.exitCode !== null || child.pid === undefined) return 'ended'
        return (await fetch(readyUrl).catch(() => null))?.ok === true && 'ready'
      },
      `${binary} at ${readyUrl}`,
      60_000,
    )
    if (child.exitCode !== null || child.pid === undefined) throw new Error('it ended at once')
  } catch (cause) {
    await stop()
    throw new Error(`${binary} did not start:\n${log}`, { cause })
  }
  return { log: () => log, stop }
}

/** One message that a receiver got. */
export type Received = {
  readonly path: string
  readonly at: number
  readonly body: Record<string, unknown>
  readonly authorization: string | undefined
}

/** A server that stands for Slack, PagerDuty and Teams: keeps what it gets, and answers as they do. */
export async function openReceivers(): Promise<{
  readonly url: string
  readonly received: readonly Received[]
  close(): Promise<void>
}> {
  const received: Received[] = []
  const server: Server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
    request.on('end', () => {
      const { authorization } = request.headers
      received.push({ path: request.url ?? '', at: Date.now(), body: JSON.parse(text), authorization })
      const isPager = request.url?.includes('enqueue') ?? false
      response.statusCode = isPager ? 202 : 200
      response.end(isPager ? '{"status":"success","dedup_key":"1"}' : 'ok')
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
