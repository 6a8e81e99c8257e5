/** The value without properties that are null, at any depth: for Kayenta they are as good as absent. */
export function withoutNulls<Value>(value: Value): Value {
  if (Array.isArray(value)) return value.map(withoutNulls) as Value
  if (value === null || typeof value !== 'object') return value
  const entries = Object.entries(value).filter(([, item]) => item !== null && item !== undefined)
  return Object.fromEntries(entries.map(([key, item]) => [key, withoutNulls(item)])) as Value
}

/** JSON as Kayenta writes it: numbers that are not finite are the strings `NaN`, `Infinity` and `-Infinity`. */
export function kayentaJson(value: unknown): string {
  return JSON.stringify(value, (_key, item) =>
    typeof item === 'number' && !Number.isFinite(item) ? String(item) : item,
  )
}

/** A point of a series as {@link kayentaJson} wrote it; null, which nobody should send, is missing. */
export function pointOf(point: number | string | null): number {
  return point === null ? Number.NaN : Number(point)
}
