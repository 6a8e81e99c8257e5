/** A body's length as it stands in front of it: ClickHouse's `Protobuf` format and our recovery read it. */
export function lengthPrefix(length: number): Uint8Array {
  const prefix: number[] = []
  let rest = length
  while (rest >= 0x80) {
    prefix.push((rest & 0x7f) | 0x80)
    rest = Math.floor(rest / 0x80)
  }
  prefix.push(rest)
  return Uint8Array.from(prefix)
}

/** One body with its length in front. */
export function delimit(body: Uint8Array): Uint8Array {
  const prefix = lengthPrefix(body.length)
  const framed = new Uint8Array(prefix.length + body.length)
  framed.set(prefix)
  framed.set(body, prefix.length)
  return framed
}

/** The bodies of a segment, in order, and how many bytes they take with their lengths; a torn tail is left out. */
export function readDelimited(bytes: Uint8Array): { readonly bodies: readonly Uint8Array[]; readonly length: number } {
  const bodies: Uint8Array[] = []
  let offset = 0
  while (offset < bytes.length) {
    let length = 0
    let shift = 1
    let at = offset
    let byte = 0x80
    while (byte >= 0x80 && at < bytes.length && at - offset < 5) {
      byte = bytes[at] ?? 0
      length += (byte & 0x7f) * shift
      shift *= 0x80
      at += 1
    }
    // A zero length is the zero-filled tail that a file system may leave after a crash; no body is empty.
    if (byte >= 0x80 || length === 0 || at + length > bytes.length) break
    bodies.push(bytes.subarray(at, at + length))
    offset = at + length
  }
  return { bodies, length: offset }
}
