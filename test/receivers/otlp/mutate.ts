/** A generator of numbers in [0, 1) from a seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

type Mutator = (body: Buffer, below: (limit: number) => number) => Buffer

function insert(body: Buffer, at: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([body.subarray(0, at), bytes, body.subarray(at)])
}

const odd = [
  Uint8Array.of(0x98, 0x06, 0x01), // field 99, a varint
  Uint8Array.of(0x9a, 0x06, 0x02, 0xff, 0xff), // field 99, two bytes
  Uint8Array.of(0x9b, 0x06, 0x9c, 0x06), // field 99, an empty group
  Uint8Array.of(0x00, 0x00), // field 0
  Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01),
  Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01),
  Uint8Array.of(0x10, 0xff, 0xff, 0xff, 0xff, 0x0f), // field 2, a varint
  Uint8Array.of(0x3a, 0x00), // field 7, no bytes
  Uint8Array.of(0x0a, 0x00), // field 1, no bytes
]

const mutators: readonly Mutator[] = [
  (body, below) => {
    const at = below(body.length)
    body[at] = body[at]! ^ (1 << below(8))
    return body
  },
  (body, below) => {
    body[below(body.length)] = below(256)
    return body
  },
  (body, below) => body.subarray(0, below(body.length)),
  (body, below) => {
    const at = below(body.length)
    return Buffer.concat([body.subarray(0, at), body.subarray(Math.min(body.length, at + 1 + below(12)))])
  },
  (body, below) => insert(body, below(body.length), odd[below(odd.length)]!),
  (body, below) => {
    const from = below(body.length)
    return insert(body, below(body.length), Buffer.from(body.subarray(from, from + 1 + below(40))))
  },
  (body, below) => {
    const from = below(body.length)
    return insert(body, from, Buffer.from(body.subarray(from, from + 1 + below(40))))
  },
  (body, below) => {
    body[below(body.length)] = [0, 1, 0x7f, 0x80, 0xff][below(5)]!
    return body
  },
  (body, below) => insert(body, below(body.length), Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f)),
]

/** A copy of `body` with one to three faults, which may or may not leave it valid. */
export function mutate(body: Uint8Array, random: () => number): Buffer {
  const below = (limit: number): number => Math.floor(random() * limit)
  let result: Buffer = Buffer.from(body)
  for (let faults = 1 + below(3); faults > 0 && result.length > 0; faults--) {
    result = mutators[below(mutators.length)]!(result, below)
  }
  return result
}
