import { uncompress } from 'snappyjs'
import { DavyError } from '../domain/errors.ts'

/** The largest gain of any element: three bytes that copy 64. */
const maxRatio = 64 / 3

/**
 * Decompresses Snappy's block format. Its elements are walked before: snappyjs 0.7.0 neither checks that they fill the
 * declared length, nor survives a literal whose length has the highest bit set (it goes round for ever). Nothing is
 * allocated for a length that the bytes cannot have.
 * @throws DavyError BODY_TOO_LARGE, BAD_ENCODING.
 */
export function unsnap(body: Uint8Array, maxBytes: number): Uint8Array {
  const { length, at } = declaredLength(body)
  if (length > maxBytes) {
    throw new DavyError('BODY_TOO_LARGE', 'The body is too large after decompression.', {
      expected: `at most ${maxBytes} bytes`,
      got: `${length} bytes, from ${body.length} compressed bytes`,
    })
  }
  if (length > body.length * maxRatio) throw malformed(`${length} bytes, from ${body.length} compressed bytes`, 0)
  walkElements(body, at, length)
  return uncompress(body)
}

function malformed(got: string, at: number): DavyError {
  return new DavyError('BAD_ENCODING', 'The body is not valid Snappy.', {
    expected: 'one whole block of Snappy (the block format, not the framed one)',
    got,
    where: `body, byte ${at}`,
  })
}

/** The varint of 32 bits in front, and where the elements start. */
function declaredLength(body: Uint8Array): { readonly length: number; readonly at: number } {
  let length = 0
  for (let at = 0; at < 5 && at < body.length; at++) {
    length += (body[at]! & 0x7f) * 2 ** (7 * at)
    if (body[at]! < 0x80) {
      if (length >= 2 ** 32) break
      return { length, at: at + 1 }
    }
  }
  throw malformed('no length of 32 bits', 0)
}

/** Verifies that every element lies in the body, copies only what is there, and that all of them make `length` bytes. */
function walkElements(body: Uint8Array, start: number, length: number): void {
  let made = 0
  let at = start
  while (at < body.length) {
    const tag = body[at]!
    const kind = tag & 3
    const extra = kind === 0 ? Math.max(0, (tag >>> 2) - 59) : kind === 3 ? 4 : kind
    if (at + 1 + extra > body.length) throw malformed('an element that is cut off', at)
    const number = littleEndian(body, at + 1, extra)
    at += 1 + extra
    if (kind === 0) {
      const size = 1 + (extra === 0 ? tag >>> 2 : number)
      if (size > body.length - at) throw malformed('a literal that is cut off', at)
      at += size
      made += size
    } else {
      const offset = kind === 1 ? (tag >>> 5) * 256 + number : number
      if (offset === 0 || offset > made) throw malformed(`a copy from ${offset} bytes before, after ${made}`, at)
      made += kind === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1
    }
    if (made > length) throw malformed(`more than the declared ${length} bytes`, at)
  }
  if (made < length) throw malformed(`${made} of the declared ${length} bytes`, at)
}

function littleEndian(body: Uint8Array, from: number, count: number): number {
  let value = 0
  for (let index = count - 1; index >= 0; index--) value = value * 256 + body[from + index]!
  return value
}
