import { mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { readDelimited } from '../../src/engine/ingest/delimited.ts'
import { type Segment, SegmentWriter } from '../../src/engine/ingest/segment-writer.ts'
import { type Davy, protobufTraces, startDavy, until } from '../davy.ts'
import { counting } from '../engine/ingest/directory.ts'
import { mountVolume, type Volume } from './volume.ts'

const megabyte = 2 ** 20
const volumes: Volume[] = []
afterEach(() => {
  for (const volume of volumes.splice(0)) volume.remove()
})

function volumeOf(bytes: number): Volume {
  const volume = mountVolume(bytes)
  if (typeof volume === 'string') throw new Error(volume)
  volumes.push(volume)
  return volume
}

const probe = mountVolume(megabyte)
const refusal = typeof probe === 'string' ? probe : null
if (typeof probe !== 'string') probe.remove()
if (refusal !== null) console.warn(`SKIPPED, a full disk is not tested: ${refusal}`)

describe.skipIf(refusal !== null)('on a disk that is full', () => {
  test('an append that was cut off is not acknowledged, and harms none of those before and behind it', async () => {
    const volume = volumeOf(2 * megabyte)
    const directory = join(volume.path, 'traces')
    mkdirSync(directory)
    const sealed: Segment[] = []
    const troubles: string[] = []
    const writer = new SegmentWriter({
      ...{ directory, limits: { maxBytes: 100 * megabyte, maxAgeMs: 60_000 }, newId: counting(), now: Date.now },
      onSealed: (segment) => sealed.push(segment),
      isBehind: () => false,
      onTrouble: (id) => troubles.push(id),
    })
    const body = (letter: string, bytes: number) => Buffer.alloc(bytes, letter)
    await writer.append(body('a', 100_000), ['x'])
    volume.fill(300_000)
    await writer.append(body('b', 100_000), ['x'])
    // Some of it fits, so that the file is torn in the middle of a body.
    const torn = writer.append(body('c', 900_000), ['x'])
    await expect(torn).rejects.toMatchObject({
      ...{ code: 'STORAGE_DOWN', status: 503, retryAfterSeconds: 10 },
      cause: { code: 'ENOSPC' },
    })
    await writer.append(body('d', 50_000), ['x'])
    volume.empty()
    await writer.append(body('e', 900_000), ['x'])
    await writer.seal()
    const stored = sealed.flatMap(({ file, bytes }) => {
      expect(statSync(file).size).toBe(bytes)
      return readDelimited(readFileSync(file)).bodies.map((each) => `${String.fromCharCode(each[0]!)}${each.length}`)
    })
    expect([stored, troubles]).toEqual([['a100000', 'b100000', 'd50000', 'e900000'], []])
  })

  test('many appends at once are stored as a whole or refused as a whole, and what was acknowledged is there', async () => {
    const volume = volumeOf(megabyte)
    const sealed: Segment[] = []
    const writer = new SegmentWriter({
      ...{ directory: volume.path, limits: { maxBytes: 64_000, maxAgeMs: 60_000 }, newId: counting(), now: Date.now },
      onSealed: (segment) => sealed.push(segment),
      isBehind: () => false,
      onTrouble: () => undefined,
    })
    const acknowledged: string[] = []
    const codes = new Set<string>()
    const appends = Array.from({ length: 400 }, async (_, index) => {
      const text = `${index}:`.padEnd(1_000 + ((index * 7919) % 9_000), '.')
      try {
        await writer.append(Buffer.from(text), ['x'])
        acknowledged.push(text)
      } catch (error) {
        codes.add((error as { code: string }).code)
      }
    })
    await Promise.all(appends)
    await writer.seal()
    const stored = sealed.flatMap(({ file, bytes }) => {
      if (bytes === 0) return []
      return readDelimited(readFileSync(file).subarray(0, bytes)).bodies.map((each) => Buffer.from(each).toString())
    })
    expect([...codes]).toEqual(['STORAGE_DOWN'])
    expect(acknowledged.length).toBeGreaterThan(20)
    expect(stored.sort()).toEqual(acknowledged.sort())
  })

  test('Davy answers 503 with a time and never 500, keeps what it acknowledged, and stores it once there is room', async () => {
    const volume = volumeOf(200 * megabyte)
    const davy = await startDavy({
      DAVY_STORAGE_URL: `chdb:${join(volume.path, 'data')}`,
      DAVY_INGEST_SEGMENT_MAX_AGE_MS: '1500',
      DAVY_INGEST_SEGMENT_MAX_BYTES: String(megabyte),
    })
    try {
      const ledger = { acknowledged: 0, statuses: new Map<number, number>(), withoutTime: 0 }
      await sendSome(davy, ledger, 1)
      await until(async () => (await storedSpans(davy)) === spansPerBody, 'the first body is stored', 30_000)
      await sendSome(davy, ledger, 9)
      expect(ledger.acknowledged).toBe(10 * spansPerBody)
      // What is acknowledged by now waits for its INSERT, which finds no room.
      volume.fill()
      const failed = () =>
        davy.logs.some(
          (line) =>
            /could not be stored/.test(line) && /"serverCode":243|code 243|NOT_ENOUGH_SPACE|Cannot reserve/.test(line),
        )
      await until(
        async () => {
          await sendSome(davy, ledger, 5)
          return failed()
        },
        'an INSERT that fails for want of space',
        60_000,
      )
      expect(ledger.statuses.get(503)).toBeGreaterThan(0)
      expect((await fetch(`${davy.url}/livez`)).status).toBe(200)
      volume.empty()
      await until(
        async () => {
          const before = ledger.acknowledged
          await sendSome(davy, ledger, 1)
          return ledger.acknowledged > before
        },
        'bodies are taken again',
        60_000,
      )
      await until(
        async () => /^davy_ingest_backlog_bytes 0$/m.test(await (await fetch(`${davy.url}/metrics`)).text()),
        'all is stored',
        60_000,
      )
      expect(await storedSpans(davy)).toBe(ledger.acknowledged)
      expect([...ledger.statuses.keys()].sort()).toEqual([200, 503])
      expect(ledger.withoutTime).toBe(0)
      expect(await (await fetch(`${davy.url}/metrics`)).text()).toContain(
        'davy_ingest_quarantine_bodies{signal="traces"} 0',
      )
    } finally {
      await davy.stop()
    }
  })
})

const spansPerBody = 50

async function sendSome(
  davy: Davy,
  ledger: { acknowledged: number; statuses: Map<number, number>; withoutTime: number },
  bodies: number,
): Promise<void> {
  await Promise.all(
    Array.from({ length: bodies }, async () => {
      const spans = Array.from({ length: spansPerBody }, () => ({
        service: 'full',
        version: '1',
        endAt: Date.now() - 1_000,
      }))
      const answer = await fetch(`${davy.otlpUrl}/v1/traces`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-protobuf' },
        body: new Uint8Array(protobufTraces(spans)),
      })
      await answer.arrayBuffer()
      ledger.statuses.set(answer.status, (ledger.statuses.get(answer.status) ?? 0) + 1)
      if (answer.status === 200) ledger.acknowledged += spansPerBody
      else if (answer.headers.get('retry-after') === null) ledger.withoutTime += 1
    }),
  )
}

async function storedSpans(davy: Davy): Promise<number> {
  const answer = await fetch(`${davy.url}/api/v1/services/full`)
  const { versions = [] } = (await answer.json()) as { versions?: { requests: number }[] }
  return versions.reduce((sum, { requests }) => sum + requests, 0)
}
