import type { Series } from './read-series.ts'

/** Series whose samples came in parts that follow one another. */
export function joinedSeries(parts: readonly (readonly Series[])[]): readonly Series[] {
  const [only] = parts
  if (parts.length === 1 && only !== undefined) return only
  const byLabels = Map.groupBy(parts.flat(), ({ labels }) => JSON.stringify(Object.entries(labels).sort()))
  return [...byLabels.values()].map((same) => ({
    labels: same[0]!.labels,
    samples: distinct(same.flatMap(({ samples }) => samples)),
    histograms: distinct(same.flatMap(({ histograms }) => histograms)),
  }))
}

/** Where two parts meet, servers of one kind count a sample to both. */
function distinct<Item extends readonly [at: number, value: unknown]>(items: readonly Item[]): readonly Item[] {
  return items.filter(([at], index) => index === 0 || items[index - 1]![0] < at)
}
