import fc from 'fast-check'
import { expect, test } from 'vitest'
import { delimit, readDelimited } from '../../../src/engine/ingest/delimited.ts'
import { delimited } from '../../receivers/otlp/codec.ts'

const body = fc.uint8Array({ minLength: 1, maxLength: 300 })
const copies = (bodies: readonly Uint8Array[]) => bodies.map((each) => [...each])

test('bodies are framed as protobuf frames them, at every size of the length', () => {
  for (const size of [1, 127, 128, 129, 16_383, 16_384, 2_097_151, 2_097_152]) {
    const one = new Uint8Array(size).fill(7)
    expect(Buffer.compare(delimit(one), delimited([one])), `${size} bytes`).toBe(0)
    expect(readDelimited(delimit(one)).length).toBe(delimit(one).length)
  }
})

test('what was framed is read back, in order and to the byte', () => {
  fc.assert(
    fc.property(fc.array(body, { maxLength: 20 }), (bodies) => {
      const bytes = Buffer.concat(bodies.map(delimit))
      const read = readDelimited(bytes)
      expect(copies(read.bodies)).toEqual(copies(bodies))
      expect(read.length).toBe(bytes.length)
    }),
  )
})

test('of a torn segment the whole bodies in front of the tear are read, and nothing else', () => {
  fc.assert(
    fc.property(fc.array(body, { minLength: 1, maxLength: 8 }), fc.nat(), (bodies, cut) => {
      const framed = bodies.map(delimit)
      const bytes = Buffer.concat(framed)
      const end = cut % (bytes.length + 1)
      let whole = 0
      let length = 0
      while (whole < framed.length && length + framed[whole]!.length <= end) length += framed[whole++]!.length
      const read = readDelimited(bytes.subarray(0, end))
      expect(copies(read.bodies)).toEqual(copies(bodies.slice(0, whole)))
      expect(read.length).toBe(length)
    }),
  )
})

test('zeros behind the bodies are no bodies', () => {
  const bytes = Buffer.concat([delimit(Uint8Array.of(1, 2)), new Uint8Array(5_000)])
  expect(readDelimited(bytes)).toEqual({ bodies: [Buffer.of(1, 2)], length: 3 })
})

test('any bytes at all are read without harm, and what is read lies inside them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      const { bodies, length } = readDelimited(bytes)
      expect(length).toBeLessThanOrEqual(bytes.length)
      expect(Buffer.concat(bodies.map(delimit)).length).toBeLessThanOrEqual(length)
    }),
  )
})
