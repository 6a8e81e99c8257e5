import { consolidate } from './consolidate.ts'
import { openLineScanner } from './scan-line.ts'

/** The templates of some lines; `ids[i]` is the index in `templates` of line i's. */
export type MinedTemplates = { readonly templates: readonly string[]; readonly ids: Int32Array }

/**
 * Groups log lines that one statement of a program wrote. The lines come without their header (time, level, logger).
 * Templates are in the order of their first line, with `<*>` where values were.
 */
export function mineTemplates(lines: readonly string[]): MinedTemplates {
  const scan = openLineScanner()
  const skeletons: (readonly string[])[] = []
  const indexByText = new Map<string, number>()
  const skeletonOf = Int32Array.from(lines, (line) => {
    const tokens = scan(line)
    const text = tokens.join('\n')
    const known = indexByText.get(text)
    if (known !== undefined) return known
    indexByText.set(text, skeletons.length)
    return skeletons.push(tokens) - 1
  })
  const clusterOf = new Int32Array(skeletons.length)
  const clusters = consolidate(skeletons)
  clusters.forEach(({ members }, cluster) => {
    for (const member of members) clusterOf[member] = cluster
  })
  const templates: string[] = []
  const idOfCluster = new Map<number, number>()
  const ids = skeletonOf.map((skeleton) => {
    const cluster = clusterOf[skeleton] as number
    const known = idOfCluster.get(cluster)
    if (known !== undefined) return known
    const id = templates.push((clusters[cluster]?.tokens ?? []).join(' ')) - 1
    idOfCluster.set(cluster, id)
    return id
  })
  return { templates, ids }
}
