import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { delimit } from '../../src/engine/ingest/delimited.ts'
import { hashToken } from '../../src/platform/tokens.ts'
import { runDavy } from '../cli/run-davy.ts'
import { type Davy, protobufTraces, startDavy, until } from '../davy.ts'
import { temporaryDirectory } from '../storage/opened.ts'
import { receivedBody } from '../storage/spans.ts'
import { type Caller, callerOf } from './client.ts'

const [directory, remove] = temporaryDirectory()
const segments = join(directory, 'data', 'segments')
const tokens = { viewer: 'davy_viewer', operator: 'davy_operator' } as const
const as = (role: keyof typeof tokens) => ({ authorization: `Bearer ${tokens[role]}` })

const now = BigInt(Date.now()) * 1_000_000n
const bodyOf = (service: string) =>
  receivedBody([{ start: now - 1_000_000_000n, end: now - 999_000_000n, resource: { 'service.name': service } }])
/** A span's name with a length beyond its message, behind a name that would take over a terminal. */
const poison = Buffer.concat([Uint8Array.of(0x0a, 0x0b, 0x1a, 0x03, 0x1b, 0x5b, 0x41, 0x12, 0x7f), Buffer.from('1234')])

let davy: Davy
let call: Caller
beforeAll(async () => {
  mkdirSync(join(segments, 'traces', 'quarantine'), { recursive: true })
  const bodies = ['before-poison', 'behind-poison'].map(bodyOf)
  writeFileSync(join(segments, 'traces', 'damaged.seg'), Buffer.concat([bodies[0]!, poison, bodies[1]!].map(delimit)))
  // What an engine of before could not read and that of now can; from before there were records.
  for (const name of ['old-traces-3-4', 'deleted-traces-0-1']) {
    writeFileSync(join(segments, 'traces', 'quarantine', `${name}.pb`), delimit(bodyOf(name)))
  }
  // Nothing tells which kinds of metrics it holds, or which of them are in already.
  mkdirSync(join(segments, 'metrics', 'quarantine'), { recursive: true })
  writeFileSync(join(segments, 'metrics', 'quarantine', 'foreign.pb'), delimit(bodyOf('foreign')))
  const tokensFile = join(directory, 'tokens.yaml')
  const lines = Object.entries(tokens).map(
    ([role, token]) => `- {name: ${role}, role: ${role}, hash: "${hashToken(token)}"}`,
  )
  writeFileSync(tokensFile, lines.join('\n'))
  davy = await startDavy({ DAVY_STORAGE_URL: `chdb:${join(directory, 'data')}`, DAVY_TOKENS_FILE: tokensFile })
  const caller = callerOf(davy)
  call = (method, path, body, headers) => caller(method, path, body, { ...as('operator'), ...headers })
  await until(async () => (await call('GET', '/api/v1/quarantine')).body.items.length === 4, 'the poison is put aside')
})
afterAll(async () => {
  await davy?.stop()
  remove()
})

const requestsOf = async (service: string): Promise<number> => {
  const { body } = await call('GET', `/api/v1/services/${service}`)
  return (body.versions ?? []).reduce((sum: number, { requests }: { requests: number }) => sum + requests, 0)
}

describe('the quarantine', () => {
  test('lists what the storage would not take, why, and how much it is; its neighbours are stored', async () => {
    const { body } = await call('GET', '/api/v1/quarantine')
    expect(body.items[0]).toEqual({
      ...{ id: 'damaged-traces-1-2', signal: 'traces', kinds: ['traces'], bytes: poison.length, bodies: 1 },
      ...{ retries: 0, state: 'kept', why: expect.stringContaining('cannot read') },
      quarantinedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      error: { code: expect.any(Number), message: expect.stringMatching(/\w/) },
    })
    expect(body.total).toMatchObject({ bodies: 4 })
    for (const service of ['before-poison', 'behind-poison']) {
      expect(await until(async () => (await requestsOf(service)) || null, service)).toBe(1)
    }
    const { text } = await call('GET', '/metrics')
    expect(text).toContain('davy_ingest_quarantine_bodies{signal="traces"} 3')
    expect(text).toContain('davy_ingest_quarantine_bodies{signal="metrics"} 1')
    const traces = body.items.filter(({ signal }: { signal: string }) => signal === 'traces')
    const bytes = traces.reduce((sum: number, item: { bytes: number }) => sum + item.bytes, 0)
    expect(text).toContain(`davy_ingest_quarantine_bytes{signal="traces"} ${bytes}`)
    expect(text).toContain('davy_ingest_quarantined_bodies_total{signal="traces"} 1')
    expect(text).toContain('davy_ingest_quarantined_bodies_total{signal="logs"} 0')
  })

  test('comes in pages', async () => {
    const ids: string[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { body } = await call('GET', `/api/v1/quarantine?limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`)
      ids.push(...body.items.map(({ id }: { id: string }) => id))
      cursor = body.nextCursor
    }
    expect(new Set(ids).size).toBe(4)
    expect(ids).toHaveLength(4)
  })

  test('shows the beginning of a body, and where it breaks off', async () => {
    const { body, headers } = await call('GET', '/api/v1/quarantine/damaged-traces-1-2')
    expect(headers.get('cache-control')).toBe('no-store')
    expect(body.previews).toEqual([
      {
        fields: { resourceSpans: [{ schemaUrl: '\u001b[A' }] },
        isCut: false,
        fault: expect.stringMatching(/got 127, at byte \d+$/),
      },
    ])
  })

  test('gives the bytes as they are to who asks for them', async () => {
    const response = await fetch(`${davy.url}/api/v1/quarantine/damaged-traces-1-2`, {
      headers: { ...as('operator'), accept: 'application/octet-stream' },
    })
    expect(response.headers.get('content-type')).toBe('application/octet-stream')
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="damaged-traces-1-2.pb"')
    expect(Buffer.from(await response.arrayBuffer())).toEqual(poison)
  })

  test('puts back what can be stored by now: it is stored once, also in the rollup, and is gone', async () => {
    const retried = await call('POST', '/api/v1/quarantine/old-traces-3-4/retry')
    expect([retried.status, retried.body]).toEqual([200, { id: 'old-traces-3-4', outcome: 'stored' }])
    expect(await requestsOf('old-traces-3-4')).toBe(1)
    expect((await call('POST', '/api/v1/quarantine/old-traces-3-4/retry')).status).toBe(404)
    expect((await call('GET', '/api/v1/quarantine/old-traces-3-4')).status).toBe(404)
    expect(readdirSync(join(segments, 'traces', 'quarantine')).filter((name) => name.startsWith('old'))).toEqual([])
  })

  test('takes back what still cannot be read, and blocks nobody with it', async () => {
    const answers = await Promise.all([1, 2].map(() => call('POST', '/api/v1/quarantine/damaged-traces-1-2/retry')))
    const byStatus = answers.toSorted((a, b) => a.status - b.status)
    expect(byStatus[0]!.body).toMatchObject({
      id: 'damaged-traces-1-2',
      outcome: 'quarantined',
      state: 'kept',
      retries: 1,
    })
    expect(byStatus[1]!.body).toMatchObject({ status: 409, code: 'CONFLICT' })
    expect((await call('GET', '/metrics')).text).toContain(
      'davy_ingest_quarantine_retries_total{signal="traces",outcome="quarantined"} 1',
    )
  })

  test('does not put back what nobody knows the kinds of', async () => {
    const { body } = await call('POST', '/api/v1/quarantine/foreign/retry')
    expect(body).toMatchObject({ status: 409, code: 'CONFLICT', expected: expect.stringContaining('gauge') })
    expect((await call('GET', '/api/v1/quarantine/foreign')).body.state).toBe('kept')
  })

  test('deletes what nobody needs', async () => {
    expect((await call('DELETE', '/api/v1/quarantine/deleted-traces-0-1')).status).toBe(204)
    expect((await call('DELETE', '/api/v1/quarantine/deleted-traces-0-1')).status).toBe(404)
    expect(await requestsOf('deleted-traces-0-1')).toBe(0)
  })

  test('is for operators: bodies may hold what not everybody should read', async () => {
    for (const [method, path] of [
      ['GET', '/api/v1/quarantine'],
      ['GET', '/api/v1/quarantine/foreign'],
      ['POST', '/api/v1/quarantine/foreign/retry'],
      ['DELETE', '/api/v1/quarantine/foreign'],
    ] as const) {
      expect((await call(method, path, undefined, as('viewer'))).status, `${method} ${path}`).toBe(403)
    }
  })

  test('no id leads out of it', async () => {
    for (const id of ['..%2F..%2Flock', '%2Fetc%2Fpasswd', '..', 'foreign.pb', '__proto__']) {
      expect((await call('GET', `/api/v1/quarantine/${id}`)).status).toBe(404)
    }
  })

  test('is read and put back on the command line', async () => {
    const run = (...args: string[]) =>
      runDavy(['quarantine', ...args], { env: { DAVY_URL: davy.url, DAVY_TOKEN: tokens.operator } })
    const list = await run('list')
    expect([list.exitCode, list.err]).toEqual([0, ''])
    expect(list.out).toMatch(/^ID +SIGNAL +BYTES +SINCE +RETRIES +STATE +CODE +ERROR\n/)
    expect(list.out).toMatch(/^damaged-traces-1-2 +traces +13 +\S+ +\d +kept +\d+ +\S/m)
    const show = await run('show', 'damaged-traces-1-2')
    expect(show.out).toMatch(/^damaged-traces-1-2: 13 bytes of traces \(traces\), kept since /)
    expect(show.out).toContain('      "schemaUrl": "')
    expect(show.out).toContain('The bytes stop being a message: expected a length')
    expect(show.out).not.toContain('\u001b')
    const retried = await run('retry', 'damaged-traces-1-2')
    expect(retried).toMatchObject({ exitCode: 1, out: expect.stringContaining('is in quarantine again: ') })
    expect((await run('show', 'nothing')).err).toContain('(NOT_FOUND)')
  })
})

describe('what comes in at once', () => {
  let narrow: Davy
  beforeAll(async () => {
    await davy.stop()
    rmSync(segments, { recursive: true })
    narrow = await startDavy({
      DAVY_INGEST_MAX_BODY_BYTES: '65536',
      DAVY_INGEST_MAX_DECOMPRESSED_BYTES: '131072',
      DAVY_INGEST_IN_FLIGHT_MAX_BYTES: '196608',
    })
  })
  afterAll(() => narrow?.stop())

  test('is bounded: more is refused with 429 and a time, and taken again when there is room', async () => {
    const spans = protobufTraces([{ service: 'bounded', version: '1', endAt: Date.now() - 1_000 }])
    const headers = { 'content-type': 'application/x-protobuf' }
    const post = (body: NonNullable<RequestInit['body']>) =>
      fetch(`${narrow.url}/v1/traces`, { method: 'POST', headers, body, duplex: 'half' } as RequestInit)
    // Four bodies that do not end: 60,000 bytes of each come and stay. Only three find room.
    const stalled = Array.from({ length: 4 }, () => {
      const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
      const writer = writable.getWriter()
      return { writer, answer: post(readable), sent: writer.write(new Uint8Array(60_000)) }
    })
    const metric = async () =>
      Number(/^davy_ingest_in_flight_bytes (\d+)$/m.exec(await (await fetch(`${narrow.url}/metrics`)).text())?.[1])
    await until(async () => (await metric()) === 180_000, 'three bodies are held')
    const early = await Promise.race(stalled.map(({ answer }) => answer))
    expect([early.status, early.headers.get('retry-after')]).toEqual([429, '2'])
    // What says beforehand that it is too much is not read at all.
    const big = await post(Buffer.alloc(60_000))
    expect([big.status, big.headers.get('retry-after')]).toEqual([429, '2'])
    expect(await metric()).toBe(180_000)
    expect((await post(new Uint8Array(spans))).status).toBe(200)
    for (const { writer } of stalled) await writer.close().catch(() => undefined)
    const answers = await Promise.all(stalled.map(({ answer }) => answer))
    expect(answers.map(({ status }) => status).sort()).toEqual([400, 400, 400, 429])
    expect(await metric()).toBe(0)
    expect((await post(new Uint8Array(spans))).status).toBe(200)
  })

  test('what a sender leaves in the middle is not held', async () => {
    const leave = new AbortController()
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    void writable
      .getWriter()
      .write(new Uint8Array(50_000))
      .catch(() => undefined)
    const answer = fetch(`${narrow.url}/v1/traces`, {
      ...{ method: 'POST', headers: { 'content-type': 'application/x-protobuf' }, body: readable, duplex: 'half' },
      signal: leave.signal,
    } as RequestInit)
    const metrics = async () => (await fetch(`${narrow.url}/metrics`)).text()
    await until(async () => /^davy_ingest_in_flight_bytes 50000$/m.test(await metrics()), 'it is held')
    leave.abort()
    await expect(answer).rejects.toThrow()
    await until(async () => /^davy_ingest_in_flight_bytes 0$/m.test(await metrics()), 'it is not held any more')
  })
})
