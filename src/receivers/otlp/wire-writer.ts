import type { WireType } from './schema.ts'

/**
 * Writes protobuf from its end to its beginning, so that a nested message's length is known when its turn comes and
 * nothing is copied twice. Fields therefore go in from the last to the first.
 */
export type WireWriter = {
  /** Bytes written so far. */
  size(): number
  varint(value: bigint | number): void
  tag(fieldNumber: number, wireType: WireType): void
  /** The eight bytes of an integer of 64 bits. */
  fixed64(value: bigint): void
  /** The four bytes of an integer of 32 bits. */
  fixed32(value: number): void
  double(value: number): void
  /** Content only: length and tag follow as `varint` and `tag`. */
  text(value: string): void
  bytes(value: Uint8Array): void
  /** Everything written, in the order of reading. */
  finish(): Uint8Array
}

/** @param capacity bytes to start with; it grows by doubling. */
export function wireWriter(capacity = 1024): WireWriter {
  let buffer = Buffer.allocUnsafe(capacity)
  let start = capacity

  function reserve(count: number): number {
    if (count > start) {
      const written = buffer.length - start
      const larger = Buffer.allocUnsafe(Math.max(buffer.length * 2, written + count))
      buffer.copy(larger, larger.length - written, start)
      start = larger.length - written
      buffer = larger
    }
    start -= count
    return start
  }

  function varint(value: bigint | number): void {
    if (typeof value === 'number' && value >= 0 && value < 0x80) {
      buffer[reserve(1)] = value
      return
    }
    const septets: number[] = []
    let rest = BigInt.asUintN(64, BigInt(value))
    do {
      septets.push(Number(rest & 0x7fn))
      rest >>= 7n
    } while (rest > 0n)
    const at = reserve(septets.length)
    septets.forEach((septet, index) => {
      buffer[at + index] = index === septets.length - 1 ? septet : septet | 0x80
    })
  }

  return {
    size: () => buffer.length - start,
    varint,
    tag: (fieldNumber, wireType) => varint(fieldNumber * 8 + wireType),
    fixed64: (value) => {
      const at = reserve(8)
      buffer.writeBigUInt64LE(BigInt.asUintN(64, value), at)
    },
    fixed32: (value) => {
      const at = reserve(4)
      buffer.writeUInt32LE(value >>> 0, at)
    },
    double: (value) => {
      const at = reserve(8)
      buffer.writeDoubleLE(value, at)
    },
    text: (value) => {
      const length = Buffer.byteLength(value, 'utf8')
      const at = reserve(length)
      buffer.write(value, at, length, 'utf8')
    },
    bytes: (value) => {
      const at = reserve(value.length)
      buffer.set(value, at)
    },
    finish: () => buffer.subarray(start),
  }
}
