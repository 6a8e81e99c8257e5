import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parse } from 'yaml'
import { hashToken, newToken, type Role } from '../../../src/platform/tokens.ts'
import { answersOk, freePorts, type Running, startProcess } from './processes.ts'

const main = resolve(import.meta.dirname, '../../../src/main.ts')
const tokenRoles = ['ingest', 'gate', 'admin'] as const satisfies readonly Role[]

/** A real `davy serve` with tokens, as a process that can be killed and started again on the same ports and data. */
export type DavyServer = {
  readonly url: string
  readonly otlpUrl: string
  readonly tokens: Readonly<Record<(typeof tokenRoles)[number], string>>
  readonly logFile: string
  /** Sends SIGKILL and waits until it is gone. */
  kill(): Promise<void>
  /** Stops it in good order, as an update does, and waits until it is gone. */
  stop(): Promise<void>
  /** Starts it again and waits until it is ready. */
  start(): Promise<void>
  /** What a GET of the API answers, parsed; throws on any status but 2xx. */
  get<T>(path: string): Promise<T>
  /** Posts JSON; throws on any status but 2xx. */
  post(path: string, body: object): Promise<void>
}

/** Starts Davy with its data and log in `folder` and gives it the templates. It stops with `stack`. */
export async function startDavyServer(
  folder: string,
  templates: readonly string[],
  stack: AsyncDisposableStack,
): Promise<DavyServer> {
  const [http, otlpHttp, otlpGrpc] = await freePorts(3)
  const url = `http://127.0.0.1:${http}`
  const tokens = {
    ingest: newToken(randomBytes(32)),
    gate: newToken(randomBytes(32)),
    admin: newToken(randomBytes(32)),
  }
  const tokensFile = join(folder, 'tokens.yaml')
  const lines = tokenRoles.map((role) => `- { name: ${role}, role: ${role}, hash: '${hashToken(tokens[role])}' }\n`)
  writeFileSync(tokensFile, lines.join(''), { mode: 0o600 })
  const logFile = join(folder, 'davy.log')
  let running: Running | undefined

  async function start(): Promise<void> {
    running = await startProcess({
      name: 'Davy',
      file: process.execPath,
      args: [main, 'serve'],
      env: {
        UV_THREADPOOL_SIZE: '16',
        DAVY_PORT: String(http),
        DAVY_OTLP_HTTP_PORT: String(otlpHttp),
        DAVY_OTLP_GRPC_PORT: String(otlpGrpc),
        DAVY_STORAGE_URL: `chdb:${join(folder, 'data')}`,
        DAVY_TOKENS_FILE: tokensFile,
      },
      logFile,
      isReady: () => answersOk(`${url}/readyz`),
    })
  }

  async function call(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(url + path, {
      method,
      headers: {
        authorization: `Bearer ${tokens.admin}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: expected 2xx, got ${response.status} ${text}`)
    return text === '' ? null : JSON.parse(text)
  }

  await start()
  stack.defer(async () => running?.stop())
  for (const file of templates) {
    const template = parse(readFileSync(file, 'utf8')) as { name: string }
    await call('PUT', `/api/v1/templates/${template.name}`, template)
  }
  return {
    url,
    otlpUrl: `http://127.0.0.1:${otlpHttp}`,
    tokens,
    logFile,
    async kill() {
      await running?.stop('SIGKILL')
    },
    async stop() {
      await running?.stop()
    },
    start,
    get: async <T>(path: string) => (await call('GET', path)) as T,
    async post(path, body) {
      await call('POST', path, body)
    },
  }
}
