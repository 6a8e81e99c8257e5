import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** A real Davy: `node src/main.ts serve`, embedded ClickHouse, production defaults, free ports of loopback. */
export type RunningDavy = {
  readonly pid: number
  /** Of the API. */
  readonly url: string
  /** Of OTLP over HTTP. */
  readonly otlpUrl: string
  /** Lines that it logged as warnings or errors. */
  readonly troubles: readonly string[]
  /** Stops it as an operator would. @throws Error when it does not end with 0. */
  stop(): Promise<void>
  /** Ends it at once; its data stay as they are. */
  kill(): Promise<void>
}

const root = join(import.meta.dirname, '../..')
const warningLevels = new Set(['warn', 'error', 'fatal'])

/** A line of Davy's log. */
export type LogEntry = { readonly level: string; readonly msg: string; readonly [field: string]: unknown }

/**
 * @param env variables beyond those of the directory and the ports.
 * @param onEntry is given every line of the log.
 * @param sources the clone whose Davy it is; this one when absent.
 */
export async function startDavy(
  directory: string,
  env: Readonly<Record<string, string>> = {},
  onEntry: (entry: LogEntry) => void = () => {},
  sources: string = root,
): Promise<RunningDavy> {
  const child = spawn(process.execPath, [join(sources, 'src/main.ts'), 'serve'], {
    cwd: directory,
    env: {
      PATH: process.env.PATH,
      UV_THREADPOOL_SIZE: '16',
      DAVY_STORAGE_URL: `chdb:${join(directory, 'data')}`,
      DAVY_PORT: '0',
      DAVY_OTLP_HTTP_PORT: '0',
      DAVY_OTLP_GRPC_PORT: '0',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const troubles: string[] = []
  createInterface({ input: child.stderr }).on('line', (line) => troubles.push(line))
  const { address, otlp } = await ready(child, troubles, onEntry)
  return {
    pid: child.pid as number,
    url: address,
    otlpUrl: otlp,
    troubles,
    stop: () => end(child, 'SIGTERM', 0),
    kill: () => end(child, 'SIGKILL', null),
  }
}

function ready(
  child: ChildProcess,
  troubles: string[],
  onEntry: (entry: LogEntry) => void,
): Promise<{ readonly address: string; readonly otlp: string }> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`Davy ended with ${code}: ${troubles.join('\n')}`)))
    if (child.stdout === null) throw new Error('Davy was started without a pipe for its log')
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (!line.startsWith('{')) return
      const entry = JSON.parse(line) as LogEntry & { address: string; otlp: string }
      onEntry(entry)
      if (warningLevels.has(entry.level)) troubles.push(line)
      if (entry.msg === 'Davy is ready') resolve(entry)
    })
  })
}

async function end(child: ChildProcess, signal: NodeJS.Signals, expected: number | null): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill(signal)
  const [code] = (await exited) as [number | null]
  if (code !== expected) throw new Error(`expected Davy to end with ${expected}, got ${code}`)
}
