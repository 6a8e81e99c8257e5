import { histogramScale } from '../../domain/evidence.ts'
import { placeExplicit } from '../../stats/bucket-placement.ts'
import type { DurationIncrease } from '../bucket-increases.ts'
import type { Series } from '../read-series.ts'
import { type DurationUnit, nanoseconds } from '../slices-of-series.ts'
import { graphiteAnswer } from './read-targets.ts'

/**
 * Durations from the bins of StatsD histograms: a series each, called `bin_<bound>` with an underscore for a dot, or
 * `bin_inf`, which counts what lies from the bound before it to below its own.
 * @throws DavyError SOURCE_DOWN for a series that is none
 */
export function durationsOfBins(series: readonly Series[], unit: DurationUnit): readonly DurationIncrease[] {
  const grid = { scale: histogramScale, unit: nanoseconds[unit] }
  const byHistogram = Map.groupBy(series, ({ labels }) => labels.target!.replace(/\.[^.]*$/, ''))
  return [...byHistogram.values()].flatMap((bins) => {
    const inOrder = bins.map((bin) => ({ bin, bound: boundOf(bin) })).sort((a, b) => a.bound - b.bound)
    const bounds = inOrder.map(({ bound }) => bound).filter((bound) => bound !== Infinity)
    return inOrder.flatMap(({ bin: { labels, samples } }, index) =>
      samples.map(([at, count]) => ({ at, count, labels, placed: placeExplicit(bounds, [[index, count]], grid) })),
    )
  })
}

function boundOf({ labels }: Series): number {
  const text = /\.bin_(inf|\d+(?:_\d+)?)$/.exec(labels.target ?? '')?.[1]
  if (text === undefined) {
    throw graphiteAnswer.unreadable('a bin of a StatsD histogram, as bin_100 or bin_inf', labels.target)
  }
  return text === 'inf' ? Infinity : Number(text.replace('_', '.'))
}
