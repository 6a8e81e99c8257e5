import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { protobufTraces, until } from '../davy.ts'
import { type Front, startFront } from '../storage/clickhouse-front.ts'

const main = resolve(import.meta.dirname, '../../src/main.ts')
const mebibyte = 2 ** 20
const backlogMaxBytes = 12 * mebibyte
const inFlightMaxBytes = 8 * mebibyte

/** The way to the storage, which can be cut: connections are refused, or taken and never answered. */
async function startWay(to: URL) {
  let state: 'open' | 'refused' | 'silent' = 'open'
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    if (state === 'refused') socket.destroy()
    if (state !== 'open') return
    const onward = connect(Number(to.port), to.hostname)
    onward.on('error', () => socket.destroy()).on('close', () => socket.destroy())
    socket.on('close', () => onward.destroy())
    socket.pipe(onward).pipe(socket)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    become(next: typeof state) {
      state = next
      for (const socket of sockets) socket.destroy()
    },
    close: () => new Promise((done) => server.close(done)),
  }
}

let front: Front
let way: Awaited<ReturnType<typeof startWay>>
let directory: string
beforeAll(async () => {
  front = await startFront()
  way = await startWay(new URL(front.url))
  directory = mkdtempSync(join(tmpdir(), 'davy-gone-'))
})
afterAll(async () => {
  way?.become('refused')
  await way?.close()
  await front?.close()
  rmSync(directory, { recursive: true, force: true })
})

async function serve() {
  const child = spawn(process.execPath, [main, 'serve'], {
    cwd: directory,
    env: {
      PATH: process.env.PATH,
      UV_THREADPOOL_SIZE: '16',
      DAVY_STORAGE_URL: way.url,
      ...{ DAVY_PORT: '0', DAVY_OTLP_HTTP_PORT: '0', DAVY_OTLP_GRPC_PORT: '0' },
      DAVY_INGEST_SEGMENT_MAX_AGE_MS: '200',
      DAVY_INGEST_SEGMENT_MAX_BYTES: String(mebibyte),
      DAVY_INGEST_BACKLOG_MAX_BYTES: String(backlogMaxBytes),
      DAVY_INGEST_MAX_BODY_BYTES: String(2 * mebibyte),
      DAVY_INGEST_MAX_DECOMPRESSED_BYTES: String(4 * mebibyte),
      DAVY_INGEST_IN_FLIGHT_MAX_BYTES: String(inFlightMaxBytes),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const line of createInterface({ input: child.stdout })) {
    const { msg, address, otlp } = JSON.parse(line) as { msg: string; address: string; otlp: string }
    if (msg !== 'Davy is ready') continue
    child.stdout.resume()
    const metric = async (name: string) => {
      const text = await (await fetch(`${address}/metrics`)).text()
      return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1])
    }
    return { child, url: address, otlpUrl: otlp, metric }
  }
  throw new Error(`Davy did not start: exit code ${child.exitCode}`)
}

/** The most memory that a process ever had, in bytes. */
function peakMemory(pid: number): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024
}

test('while the storage is gone, segments pile up to their limit and memory does not; then all of it is stored', async () => {
  const davy = await serve()
  const statuses = new Map<number, number>()
  let acknowledged = 0
  let withoutTime = 0
  const spans = Array.from({ length: 2_500 }, (_, index) => ({
    ...{ service: 'gone', version: '1', endAt: Date.now() - 1_000, route: `GET /${index % 20}` },
  }))
  const body = new Uint8Array(protobufTraces(spans))
  const send = async () => {
    const answer = await fetch(`${davy.otlpUrl}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf' },
      body,
    })
    await answer.arrayBuffer()
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
    if (answer.status === 200) acknowledged += spans.length
    else if (answer.headers.get('retry-after') === null) withoutTime += 1
  }
  const sendMany = (rounds: number) =>
    Promise.all(
      Array.from({ length: 32 }, async () => {
        for (let round = 0; round < rounds; round += 1) await send()
      }),
    )
  try {
    for (const fault of ['refused', 'silent'] as const) {
      await until(async () => (await davy.metric('davy_ingest_backlog_bytes')) === 0, 'all is stored', 120_000)
      await send()
      way.become(fault)
      const refusals = () => statuses.get(429) ?? 0
      const before = refusals()
      while (refusals() === before) await sendMany(1)
      // From here on every body is more than there is room for.
      const memory = peakMemory(davy.child.pid!)
      await sendMany(12)
      const growth = peakMemory(davy.child.pid!) - memory
      console.log(
        `${fault}: ${refusals() - before} bodies of ${body.length} bytes were refused, memory grew by ${growth} bytes`,
      )
      expect(growth).toBeLessThan(4 * inFlightMaxBytes + 100 * mebibyte)
      expect(await davy.metric('davy_ingest_backlog_bytes')).toBeLessThanOrEqual(backlogMaxBytes)
      expect((await fetch(`${davy.url}/livez`)).status).toBe(200)
      way.become('open')
    }
    await until(async () => (await davy.metric('davy_ingest_backlog_bytes')) === 0, 'all is stored', 180_000)
    const { versions } = (await (await fetch(`${davy.url}/api/v1/services/gone`)).json()) as {
      versions: { requests: number }[]
    }
    expect(versions.reduce((sum, { requests }) => sum + requests, 0)).toBe(acknowledged)
    expect([...statuses.keys()].filter((status) => ![200, 429, 503].includes(status))).toEqual([])
    expect(withoutTime).toBe(0)
  } finally {
    davy.child.kill('SIGTERM')
    expect(await once(davy.child, 'exit')).toEqual([0, null])
  }
})
