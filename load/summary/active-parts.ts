type Part = { readonly from: number; readonly to: number; readonly level: number }

/** Parts of tables that queries read (ClickHouse, MergeTree). */
export type PartCounts = {
  readonly parts: number
  /** Those that were inserted and never merged. */
  readonly freshParts: number
  /** Partitions that have parts. */
  readonly partitions: number
}

export const noParts: PartCounts = { parts: 0, freshParts: 0, partitions: 0 }

/** Of both together. */
export function plusParts(a: PartCounts, b: PartCounts): PartCounts {
  return {
    parts: a.parts + b.parts,
    freshParts: a.freshParts + b.freshParts,
    partitions: a.partitions + b.partitions,
  }
}

/** `partition_from_to_level`, and the number of a mutation; names of what is being made or thrown away begin otherwise. */
const partName = /^([^_]+)_(\d+)_(\d+)_(\d+)(?:_\d+)?$/

/**
 * The parts of one table that queries read, by the names of its directories: parts that were merged into a larger one stay on
 * disk for minutes, and are covered by its range of blocks.
 */
export function activeParts(names: readonly string[]): PartCounts {
  const parts = names.flatMap((name) => {
    const [, partition, from, to, level] = partName.exec(name) ?? []
    return partition === undefined ? [] : [{ partition, from: Number(from), to: Number(to), level: Number(level) }]
  })
  const byPartition = Map.groupBy(parts, ({ partition }) => partition)
  const active = [...byPartition.values()].flatMap(uncovered)
  return {
    parts: active.length,
    freshParts: active.filter(({ level }) => level === 0).length,
    partitions: byPartition.size,
  }
}

/** Ranges of blocks contain each other or have nothing in common, so that the widest of those that begin first covers what follows. */
function uncovered(parts: readonly Part[]): readonly Part[] {
  const sorted = parts.toSorted((a, b) => a.from - b.from || b.to - a.to || b.level - a.level)
  let reach = -1
  return sorted.filter(({ to }) => {
    const isCovered = to <= reach
    reach = Math.max(reach, to)
    return !isCovered
  })
}
