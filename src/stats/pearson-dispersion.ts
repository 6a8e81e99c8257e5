/**
 * Pearson's dispersion of counts per pod and block: the mean square of (x - E) / sqrt(E) with E = row sum x column sum /
 * total, over (pods - 1)(blocks - 1) degrees of freedom. 1 for Poisson counts whose rates are a product of a pod's and a
 * block's; more for clumps, and for blocks in which single pods burst. Rows and columns without events say nothing and
 * are left out. null when less than two pods and two blocks are left.
 * Source: McCullagh & Nelder, "Generalized linear models" (1989), section 6.2.3.
 *
 * @param counts one row per pod, one column per block, exposures alike within a row or within a column
 */
export function pearsonDispersion(counts: readonly (readonly number[])[]): number | null {
  const rows = counts.map((row) => row.reduce((sum, x) => sum + x, 0))
  const columns = (counts[0] ?? []).map((_, j) => counts.reduce((sum, row) => sum + row[j]!, 0))
  const total = rows.reduce((sum, x) => sum + x, 0)
  const freedom = (rows.filter((x) => x > 0).length - 1) * (columns.filter((x) => x > 0).length - 1)
  if (total === 0 || freedom <= 0) return null
  let chiSquare = 0
  for (const [i, row] of counts.entries()) {
    for (const [j, x] of row.entries()) {
      const expected = (rows[i]! * columns[j]!) / total
      if (expected > 0) chiSquare += (x - expected) ** 2 / expected
    }
  }
  return chiSquare / freedom
}
