import type { Series } from './read-series.ts'

/** How much something grew, at the time of the sample that told so (Unix milliseconds). */
export type Increase = { readonly at: number; readonly by: number }

/**
 * `cumulative`: a counter, which only grows until its process starts anew. `sums`: each sample is what was counted since
 * the one before, as CloudWatch's sums are.
 */
export type Temporality = 'cumulative' | 'sums'

/** Who tells of a series: a process that was scraped, and the pod that it tells about. */
export function targetOf({ labels }: Pick<Series, 'labels'>, podLabel: string): string {
  return JSON.stringify([labels.job, labels.instance, labels[podLabel]])
}

/** Since when each target is known: the time of its oldest sample in hand, Unix milliseconds. */
export function knownSince(series: readonly Series[], podLabel: string): ReadonlyMap<string, number> {
  const since = new Map<string, number>()
  for (const one of series) {
    const first = Math.min(one.samples[0]?.[0] ?? Infinity, one.histograms[0]?.[0] ?? Infinity)
    const target = targetOf(one, podLabel)
    since.set(target, Math.min(since.get(target) ?? Infinity, first))
  }
  return since
}

/**
 * What a series grew by, sample by sample. A fall is a new beginning, from zero. The first sample of a series says
 * nothing, since what it counted before is not known, unless its target told of others before: then the series is new,
 * as that of a first error, and began at zero. NaN and infinite samples are passed over.
 *
 * @param isKnownBefore whether the series' target was known before a time
 */
export function increasesOf(
  samples: Series['samples'],
  temporality: Temporality,
  isKnownBefore: (at: number) => boolean,
): Increase[] {
  const increases: Increase[] = []
  let before: number | null = null
  for (const [at, value] of samples) {
    if (!Number.isFinite(value)) continue
    if (temporality === 'sums') increases.push({ at, by: Math.max(0, value) })
    else if (before !== null) increases.push({ at, by: value < before ? value : value - before })
    else increases.push({ at, by: isKnownBefore(at) ? value : 0 })
    before = value
  }
  return increases
}
