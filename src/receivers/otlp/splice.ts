/** `bytes` takes the place of what lies from `start` to `end`. */
export type Edit = { readonly start: number; readonly end: number; readonly bytes: Uint8Array }

/** A copy of `body` with all edits done. They must not overlap; their order does not matter. */
export function splice(body: Uint8Array, edits: readonly Edit[]): Uint8Array {
  const sorted = [...edits].sort((a, b) => a.start - b.start)
  const size = sorted.reduce((sum, edit) => sum + edit.bytes.length - (edit.end - edit.start), body.length)
  const result = new Uint8Array(size)
  let from = 0
  let to = 0
  for (const edit of sorted) {
    result.set(body.subarray(from, edit.start), to)
    to += edit.start - from
    result.set(edit.bytes, to)
    to += edit.bytes.length
    from = edit.end
  }
  result.set(body.subarray(from), to)
  return result
}

/** `value`, a non-negative integer below 2^53, as a varint. */
export function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  while (rest >= 0x80) {
    bytes.push((rest % 128) | 0x80)
    rest = Math.floor(rest / 128)
  }
  bytes.push(rest)
  return Uint8Array.from(bytes)
}
