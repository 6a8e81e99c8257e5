/** Who asked too much waits so long when the service does not say how long. */
const pauseMs = 10_000
const longestPauseMs = 3_600_000

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>

/** A limit of requests that is reached is not run against: all who ask a service wait as long as it says. */
export class RequestPause {
  readonly #now: () => number
  #until = 0

  /** @param now Unix milliseconds. */
  constructor(now: () => number) {
    this.#now = now
  }

  /** The service refused since its limit is reached. @param headers of its answer, with names in lower case. */
  begin(headers: Headers): void {
    const now = this.#now()
    const wait = saidUntil(String(headers['retry-after'] ?? headers['x-ratelimit-reset']), now) - now
    this.#until = now + (wait > 0 ? Math.min(wait, longestPauseMs) : pauseMs)
  }

  /** Why nobody may ask now, without a full stop, and for how many seconds; null: ask. */
  get reason(): { readonly words: string; readonly seconds: number } | null {
    const seconds = Math.ceil((this.#until - this.#now()) / 1000)
    if (seconds <= 0) return null
    return { words: `its limit of requests is reached, and it is asked again in ${seconds} s`, seconds }
  }
}

/** So many seconds are no wait but a time since 1970. */
const leastTimeSeconds = 1e9

/** Until when a header says to wait, Unix milliseconds: seconds, a time in seconds, or a date of HTTP; NaN: it does not. */
function saidUntil(text: string, now: number): number {
  const seconds = Number(text)
  if (Number.isNaN(seconds)) return Date.parse(text)
  return seconds > leastTimeSeconds ? seconds * 1000 : now + seconds * 1000
}
