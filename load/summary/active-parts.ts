type Part = { readonly partition: string; readonly from: number; readonly to: number; readonly level: number }

/** `partition_from_to_level`, and the number of a mutation; names of what is being made or thrown away begin otherwise. */
const partName = /^([^_]+)_(\d+)_(\d+)_(\d+)(?:_\d+)?$/

/**
 * How many parts of one table queries read, by the names of its directories (ClickHouse, MergeTree): parts that were merged
 * into a larger one stay on disk for minutes, and are covered by its range of blocks.
 */
export function activeParts(names: readonly string[]): number {
  const parts = names.flatMap((name) => {
    const [, partition, from, to, level] = partName.exec(name) ?? []
    return partition === undefined ? [] : [{ partition, from: Number(from), to: Number(to), level: Number(level) }]
  })
  const byPartition = Map.groupBy(parts, ({ partition }) => partition)
  return [...byPartition.values()].reduce((sum, own) => sum + uncovered(own), 0)
}

/** Ranges of blocks contain each other or have nothing in common, so that the widest of those that begin first covers what follows. */
function uncovered(parts: readonly Part[]): number {
  const sorted = parts.toSorted((a, b) => a.from - b.from || b.to - a.to || b.level - a.level)
  let count = 0
  let reach = -1
  for (const { from, to } of sorted) {
    if (from <= reach && to <= reach) continue
    count += 1
    reach = Math.max(reach, to)
  }
  return count
}
