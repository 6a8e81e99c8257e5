import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export type ProcessSpec = {
  /** For people. */
  readonly name: string
  /** The module to run; it sends `{ready: string}` when it does its work. */
  readonly file: URL
  readonly args?: readonly string[]
  readonly cwd?: URL
  readonly env?: Readonly<Record<string, string>>
  /** Gets stdout and stderr, appended. */
  readonly logFile: string
  /** Every message but the first. */
  readonly onMessage?: (message: unknown) => void
  /** Stopped before all others: it would only make errors when what it uses stops. */
  readonly stopFirst?: boolean
}

export type Running = {
  readonly name: string
  /** What the process said when it was ready: its origin. */
  readonly ready: string
  /** Sends a message and waits for the process's next one. */
  ask(message: object, signal: AbortSignal): Promise<void>
  /** SIGTERM, after 15 seconds SIGKILL; resolves when the process is gone. Idempotent. */
  stop(): Promise<void>
}

export type Processes = {
  /** Rejects with the end of its log when the process ends before it is ready, or when `signal` aborts. */
  start(spec: ProcessSpec, signal: AbortSignal): Promise<Running>
  /** Stops all that still run: those marked `stopFirst`, then the newest first. */
  stopAll(): Promise<void>
}

const graceMs = 15_000

/** The last lines of a log file, indented; says so when there are none. */
export function logTail(file: string, lines = 15): string {
  const text = readFileSync(file, 'utf8').trimEnd()
  return text === '' ? '    (its log is empty)' : text.split('\n').slice(-lines).join('\n').replace(/^/gm, '    ')
}

/** The user's environment without what would change Davy or the OpenTelemetry SDK behind the demo's back. */
function plainEnvironment(): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(DAVY|OTEL|SHOP|LOAD)_/.test(name)))
}

function spawnProcess(spec: ProcessSpec): ChildProcess {
  const log = openSync(spec.logFile, 'a')
  try {
    return fork(fileURLToPath(spec.file), spec.args, {
      ...(spec.cwd === undefined ? {} : { cwd: fileURLToPath(spec.cwd) }),
      env: { ...plainEnvironment(), ...spec.env },
      execArgv: [],
      stdio: ['ignore', log, log, 'ipc'],
    })
  } finally {
    closeSync(log)
  }
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  const killer = setTimeout(() => child.kill('SIGKILL'), graceMs)
  await gone
  clearTimeout(killer)
}

/** Starts and stops the demo's processes. `onCrash` hears of each that ends without having been stopped. */
export function createProcesses(onCrash: (error: Error) => void): Processes {
  const firstStops: (() => Promise<void>)[] = []
  const stops: (() => Promise<void>)[] = []

  async function start(spec: ProcessSpec, signal: AbortSignal): Promise<Running> {
    const child = spawnProcess(spec)
    let stopping: Promise<void> | undefined
    const stop = () => {
      stopping ??= stopChild(child)
      return stopping
    }
    const list = spec.stopFirst === true ? firstStops : stops
    list.push(stop)

    const crash = once(child, 'exit').then(([code, killedBy]) => {
      if (stopping !== undefined) return [{ ready: '' }]
      throw new Error(
        `${spec.name} ended (${killedBy ?? `exit code ${code}`}). Its log ends:\n${logTail(spec.logFile)}`,
      )
    })
    crash.catch(onCrash)
    const [first] = (await Promise.race([once(child, 'message', { signal }), crash])) as [{ ready: string }]
    if (spec.onMessage !== undefined) child.on('message', spec.onMessage)
    return {
      name: spec.name,
      ready: first.ready,
      async ask(message, askSignal) {
        const answered = once(child, 'message', { signal: askSignal })
        child.send(message)
        await Promise.race([answered, crash])
      },
      stop,
    }
  }

  return {
    start,
    async stopAll() {
      for (const stop of [...firstStops, ...stops.toReversed()]) await stop()
    },
  }
}
