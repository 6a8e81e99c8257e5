import type { Arm } from '../../domain/cohort.ts'
import type { Counts } from '../../domain/evidence.ts'
import type { ReportLook } from '../report-input.ts'

/** Requests of both arms over one piece of time, Unix milliseconds; `wide`: it had to be widened to say anything. */
export type RateBin = {
  readonly from: number
  readonly to: number
  readonly wide: boolean
} & Readonly<Record<Arm, Counts>>

const shortest = 30_000
const mostBins = 40
const enoughEvents = 5

function add(a: Counts, b: Counts): Counts {
  return { requests: a.requests + b.requests, errors: a.errors + b.errors }
}

function merge(a: RateBin, b: RateBin): RateBin {
  return {
    from: a.from,
    to: b.to,
    wide: true,
    baseline: add(a.baseline, b.baseline),
    canary: add(a.canary, b.canary),
  }
}

/** Slices gathered until they span `ms`; a hole between slices ends a bin. */
function gathered(looks: readonly ReportLook[], ms: number): RateBin[] {
  const bins: RateBin[] = []
  for (const { slice } of looks) {
    const open = bins.at(-1)
    const { baseline, canary } = slice
    const next = {
      from: slice.from,
      to: slice.to,
      wide: false,
      baseline: add(none, baseline),
      canary: add(none, canary),
    }
    if (open === undefined || open.to - open.from >= ms || slice.from > open.to) bins.push(next)
    else bins[bins.length - 1] = { ...merge(open, next), wide: false }
  }
  return bins
}

const none: Counts = { requests: 0, errors: 0 }

/**
 * Bins for error rates over time: at least 30 s and at most 40 of them, widened until the canary would show five events
 * at the baseline's rate or has shown five. A bin in which the canary has no request stays on its own: a gap.
 */
export function rateBins(looks: readonly ReportLook[]): readonly RateBin[] {
  const first = looks[0]
  const last = looks.at(-1)
  if (first === undefined || last === undefined) return []
  const fine = gathered(looks, Math.max(shortest, (last.slice.to - first.slice.from) / mostBins))
  const base = fine.reduce((sum, bin) => add(sum, bin.baseline), none)
  const rate = base.requests === 0 ? 0 : base.errors / base.requests
  const full = (bin: RateBin) => bin.canary.requests * rate >= enoughEvents || bin.canary.errors >= enoughEvents
  const bins: RateBin[] = []
  for (const bin of fine) {
    const open = bins.at(-1)
    const joins = open !== undefined && open.canary.requests > 0 && bin.canary.requests > 0 && bin.from <= open.to
    if (joins && !full(open)) bins[bins.length - 1] = merge(open, bin)
    else bins.push(bin)
  }
  return lastFull(bins, full)
}

/** The last bin has had no time to fill: it goes to the one before it. */
function lastFull(bins: readonly RateBin[], full: (bin: RateBin) => boolean): readonly RateBin[] {
  const last = bins.at(-1)
  const before = bins.at(-2)
  if (last === undefined || before === undefined || full(last) || last.canary.requests === 0) return bins
  if (before.canary.requests === 0 || before.to < last.from) return bins
  return [...bins.slice(0, -2), merge(before, last)]
}
