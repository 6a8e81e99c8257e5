import { type Counts, type Slice, sumCounts } from '../../domain/evidence.ts'
import { proportionInterval } from '../../stats/proportion-interval.ts'

/** An outage of the baseline, alone or together with the canary. */
export type Outage = {
  readonly code: 'SHARED_OUTAGE' | 'BASELINE_UNHEALTHY'
  /** Unix milliseconds of the first slice in which the baseline failed so. */
  readonly since: number
  /** Shares of failed requests: in the window, and of the baseline before the start. */
  readonly baseline: number
  readonly canary: number | null
  readonly before: number
}

export type BaselineHealth = { observe(slice: Slice): void; read(): Outage | null }

/** An outage shorter than this is a burst, which the null of the comparison allows for. */
const windowMs = 300_000

/** The hour before the start says little about its rate with fewer requests. */
const leastReference = 300

/** Even the lower bound of its rate is so many times what it was, and so much above it. */
const leastRatio = 3
const leastRise = 0.02

/** Level of the bounds, and what clumps make of a count. */
const level = 0.998
const phi = 2

/** With at least this share of the baseline's rate the canary has the same outage. */
const sharedFrom = 0.5

/**
 * Watches whether the baseline itself fails far more than in the hour before the start. Then a comparison with it says
 * that the canary is no worse than something broken, which is no reason to promote. When the canary fails too, it is an
 * outage that both have: nobody's fault that this comparison could name.
 *
 * @param reference the baseline's requests of that hour; undefined, or too few: nothing can be said
 */
export function watchBaselineHealth(reference: Counts | undefined): BaselineHealth {
  let slices: Slice[] = []
  let outage: Outage | null = null
  const before = reference !== undefined && reference.requests >= leastReference ? boundsOf(reference) : null

  function inWindow(): Outage | null {
    const first = slices[0]
    const last = slices.at(-1)
    if (before === null || first === undefined || last === undefined || last.to - first.from < windowMs) return null
    const baseline = sumCounts(slices.map((slice) => slice.baseline))
    const threshold = Math.max(leastRatio * before.high, before.rate + leastRise)
    const rate = baseline.requests === 0 ? 0 : baseline.errors / baseline.requests
    if (rate <= threshold || boundsOf(baseline).low < threshold) return null
    const canary = sumCounts(slices.map((slice) => slice.canary))
    const canaryRate = canary.requests === 0 ? null : canary.errors / canary.requests
    const failing = slices.find((slice) => slice.baseline.errors > threshold * slice.baseline.requests)
    return {
      code: canaryRate !== null && canaryRate >= sharedFrom * rate ? 'SHARED_OUTAGE' : 'BASELINE_UNHEALTHY',
      // An outage is older than the window once it has filled it.
      since: outage?.since ?? (failing ?? first).from,
      baseline: rate,
      canary: canaryRate,
      before: before.rate,
    }
  }

  return {
    observe(slice) {
      slices = [...slices, slice].filter(({ to }) => to > slice.to - windowMs)
      outage = inWindow()
    },
    read: () => outage,
  }
}

function boundsOf({ requests, errors }: Counts): {
  readonly rate: number
  readonly low: number
  readonly high: number
} {
  const { low, high } = proportionInterval(Math.floor(errors / phi), Math.ceil(requests / phi), level)
  return { rate: errors / requests, low, high }
}
