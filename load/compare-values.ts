/** How far a number may be from its reference: within the sum of both. */
export type Tolerance = { readonly relative: number; readonly absolute: number }

export type Comparison = {
  /** One sentence per difference: where, what was expected, what came. */
  readonly differences: readonly string[]
  /** |got - expected| / |expected| at its largest; against max(1, |expected|) where the tolerance is absolute too. */
  readonly worstRelativeError: number
}

/**
 * Compares what came with a reference read from JSON, where 'NaN' and 'Infinity' stand for themselves and null for
 * nothing. Keys that the reference does not have are ignored.
 *
 * @param toleranceAt the tolerance of a number by the key that it stands under
 */
export function compareValues(
  got: unknown,
  expected: unknown,
  toleranceAt: (key: string) => Tolerance,
  path = '',
): Comparison {
  const number = numberOf(expected)
  if (number !== null) return compareNumbers(got, number, toleranceAt(lastKey(path)), path)
  if (typeof expected !== 'object' || expected === null) {
    return (got ?? null) === expected ? same : different(path, expected, got)
  }
  if (typeof got !== 'object' || got === null) return different(path, expected, got)
  if (Array.isArray(expected) && (!Array.isArray(got) || got.length !== expected.length)) {
    return different(path, expected, got)
  }
  const parts = Object.entries(expected).map(([key, value]) =>
    compareValues((got as Record<string, unknown>)[key], value, toleranceAt, path === '' ? key : `${path}.${key}`),
  )
  return merge(parts)
}

/** All comparisons as one. */
export function merge(parts: readonly Comparison[]): Comparison {
  return {
    differences: parts.flatMap(({ differences }) => differences),
    worstRelativeError: parts.reduce((worst, part) => Math.max(worst, part.worstRelativeError), 0),
  }
}

const same: Comparison = { differences: [], worstRelativeError: 0 }

function different(path: string, expected: unknown, got: unknown): Comparison {
  const text = `${path || 'result'}: expected ${JSON.stringify(expected)}, got ${show(got)}`
  return { differences: [text], worstRelativeError: 0 }
}

function show(value: unknown): string {
  return typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value))
}

function numberOf(value: unknown): number | null {
  if (typeof value === 'number') return value
  return value === 'NaN' || value === 'Infinity' || value === '-Infinity' ? Number(value) : null
}

/** 'logE.3' stands under logE. */
function lastKey(path: string): string {
  return path.split('.').findLast((key) => !/^\d+$/.test(key)) ?? ''
}

function compareNumbers(got: unknown, expected: number, { relative, absolute }: Tolerance, path: string): Comparison {
  const value = numberOf(got)
  if (value === null) return different(path, expected, got)
  if (Object.is(value, expected) || value === expected) return same
  const distance = Math.abs(value - expected)
  const scale = Math.abs(expected)
  // A tolerance that is mostly absolute says that the numbers are small on purpose, as logarithms near 0 are.
  const error = distance / (absolute > 0 ? Math.max(1, scale) : scale || 1)
  const isWithin = distance <= absolute + relative * scale
  return {
    differences: isWithin ? [] : different(path, expected, value).differences,
    // JSON has no infinity.
    worstRelativeError: Number.isFinite(error) ? error : Number.MAX_VALUE,
  }
}
