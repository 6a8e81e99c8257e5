import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Where `test/real-sources/install.sh` installs. */
export const tools = join(process.env.DAVY_TOOLS ?? join(homedir(), '.cache/davy-tools'), 'sources')

/** A server under test, with a directory of its own. */
export type Running = { readonly directory: string; readonly stop: () => Promise<void> }

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** A new directory for one server. */
export function newDirectory(name: string): Promise<string> {
  return mkdtemp(join(tmpdir(), `davy-${name}-`))
}

/**
 * Starts servers and waits until they answer. @throws Error with what they wrote when they end before, or after a minute
 */
export async function startServers(
  directory: string,
  commands: readonly (readonly [program: string, ...rest: string[]])[],
  isReady: () => Promise<boolean>,
  env: Readonly<Record<string, string>> = {},
): Promise<Running> {
  const written: string[] = []
  const children = commands.map(([program, ...rest]): ChildProcess => {
    if (!existsSync(program)) throw new Error(`${program} is not there: run bash test/real-sources/install.sh`)
    const child = spawn(program, rest, { cwd: directory, env: { ...process.env, ...env } })
    for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (data) => written.push(String(data)))
    return child
  })
  const stop = async () => {
    for (const child of children) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    }
    await rm(directory, { recursive: true, force: true })
  }
  for (let left = 240; !(await isReady().catch(() => false)); left -= 1) {
    const ended = children.some(({ exitCode }) => exitCode !== null)
    if (ended || left === 0) {
      await stop()
      throw new Error(`${commands[0]?.[0]} did not start: ${written.join('').slice(-2000)}`)
    }
    await sleep(250)
  }
  return { directory, stop }
}

/** Waits until a server tells what was written to it. */
export async function until(isTold: () => Promise<boolean>): Promise<void> {
  for (let left = 240; !(await isTold()); left -= 1) {
    if (left === 0) throw new Error('the server does not tell what was written to it')
    await sleep(250)
  }
}
