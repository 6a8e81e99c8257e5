import fc from 'fast-check'
import { compress } from 'snappyjs'
import { describe, expect, test } from 'vitest'
import { DavyError } from '../../src/domain/errors.ts'
import { unsnap } from '../../src/http/unsnap.ts'
import { mutate, seeded } from '../receivers/otlp/mutate.ts'

const maxBytes = 2 ** 20
const codeOf = (bytes: readonly number[], limit = maxBytes): string => {
  try {
    unsnap(Buffer.from(bytes), limit)
    return 'taken'
  } catch (error) {
    return (error as DavyError).code
  }
}

test('what was compressed comes back', () => {
  const chunk = fc.tuple(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 300 }))
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 6 }), (chunks) => {
      const body = Buffer.concat(chunks.flatMap(([bytes, times]) => Array<Uint8Array>(times).fill(bytes)))
      expect(Buffer.from(unsnap(compress(body), maxBytes)).equals(body)).toBe(true)
    }),
    { numRuns: 100, seed: 5 },
  )
})

describe('elements, as the description of the format has them', () => {
  test.each<[string, readonly number[], string]>([
    ['nothing', [0], ''],
    ['a literal', [3, 2 << 2, 97, 98, 99], 'abc'],
    ['a literal whose length takes one byte', [4, 60 << 2, 3, 97, 98, 99, 100], 'abcd'],
    ['a literal whose length takes four', [2, 63 << 2, 1, 0, 0, 0, 97, 98], 'ab'],
    ['a copy of one byte of offset that overlaps itself', [9, 1 << 2, 97, 98, (3 << 2) | 1, 2], 'ababababa'],
    ['a copy of two bytes of offset', [6, 2 << 2, 97, 98, 99, (2 << 2) | 2, 3, 0], 'abcabc'],
    ['a copy of four', [6, 2 << 2, 97, 98, 99, (2 << 2) | 3, 3, 0, 0, 0], 'abcabc'],
  ])('%s', (_name, bytes, text) => {
    expect(Buffer.from(unsnap(Buffer.from(bytes), maxBytes)).toString()).toBe(text)
  })
})

describe('what is refused', () => {
  test.each<[string, readonly number[]]>([
    ['no bytes', []],
    ['a length that does not end', [0x80, 0x80]],
    ['a length of more than 32 bits', [0xff, 0xff, 0xff, 0xff, 0x7f]],
    ['a literal that is cut off', [3, 2 << 2, 97]],
    [
      'a literal with a length below zero, over which snappyjs goes round for ever',
      [10, 0xfc, 0xf6, 0xff, 0xff, 0xff, 0, 0],
    ],
    ['a copy from before the beginning', [8, 0, 97, (3 << 2) | 1, 2]],
    ['a copy from nowhere', [8, 0, 97, (3 << 2) | 1, 0]],
    ['an offset with its highest bit set', [8, 0, 97, (3 << 2) | 3, 1, 0, 0, 0x80]],
    ['a copy that is cut off', [8, 0, 97, (3 << 2) | 2, 1]],
    ['less than was declared', [9, 2 << 2, 97, 98, 99]],
    ['more than was declared', [2, 2 << 2, 97, 98, 99]],
    ['the framed format', [0xff, 0x06, 0x00, 0x00, 0x73, 0x4e, 0x61, 0x50, 0x70, 0x59]],
  ])('%s', (_name, bytes) => {
    expect(codeOf(bytes)).toBe('BAD_ENCODING')
  })

  test('a declared length beyond the limit, before anything is allocated; one that the bytes cannot have as well', () => {
    expect(codeOf([0xff, 0xff, 0xff, 0xff, 0x0f])).toBe('BODY_TOO_LARGE')
    expect(codeOf([5, 4 << 2, 1, 2, 3, 4, 5], 4)).toBe('BODY_TOO_LARGE')
    expect(codeOf([5, 4 << 2, 1, 2, 3, 4, 5], 5)).toBe('taken')
    expect(codeOf([0x80, 0x80, 0x80, 0x08, 0, 0], 2 ** 30)).toBe('BAD_ENCODING')
  })

  test('mutated blocks are refused or give their declared length, and always come to an end', () => {
    const block = Buffer.from(compress(Buffer.from('one two one two three '.repeat(50) + Math.PI)))
    const random = seeded(3)
    let taken = 0
    for (let round = 0; round < 20_000; round++) {
      const mutated = mutate(block, random)
      try {
        const { length } = unsnap(mutated, 4096)
        expect(mutated[0]! < 0x80 ? mutated[0] : (mutated[0]! & 0x7f) + mutated[1]! * 0x80).toBe(length)
        taken += 1
      } catch (error) {
        expect(error).toBeInstanceOf(DavyError)
      }
    }
    expect(taken).toBeGreaterThan(500)
  })
})
