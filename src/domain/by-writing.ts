/** The order that every process gives the same facts, whenever it came to see them. */
export function byWriting(
  a: { readonly at: string; readonly key: string },
  b: { readonly at: string; readonly key: string },
): number {
  if (a.at !== b.at) return a.at < b.at ? -1 : 1
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0
}
