/** The smallest value that at least the share `p` (0 to 1) of the values does not exceed. @throws Error without values. */
export function percentile(values: readonly number[], p: number): number {
  if (values.length === 0) throw new Error('expected at least one value to take a percentile of, got none')
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] as number
}
