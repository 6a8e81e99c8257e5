import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Console } from './console.ts'
import { createDavyClient, type DavyClient } from './davy-client.ts'
import { freePort } from './ports.ts'
import { logTail, type Processes } from './processes.ts'

const repository = new URL('../../', import.meta.url)
const readyWithinSeconds = 60

/** A running Davy: where it is, and how to talk to it. */
export type Davy = { readonly origin: string; readonly otlpOrigin: string; readonly client: DavyClient }

async function choosePorts(out: Console): Promise<{ http: number; otlpHttp: number; otlpGrpc: number }> {
  const choose = async (wanted: number, what: string) => {
    const port = await freePort(wanted)
    if (port !== wanted) out.print(`  port ${wanted} is taken, ${what} is on ${port}`)
    return port
  }
  return {
    http: await choose(8080, 'Davy'),
    otlpHttp: await choose(4318, 'OTLP/HTTP'),
    otlpGrpc: await choose(4317, 'OTLP/gRPC'),
  }
}

/**
 * Starts Davy on embedded ClickHouse in `folder` and waits until it is ready. Rejects after 60 s with the end of its log.
 */
export async function startDavy(
  processes: Processes,
  folder: string,
  out: Console,
  signal: AbortSignal,
): Promise<Davy> {
  const ports = await choosePorts(out)
  const logFile = join(folder, 'davy.log')
  out.print(`  Davy's log is ${logFile}`)
  await processes.start(
    {
      name: 'Davy',
      file: new URL('./guard.ts', import.meta.url),
      args: ['src/main.ts', 'serve'],
      cwd: repository,
      env: {
        UV_THREADPOOL_SIZE: '16',
        DAVY_PORT: String(ports.http),
        DAVY_OTLP_HTTP_PORT: String(ports.otlpHttp),
        DAVY_OTLP_GRPC_PORT: String(ports.otlpGrpc),
        DAVY_STORAGE_URL: `chdb:${join(folder, 'data')}`,
      },
      logFile,
    },
    signal,
  )
  const origin = `http://127.0.0.1:${ports.http}`
  const client = createDavyClient(origin)
  const startedAt = performance.now()
  for (;;) {
    if (await client.isReady(signal)) break
    const seconds = Math.round((performance.now() - startedAt) / 1000)
    if (seconds >= readyWithinSeconds) {
      throw new Error(
        `Davy is not ready after ${readyWithinSeconds} s: expected GET ${origin}/readyz to answer 200. ` +
          `Its log ends:\n${logTail(logFile)}\n  Start it by hand with \`npm start\` to see more.`,
      )
    }
    out.progress(`  waiting for Davy, ${seconds} s`)
    await sleep(300, undefined, { signal })
  }
  return { origin, otlpOrigin: `http://127.0.0.1:${ports.otlpHttp}`, client }
}
