import { createHash, randomBytes } from 'node:crypto'
import { encodeTime, ulid } from 'ulid'

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** 53 random bits as a number in [0, 1), from the operating system. */
export function secureRandom(): number {
  return Number(randomBytes(8).readBigUInt64BE() >> 11n) / 2 ** 53
}

/**
 * A new ULID (26 characters, sorted by `now`). `random` gives numbers in [0, 1).
 * @param now Unix milliseconds.
 */
export function newId(now: number, random: () => number = secureRandom): string {
  return ulid(now, random)
}

/**
 * The ULID of `parts` at `atMs`: the same arguments give the same id on every machine, other parts another one. Its
 * last 80 bits are the first of SHA-256 over the parts, each preceded by its length, so that ('ab', 'c') and
 * ('a', 'bc') differ.
 * @param atMs Unix milliseconds.
 */
export function derivedId(atMs: number, ...parts: readonly string[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part)
  let bits = BigInt(`0x${hash.digest('hex').slice(0, 20)}`)
  let tail = ''
  for (let position = 0; position < 16; position++) {
    tail = alphabet[Number(bits & 31n)] + tail
    bits >>= 5n
  }
  return encodeTime(atMs, 10) + tail
}
