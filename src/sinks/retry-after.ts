const longestSeconds = 24 * 3600

/**
 * Seconds to wait by a Retry-After header (seconds, or an HTTP date), at most a day so that no answer parks a delivery
 * for ever; null when there is none or it cannot be read.
 */
export function retryAfterSeconds(header: string | readonly string[] | undefined, now: Date): number | null {
  const text = typeof header === 'string' ? header.trim() : header?.[0]?.trim()
  if (text === undefined) return null
  if (/^\d+$/.test(text)) return Math.min(Number(text), longestSeconds)
  const date = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text)
    ? Date.parse(text)
    : Number.NaN
  if (Number.isNaN(date)) return null
  return Math.min(Math.max(0, Math.ceil((date - now.getTime()) / 1000)), longestSeconds)
}
