import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { InFlight } from '../../src/engine/ingest/in-flight.ts'
import { readBody } from '../../src/http/read-body.ts'

const limits = { maxBodyBytes: 8 * 2 ** 20, maxDecompressedBytes: 8 * 2 ** 20 }

function read(encoding: string, body: Buffer): Promise<Uint8Array> {
  const request = { body: Readable.from([body]), headers: { 'content-encoding': encoding } }
  return readBody(request, limits, new InFlight(64 * 2 ** 20).hold())
}

/** Half of it compresses well and half does not. */
function bytes(length: number): Buffer {
  return Buffer.concat([randomBytes(Math.floor(length / 2)), Buffer.alloc(Math.ceil(length / 2), 'a')])
}

// Around the sizes at which the decoder's output comes in one piece, in one and a bit, and in many.
const sizes = [0, 1, 16_383, 16_384, 16_385, 500_000, 2 ** 20 - 1, 2 ** 20, 2 ** 20 + 1, 5_000_000]

describe('a compressed body comes out whole', () => {
  test.each(sizes)('%i bytes', async (size) => {
    const body = bytes(size)
    for (const [encoding, compress] of [
      ['gzip', gzipSync],
      ['deflate', deflateSync],
      ['zstd', zstdCompressSync],
    ] as const) {
      expect(Buffer.compare(Buffer.from(await read(encoding, compress(body))), body), encoding).toBe(0)
    }
  })

  test('of several gzip members, whose last one tells a size that is not the whole', async () => {
    const [large, small] = [bytes(700_000), bytes(10)]
    const body = await read('gzip', Buffer.concat([gzipSync(large), gzipSync(small)]))
    expect(Buffer.compare(Buffer.from(body), Buffer.concat([large, small]))).toBe(0)
  })
})

test.each([0, 5, 0xffffffff])('a gzip stream that claims a size of %i is refused for the lie', async (claim) => {
  const body = gzipSync(bytes(100_000))
  body.writeUInt32LE(claim, body.length - 4)
  await expect(read('gzip', body)).rejects.toMatchObject({ code: 'BAD_ENCODING', got: expect.stringMatching(/length/) })
})

test('a gzip stream of less than its own trailer is refused', async () => {
  await expect(read('gzip', Buffer.from([0x1f, 0x8b]))).rejects.toMatchObject({ code: 'BAD_ENCODING' })
})

describe('a body that does not come whole', () => {
  const stalled = () => {
    const stream = new Readable({ read: () => undefined })
    stream.push('half')
    return stream
  }
  const readComing = (body: Readable, patienceMs?: number) =>
    readBody({ body, headers: {} }, limits, new InFlight(64 * 2 ** 20).hold(), patienceMs)

  test('is waited for only so long', async () => {
    await expect(readComing(stalled(), 5)).rejects.toMatchObject({ code: 'BODY_TIMEOUT', status: 408 })
  })

  test.each([
    ['resets', new Error('aborted')],
    ['closes', undefined],
  ])('because its sender %s the connection is the sender’s error', async (_how, error) => {
    const body = stalled()
    const read = readComing(body)
    body.destroy(error)
    await expect(read).rejects.toMatchObject({ code: 'NOT_RECEIVED', status: 400 })
  })
})
