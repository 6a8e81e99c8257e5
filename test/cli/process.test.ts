import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Davy, startDavy } from '../davy.ts'
import { runDavy } from './run-davy.ts'
import { startVerdictServer, verdict } from './verdict-server.ts'

const bin = resolve(import.meta.dirname, '../../src/davy.js')
const directory = mkdtempSync(join(tmpdir(), 'davy-cli-'))
let davy: Davy
let token: string

beforeAll(async () => {
  const made = await runDavy(['token', 'new', 'ci', 'operator'])
  token = made.out.split('\n')[1]!
  const tokensFile = join(directory, 'tokens.yaml')
  writeFileSync(tokensFile, made.out.split('\n')[3]!)
  davy = await startDavy({ DAVY_TOKENS_FILE: tokensFile })
})

afterAll(async () => {
  await davy.stop()
  rmSync(directory, { recursive: true })
})

function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
  return spawn(process.execPath, [bin, ...args], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
}

async function exitCodeOf(child: ChildProcess): Promise<number | null> {
  child.stdout?.resume()
  child.stderr?.resume()
  const [code] = await once(child, 'exit')
  return code
}

test('a release is registered, waited for, overridden and finished at a real Davy', async () => {
  const env = { DAVY_URL: davy.url, DAVY_TOKEN: token }
  const run = (...args: string[]) => runDavy(args, { env })
  expect((await runDavy(['verdict', 'x'], { env: { DAVY_URL: davy.url } })).err).toContain('UNAUTHENTICATED')

  const opened = await run('register', '--service', 'shop', '--canary', '2', '--baseline', '1', '--weight', '10')
  expect(opened.exitCode).toBe(0)
  const id = opened.out.trim()
  expect((await run('register', '--service', 'shop', '--canary', '2')).out.trim()).toBe(id)
  expect((await run('deployments', '--open')).out).toContain(`${id}  shop     default      1         2`)
  expect((await run('verdict', id)).out).toMatch(/^HOLD {2}[A-Z_]+\n/)
  expect((await run('verdict', id, '--markdown')).out).toContain('### ')
  expect(await run('wait', id, '--timeout', '0s', '--exit-code')).toMatchObject({ exitCode: 3 })
  expect((await run('progress', id, '--weight', '50', '--step', 'half')).exitCode).toBe(0)
  const waiting = run('wait', id, '--timeout', '10m', '--exit-code')
  expect((await run('override', id, 'promote', '--reason', 'seen by eye')).exitCode).toBe(0)
  expect(await waiting).toMatchObject({
    exitCode: 0,
    out: expect.stringContaining('PROMOTE   OVERRIDDEN  ci promoted'),
  })
  expect((await run('finish', id, 'promoted')).exitCode).toBe(0)
  expect((await run('finish', id, 'aborted')).err).toContain('is closed as promoted')
  expect((await run('deployments', '--open')).out.split('\n')).toHaveLength(2)
})

test('the process ends with the code of the decision, and with 130 after Ctrl-C', async () => {
  const server = await startVerdictServer(verdict())
  const args = ['wait', 'd1', '--exit-code', '--timeout', '10m', '--url', server.url]
  const interrupted = start(args)
  await once(interrupted.stdout!, 'data')
  interrupted.kill('SIGINT')
  expect(await exitCodeOf(interrupted)).toBe(130)

  const waiting = start(args)
  await once(waiting.stdout!, 'data')
  server.say(verdict({ decision: 'rollback', code: 'HARM_SHOWN', final: true }))
  expect(await exitCodeOf(waiting)).toBe(1)

  const promoted = start(args)
  promoted.stdout!.destroy()
  server.say(verdict({ decision: 'promote', code: 'HARM_RULED_OUT' }))
  expect(await exitCodeOf(promoted)).toBe(0)
  await server.stop()
})

test.runIf(process.platform === 'linux').each([
  [{}, 16],
  [{ UV_THREADPOOL_SIZE: '5' }, 5],
])('started with %j it has %i threads for queries', async (env, threads) => {
  const server = await startVerdictServer(verdict())
  const url = server.url.replace('127.0.0.1', 'localhost')
  const { UV_THREADPOOL_SIZE: _inherited, ...plain } = process.env
  const args = [bin, 'wait', 'd1', '--timeout', '10m', '--url', url]
  const waiting = spawn(process.execPath, args, { env: { ...plain, ...env }, stdio: ['ignore', 'pipe', 'inherit'] })
  // By then it has looked up a name, which is done in such a thread.
  await once(waiting.stdout!, 'data')
  const tasks = readdirSync(`/proc/${waiting.pid}/task`)
  const names = tasks.map((task) => readFileSync(`/proc/${waiting.pid}/task/${task}/comm`, 'utf8').trim())
  expect(names.filter((name) => name === 'libuv-worker')).toHaveLength(threads)
  waiting.kill('SIGINT')
  await exitCodeOf(waiting)
  await server.stop()
})

test('an installation that cannot be loaded is neither a rollback nor a hold', async () => {
  const copy = join(directory, 'src', 'davy.js')
  cpSync(bin, copy)
  writeFileSync(join(directory, 'package.json'), '{"type":"module"}')
  const child = spawn(process.execPath, [copy, 'wait', 'd1', '--exit-code'], { stdio: ['ignore', 'pipe', 'pipe'] })
  expect(await exitCodeOf(child)).toBe(3)
})
