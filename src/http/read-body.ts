import type { Readable, Transform } from 'node:stream'
import { createGunzip, createInflate, createZstdDecompress } from 'node:zlib'
import type { FastifyRequest } from 'fastify'
import { DavyError } from '../domain/errors.ts'
import type { Hold } from '../engine/ingest/in-flight.ts'

const inflate = (body: Buffer): Transform => createInflate({ chunkSize: chunkSize(body.length * usualRatio) })

const decoders: Readonly<Record<string, (body: Buffer) => Transform>> = {
  gzip: (body) => createGunzip({ chunkSize: chunkSize(gzipSize(body)) }),
  deflate: inflate,
  // What the Collector calls deflate when it is told to use zlib.
  zlib: inflate,
  zstd: (body) => createZstdDecompress({ chunkSize: chunkSize(body.length * usualRatio) }),
}

/** How many times smaller telemetry becomes, about. */
const usualRatio = 8
/** Deflate cannot do more. */
const mostRatio = 1032
const leastChunk = 16 * 2 ** 10
const mostChunk = 2 ** 20

/**
 * Room for the whole output where it is not large: each piece costs a turn of the thread pool and of the event loop, and
 * with Node's own 16 KiB a body of 450 KB costs twice the processor time.
 */
function chunkSize(expectedBytes: number): number {
  // One byte more than the output tells the decoder that it is done.
  return Math.min(Math.max(expectedBytes + 1, leastChunk), mostChunk)
}

/** What the last four bytes of a gzip stream claim of its size. It may be a lie, so it is only a guess, and bounded. */
function gzipSize(body: Buffer): number {
  if (body.length < 4) return 0
  return Math.min(body.readUInt32LE(body.length - 4), body.length * mostRatio)
}

/**
 * How long a body may take to come whole. Exporters give up after 10 s and Prometheus after 30 s, so nobody waits for
 * what comes later, and without an end senders that stall would hold the memory of all others.
 */
export const arrivalPatienceMs = 30_000

export type BodyLimits = { readonly maxBodyBytes: number; readonly maxDecompressedBytes: number }

/**
 * The body of a request whose content type parser hands over its stream (`request.body`), decompressed. Every byte is
 * counted in `hold` as it comes, on the wire and out of the decoder; what is told beforehand is trusted only to refuse.
 * @throws DavyError OVERLOADED, BODY_TOO_LARGE, BAD_ENCODING, UNSUPPORTED_ENCODING; BODY_TIMEOUT and NOT_RECEIVED when it
 * does not come whole.
 */
export async function readBody(
  request: Pick<FastifyRequest, 'body' | 'headers'>,
  limits: BodyLimits,
  hold: Hold,
  patienceMs: number = arrivalPatienceMs,
): Promise<Uint8Array> {
  const decoder = decoderOf(request)
  const { maxBodyBytes, maxDecompressedBytes } = limits
  const declared = Number(request.headers['content-length'] ?? 0)
  if (declared > maxBodyBytes) throw tooLarge(maxBodyBytes, `${declared} bytes`)
  if (request.body === undefined || request.body === null) return Buffer.alloc(0)
  const count = (bytes: number): void => {
    if (bytes > maxBodyBytes) throw tooLarge(maxBodyBytes, 'more')
    hold.set(bytes)
  }
  // Refused here, the body is not even read. What is not there yet does not count against others, though.
  hold.set(declared)
  hold.set(0)
  const body = await arrive(request.body as Readable, count, patienceMs)
  if (decoder === null) return body
  try {
    const decode = decoder.start(body)
    decode.end(body)
    const decoded = await gather(decode, (bytes) => {
      if (bytes > maxDecompressedBytes) throw tooLargeDecompressed(maxDecompressedBytes, body.length)
      hold.set(body.length + bytes)
    })
    hold.set(decoded.length)
    return decoded
  } catch (cause) {
    if (cause instanceof DavyError) throw cause
    throw new DavyError('BAD_ENCODING', `The body is not valid ${decoder.name}.`, {
      expected: `a whole ${decoder.name} stream`,
      got: cause instanceof Error ? cause.message : String(cause),
      where: 'body',
    })
  }
}

function decoderOf({
  headers,
}: Pick<FastifyRequest, 'headers'>): { readonly name: string; readonly start: (body: Buffer) => Transform } | null {
  const name = (headers['content-encoding'] ?? 'identity').trim().toLowerCase()
  if (name === 'identity' || name === '') return null
  const start = Object.hasOwn(decoders, name) ? decoders[name] : undefined
  if (start !== undefined) return { name, start }
  throw new DavyError('UNSUPPORTED_ENCODING', 'The body has an encoding that is not taken here.', {
    expected: `${Object.keys(decoders).join(', ')} or identity`,
    got: JSON.stringify(name.slice(0, 40)),
    where: 'header content-encoding',
  })
}

/** @returns what a sender is told whose body has not come whole after `patienceMs`. */
export function tooSlow(patienceMs: number): DavyError {
  return new DavyError('BODY_TIMEOUT', 'The body took too long to come; nothing of it was kept.', {
    expected: `the whole body within ${patienceMs / 1000} s`,
    got: 'a part of it',
  })
}

/** All bytes that a sender sends, as `gather`; that they stop coming is the sender's error. */
async function arrive(stream: Readable, count: (bytes: number) => void, patienceMs: number): Promise<Buffer> {
  const patience = new AbortController()
  const timer = setTimeout(() => patience.abort(tooSlow(patienceMs)), patienceMs)
  try {
    return await gather(stream, count, patience.signal)
  } catch (cause) {
    if (cause instanceof DavyError) throw cause
    throw new DavyError('NOT_RECEIVED', 'The connection ended before the body did; nothing of it was kept.', {
      ...{ expected: 'the whole body', got: 'a part of it', where: 'body', cause },
    })
  } finally {
    clearTimeout(timer)
  }
}

/**
 * All bytes of a stream. `count` is told how many they are so far, and stops the gathering by throwing, as `patience` does
 * with its reason when it aborts. A request is then
 * read to its end and thrown away: its socket has the answer still to carry, and maybe other requests.
 */
function gather(stream: Readable, count: (bytes: number) => void, patience?: AbortSignal): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    const onData = (chunk: Buffer): void => {
      length += chunk.length
      try {
        count(length)
        chunks.push(chunk)
      } catch (error) {
        settle(() => reject(error))
      }
    }
    const onEnd = (): void =>
      settle(() => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, length)))
    const onError = (error: Error): void => settle(() => reject(error))
    const onClose = (): void => settle(() => reject(new Error('the stream ended before its end')))
    const onLate = (): void => settle(() => reject(patience?.reason))
    const settle = (then: () => void): void => {
      stream.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onError)
      patience?.removeEventListener('abort', onLate)
      // Whatever goes wrong with it from now on, nobody is waiting any more.
      stream.on('error', () => {})
      if ('writable' in stream) stream.destroy()
      else stream.resume()
      then()
    }
    stream.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onError)
    patience?.addEventListener('abort', onLate)
  })
}

function tooLarge(maxBytes: number, got: string): DavyError {
  return new DavyError('BODY_TOO_LARGE', 'The body is too large.', { expected: `at most ${maxBytes} bytes`, got })
}

function tooLargeDecompressed(maxBytes: number, compressedBytes: number): DavyError {
  return new DavyError('BODY_TOO_LARGE', 'The body is too large after decompression.', {
    expected: `at most ${maxBytes} bytes`,
    got: `more, from ${compressedBytes} compressed bytes`,
  })
}
