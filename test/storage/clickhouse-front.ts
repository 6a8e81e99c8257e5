import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { drainPending, Session } from 'chdb'

/*
 * A test part: as much of ClickHouse's HTTP interface as the official client needs, over the embedded engine, so that
 * the code for servers runs over real HTTP without one. It proves that code, not the behaviour of a real server.
 */

export type Front = { readonly url: string; close(): Promise<void> }

/** Parameters of the interface itself; all others in the URL are settings of the statement. */
const own = new Set(['query', 'query_id', 'database', 'default_format', 'session_id', 'role', 'user', 'password'])

type Statement = { readonly sql: string; readonly format: string; readonly data: Buffer | null }

/** @param connectionArgs of the engine, such as `--backups.allowed_path=…`. */
export async function startFront(connectionArgs: readonly string[] = []): Promise<Front> {
  const directory = mkdtempSync(join(tmpdir(), 'davy-front-'))
  const data = join(directory, 'data')
  const keeper = new Session(data, { connectionArgs: [...connectionArgs] })
  let statements = 0
  const server = createServer({ maxHeaderSize: 2 ** 20 }, (request, response) => {
    statements += 1
    void answer(request, response, data, join(directory, `body-${statements}`))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      await new Promise((resolve) => server.close(resolve))
      keeper.close()
      await drainPending()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, data: string, file: string): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://front')
  if (url.pathname === '/ping') {
    response.end('Ok.\n')
    return
  }
  const statement = split(url.searchParams.get('query'), await buffer(request))
  const session = new Session(data)
  try {
    const settings = settingsOf(url.searchParams, file)
    const bytes = await run(session, statement, settings, file)
    response.writeHead(200, { 'x-clickhouse-summary': '{}' }).end(bytes)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const text = message.slice(Math.max(0, message.indexOf('Code: ')))
    const code = String((error as { clickhouseCode?: number }).clickhouseCode ?? 0)
    response.writeHead(500, { 'x-clickhouse-exception-code': code }).end(text)
  } finally {
    session.close()
    rmSync(file, { force: true })
    rmSync(`${file}.proto`, { force: true })
  }
}

/** The statement stands in the URL when the body is its data, else it is the body. */
function split(query: string | null, body: Buffer): Statement {
  const text = (query ?? body.toString()).trim().replace(/;$/, '')
  const format = /\sFORMAT\s+(\w+)$/i.exec(text)
  return {
    sql: format === null ? text : text.slice(0, format.index),
    format: format?.[1] ?? 'TabSeparated',
    data: query === null ? null : body,
  }
}

/** `SET` statements for what stands in the URL; a session of its own keeps them from leaking. */
function settingsOf(parameters: URLSearchParams, file: string): Map<string, string> {
  const settings = new Map([...parameters].filter(([name]) => !own.has(name)))
  if (settings.get('format_schema_source') === 'string') {
    // Given as a string, the engine would leave a `__cache__` in the working directory.
    writeFileSync(`${file}.proto`, settings.get('format_schema') ?? '')
    settings.set('format_schema', `${file}.proto:${settings.get('format_schema_message_name')}`)
    settings.delete('format_schema_source')
    settings.delete('format_schema_message_name')
  }
  return settings
}

async function run(
  session: Session,
  { sql, format, data }: Statement,
  settings: ReadonlyMap<string, string>,
  file: string,
): Promise<Uint8Array> {
  for (const [name, value] of settings) await session.queryAsync(`SET ${name} = ${quote(value)}`)
  const target = /^INSERT INTO (\S+)$/i.exec(sql)?.[1]
  if (data !== null && target !== undefined && format === 'JSONEachRow') {
    await session.insert({ table: target, values: data, format })
    return new Uint8Array()
  }
  if (data === null) return (await session.queryAsync(sql, { format })).bytes()
  writeFileSync(file, data)
  const source = /\binput\(('(?:[^'\\]|\\.)*')\)/
  const rows = sql.replace(source, (_match, structure: string) => `file(${quote(file)}, '${format}', ${structure})`)
  return (await session.queryAsync(rows)).bytes()
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
