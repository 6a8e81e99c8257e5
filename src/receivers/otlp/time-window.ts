export type Limits = {
  /** Unix milliseconds. */
  readonly nowMs: number
  /** How long data is kept: what is older is rejected, as is what lies more than an hour in the future. */
  readonly ttlMs: number
}

/** Bounds in Unix nanoseconds, inclusive, as halves of 32 bits: a double cannot hold them, a bigint costs too much. */
export type TimeWindow = {
  readonly fromHigh: number
  readonly fromLow: number
  readonly toHigh: number
  readonly toLow: number
  /** The bounds for people. */
  readonly text: string
}

const aheadMs = 3_600_000

/** Limits that every time but zero keeps, for bodies whose times were judged before. */
export const anyTime: Limits = { nowMs: 8.64e15 - aheadMs, ttlMs: Number.POSITIVE_INFINITY }

/** The times that are taken: from `nowMs - ttlMs` to `nowMs` + 1 h. Zero is never among them. */
export function timeWindow({ nowMs, ttlMs }: Limits): TimeWindow {
  const from = Math.max(1, Math.floor(nowMs - ttlMs))
  const to = Math.max(1, Math.floor(nowMs + aheadMs))
  const fromNanos = BigInt(from) * 1_000_000n
  const toNanos = BigInt(to) * 1_000_000n
  return {
    fromHigh: Number(fromNanos >> 32n),
    fromLow: Number(fromNanos & 0xffffffffn),
    toHigh: Number(toNanos >> 32n),
    toLow: Number(toNanos & 0xffffffffn),
    text: `${new Date(from).toISOString()} to ${new Date(to).toISOString()}`,
  }
}

/** Whether the fixed64 at `at` lies in the window; -1 stands for a field that is absent, which is time 0. */
export function isInside(window: TimeWindow, view: DataView, at: number): boolean {
  if (at === -1) return false
  const low = view.getUint32(at, true)
  const high = view.getUint32(at + 4, true)
  if (high < window.fromHigh || (high === window.fromHigh && low < window.fromLow)) return false
  return high < window.toHigh || (high === window.toHigh && low <= window.toLow)
}

/** Whether the fixed64 at `at` is zero or absent (-1). */
export function isZero(view: DataView, at: number): boolean {
  return at === -1 || (view.getUint32(at, true) === 0 && view.getUint32(at + 4, true) === 0)
}

/** Whether the fixed64 at `a` is larger than the one at `b`. */
export function isLater(view: DataView, a: number, b: number): boolean {
  const highA = view.getUint32(a + 4, true)
  const highB = view.getUint32(b + 4, true)
  return highA > highB || (highA === highB && view.getUint32(a, true) > view.getUint32(b, true))
}

/** The fixed64 at `at` for people: RFC 3339, or the bare number where that cannot be written. */
export function timeText(view: DataView, at: number): string {
  if (at === -1) return '0'
  const nanos = view.getBigUint64(at, true)
  return nanos < 1_000_000n ? String(nanos) : new Date(Number(nanos / 1_000_000n)).toISOString()
}
