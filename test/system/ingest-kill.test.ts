import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { EmbeddedStorage } from '../../src/storage/embedded.ts'
import { seeded } from '../receivers/otlp/mutate.ts'
import { temporaryDirectory } from '../storage/opened.ts'
import { receivedBody } from '../storage/spans.ts'

const rounds = 5
const senders = 6
const main = resolve(import.meta.dirname, '../../src/main.ts')
const seed = Number(process.env.KILL_SEED ?? 20_261_121)

type Child = { readonly process: ChildProcess; readonly url: string; readonly otlpUrl: string }

/** A real `davy serve` on free ports; ready when it says so. */
async function serve(data: string): Promise<Child> {
  const child = spawn(process.execPath, [main, 'serve'], {
    env: {
      ...process.env,
      UV_THREADPOOL_SIZE: '16',
      DAVY_STORAGE_URL: `chdb:${data}`,
      DAVY_PORT: '0',
      DAVY_OTLP_HTTP_PORT: '0',
      // Small and short-lived, so that a kill meets every step of a segment's life.
      DAVY_INGEST_SEGMENT_MAX_AGE_MS: '60',
      DAVY_INGEST_SEGMENT_MAX_BYTES: '16384',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const line of createInterface({ input: child.stdout })) {
    const { msg, address, otlp } = JSON.parse(line) as { msg: string; address: string; otlp: string }
    if (msg !== 'Davy is ready') continue
    child.stdout.resume()
    return { process: child, url: address, otlpUrl: otlp }
  }
  throw new Error(`Davy did not start: exit code ${child.exitCode}`)
}

type Ledger = { readonly sent: Set<string>; readonly acknowledged: Set<string> }

/** Sends bodies of new spans, one after the other, until the process is gone. What is not answered is not sent again. */
async function send(otlpUrl: string, ledger: Ledger, random: () => number): Promise<void> {
  for (;;) {
    const now = BigInt(Date.now()) * 1_000_000n
    const ids = Array.from({ length: 1 + Math.floor(random() * 40) }, (_, index) =>
      (ledger.sent.size + index + 1).toString(16).padStart(16, '0'),
    )
    for (const id of ids) ledger.sent.add(id)
    const body = receivedBody(ids.map((spanId) => ({ spanId, start: now - 20_000_000n, end: now })))
    const answer = await fetch(`${otlpUrl}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf' },
      body: Buffer.from(body),
    }).catch(() => null)
    if (answer === null) return
    if (answer.status === 200) for (const id of ids) ledger.acknowledged.add(id)
    await answer.arrayBuffer().catch(() => undefined)
  }
}

test('through kill -9 at any moment every acknowledged span is stored once, and every other at most once', async () => {
  const [directory, remove] = temporaryDirectory()
  const data = join(directory, 'data')
  const random = seeded(seed)
  const ledger: Ledger = { sent: new Set(), acknowledged: new Set() }
  for (let round = 0; round < rounds; round += 1) {
    const davy = await serve(data)
    const before = ledger.acknowledged.size
    const sending = Array.from({ length: senders }, () => send(davy.otlpUrl, ledger, random))
    while (ledger.acknowledged.size < before + 1_000) await sleep(1)
    await sleep(random() * 1_500)
    davy.process.kill('SIGKILL')
    await once(davy.process, 'exit')
    await Promise.all(sending)
  }
  const last = await serve(data)
  while (!/^davy_ingest_backlog_bytes 0$/m.test(await (await fetch(`${last.url}/metrics`)).text())) await sleep(50)
  last.process.kill('SIGTERM')
  expect(await once(last.process, 'exit')).toEqual([0, null])

  const storage = EmbeddedStorage.open(data)
  const ids = (await storage.query<{ id: string }>('SELECT SpanId AS id FROM otel_traces')).map(({ id }) => id)
  const rollup = await storage.query<{ n: number }>('SELECT sum(N) AS n FROM rollup_traces_10s')
  const times = await storage.query<{ n: number }>('SELECT uniqExact(TraceId) AS n FROM otel_traces_trace_id_ts')
  await storage.close()
  const stored = new Set(ids)
  console.log(
    `seed ${seed}: ${ledger.sent.size} spans sent, ${ledger.acknowledged.size} acknowledged, ${ids.length} stored`,
  )
  expect(ids.length - stored.size, 'spans stored twice').toBe(0)
  expect(
    [...ledger.acknowledged].filter((id) => !stored.has(id)),
    'acknowledged spans that are gone',
  ).toEqual([])
  expect(
    [...stored].filter((id) => !ledger.sent.has(id)),
    'spans that nobody sent',
  ).toEqual([])
  expect(rollup).toEqual([{ n: ids.length }])
  expect(times).toEqual([{ n: ids.length }])
  for (const signal of ['traces', 'logs', 'metrics']) {
    expect(readdirSync(join(data, 'segments', signal), { recursive: true })).toEqual(['quarantine'])
  }
  remove()
})
