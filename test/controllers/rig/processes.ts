import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ReaperMessage } from './reaper.ts'

/** A process to start, and how to tell that it does its work. */
export type ProcessSpec = {
  /** For people. */
  readonly name: string
  readonly file: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Gets stdout and stderr, appended. */
  readonly logFile: string
  /** Asked every 200 ms until it answers true; what it throws counts as "not yet". */
  readonly isReady: () => Promise<boolean>
}

/** A process that has been ready once. */
export type Running = {
  /** Sends the signal, after 20 s SIGKILL; resolves when the process is gone. Idempotent. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

const graceMs = 20_000

/** Seconds on a machine that has nothing else to do; minutes where many share it. */
export const startsWithinMs = 240_000

let reaper: ChildProcess | undefined

/** Tells the process that cleans up after a test run that was killed. */
export function tellReaper(message: ReaperMessage): void {
  if (reaper === undefined) {
    reaper = fork(new URL('./reaper.ts', import.meta.url), { detached: true, execArgv: [], stdio: 'ignore' })
    reaper.unref()
    reaper.channel?.unref()
  }
  reaper.send(message)
}

function isGone(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

async function stopChild(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (isGone(child)) return
  const gone = once(child, 'exit')
  child.kill(signal)
  const killer = setTimeout(() => child.kill('SIGKILL'), graceMs)
  await gone
  clearTimeout(killer)
}

/** The last lines of a log file. */
function logTail(file: string, lines = 25): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n')
}

/** Starts a process and waits for it. Rejects with the end of its log, the process stopped, when it does not get ready. */
export async function startProcess(spec: ProcessSpec): Promise<Running> {
  const log = openSync(spec.logFile, 'a')
  const child = spawn(spec.file, spec.args, {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...spec.env },
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  const failed = new Promise<never>((_, reject) => child.once('error', reject))
  failed.catch(() => undefined)
  const { pid } = child
  if (pid !== undefined) {
    tellReaper({ started: pid })
    child.once('exit', () => tellReaper({ ended: pid }))
  }

  const end = Date.now() + startsWithinMs
  for (;;) {
    const isReady = await Promise.race([spec.isReady().catch(() => false), failed])
    if (isReady) break
    if (isGone(child) || Date.now() > end) {
      const how = isGone(child)
        ? `ended with ${child.exitCode ?? child.signalCode}`
        : `was not ready after ${startsWithinMs} ms`
      await stopChild(child, 'SIGTERM')
      throw new Error(`${spec.name} ${how}. Its log ${spec.logFile} ends:\n${logTail(spec.logFile)}`)
    }
    await sleep(200)
  }
  return { stop: (signal = 'SIGTERM') => stopChild(child, signal) }
}

/** So many different TCP ports of the loopback that nothing listens on. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1')
      await once(server, 'listening')
      return server
    }),
  )
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map(async (server) => once(server.close(), 'close')))
  return ports
}

/** Whether GET answers 200. */
export async function answersOk(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2000) })
  await response.arrayBuffer()
  return response.status === 200
}
