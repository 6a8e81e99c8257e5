import type { PartCounts } from './active-parts.ts'
import type { Finding } from './finding.ts'

/** What a Davy takes at a moment. */
export type Resources = PartCounts & {
  /** Unix milliseconds. */
  readonly at: number
  readonly rssMiB: number
  readonly openFiles: number
  /** Since the start. */
  readonly acceptedSpans: number
}

const longestWarmUpMs = 15 * 60_000
const rssGrowth = 1.03
const moreFiles = 10
const moreFreshParts = 10
/** So many parts of about one size wait, at the latest, until the engine merges them (`merge_selector_base`). */
const mergedAtOnce = 5
const fewestSamples = 20

/**
 * Whether memory, open files and parts stayed what they were once the process was warm: after fifteen minutes, or after a third of a
 * shorter run. Compared are the medians of the first and of the last fifth of the rest, since each goes up and down by itself.
 *
 * Parts that were never merged must not become more: they do when merges fall behind. All parts may, as those of a tree that is
 * merged do: from none to four of each size wait for the next merge, two on average, and with five times the rows a partition
 * has one size more.
 * @throws Error for fewer than 20 samples.
 */
export function steadiness(samples: readonly Resources[]): readonly Finding[] {
  const start = samples[0]?.at ?? 0
  const lasted = (samples.at(-1)?.at ?? 0) - start
  const warmUpMs = Math.min(longestWarmUpMs, lasted / 3)
  const warm = samples.filter(({ at }) => at - start >= warmUpMs)
  if (warm.length < fewestSamples) {
    throw new Error(`expected at least ${fewestSamples} samples of a warm process, got ${warm.length}: run for longer`)
  }
  const fifth = Math.floor(warm.length / 5)
  const early = warm.slice(0, fifth)
  const late = warm.slice(-fifth)
  const middle = (of: readonly Resources[]) => ((of[0] as Resources).at + (of.at(-1) as Resources).at) / 2 - start
  const moreSizes = Math.log(middle(late) / middle(early)) / Math.log(mergedAtOnce)
  const partitions = median(late.map((each) => each.partitions))
  const since = `after ${Math.round(warmUpMs / 6000) / 10} min`
  const compare = (what: string, of: (each: Resources) => number, mostOf: (early: number) => number): Finding => {
    const from = median(early.map(of))
    const to = median(late.map(of))
    const change = from === 0 ? '' : ` (${to >= from ? '+' : ''}${((to / from - 1) * 100).toFixed(1)}%)`
    return {
      what: `${what} ${since}`,
      measured: `${Math.round(from)} to ${Math.round(to)}${change}`,
      limit: `<= ${Math.floor(mostOf(from))}`,
      isKept: to <= mostOf(from),
    }
  }
  return [
    compare(
      'resident memory, MiB',
      ({ rssMiB }) => rssMiB,
      (from) => from * rssGrowth,
    ),
    compare(
      'open files',
      ({ openFiles }) => openFiles,
      (from) => from + moreFiles,
    ),
    compare(
      'parts that were never merged,',
      ({ freshParts }) => freshParts,
      (from) => from + moreFreshParts,
    ),
    compare(
      `parts of ${partitions} partitions`,
      ({ parts }) => parts,
      (from) => from + ((mergedAtOnce - 1) / 2) * partitions * moreSizes,
    ),
  ]
}

/** The most spans a second that were accepted over any `windowMs`; null when the samples do not last so long. */
export function highestRate(samples: readonly Resources[], windowMs: number): number | null {
  let highest: number | null = null
  let first = 0
  for (const last of samples) {
    while (first + 1 < samples.length && last.at - (samples[first + 1] as Resources).at >= windowMs) first += 1
    const from = samples[first] as Resources
    if (last.at - from.at < windowMs) continue
    const rate = (1000 * (last.acceptedSpans - from.acceptedSpans)) / (last.at - from.at)
    highest = Math.max(highest ?? 0, rate)
  }
  return highest
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] as number
}
