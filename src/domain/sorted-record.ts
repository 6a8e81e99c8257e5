/** A map as a record sorted by its keys, so that the same entries in any order give the same bytes. */
export function sortedRecord<Value>(map: ReadonlyMap<string, Value>): Record<string, Value> {
  return Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
}
