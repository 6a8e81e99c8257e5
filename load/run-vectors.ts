import { type Comparison, compareValues, merge } from './compare-values.ts'
import { kayentaKinds } from './kayenta-vectors.ts'
import { sequentialKinds } from './sequential-vectors.ts'

/** The outcome of one file of reference vectors. */
export type VectorReport = {
  /** Vectors that were run. */
  readonly cases: number
  /** Vectors with at least one difference. */
  readonly mismatches: number
  readonly worstRelativeError: number
  /** Vectors of kinds that the project has nothing for, by kind. */
  readonly skipped: Readonly<Record<string, number>>
  /** `id: difference`, in the order of the file. */
  readonly differences: readonly string[]
}

type KayentaVector = {
  readonly id: string
  readonly kind: string
  /** The random part of the numbers cannot be compared; labels can. */
  readonly nondeterministicNumbers?: boolean
  readonly computed?: Readonly<Record<string, unknown>>
  readonly expected?: Readonly<Record<string, unknown>>
}

type SequentialVector = {
  readonly id: string
  readonly kind: string
  readonly input: unknown
  readonly expected: unknown
}

/**
 * Runs a parsed file of vectors through the project's own code. Knows two kinds of cases: those of the sequential tests,
 * which have an `input`, as a list or under `vectors`; and Kayenta's, as a list or in its suites (`kayentaSuite`,
 * `kayentaOtherSuites`, `edgeAndIssueCases`).
 *
 * @throws TypeError on any other shape
 */
export function runVectors(file: unknown): VectorReport {
  const suites = (file ?? {}) as Readonly<Record<string, unknown>>
  const list = Array.isArray(file) ? file : suites.vectors
  if (Array.isArray(list)) {
    return isSequential(list)
      ? runAll(list, sequentialKinds, compareSequential)
      : runAll(list as KayentaVector[], kayentaKinds, compareKayenta)
  }
  const lists = ['kayentaSuite', 'kayentaOtherSuites', 'edgeAndIssueCases'].map((key) => suites[key])
  if (lists.some(Array.isArray)) {
    return runAll(lists.flatMap((cases) => cases ?? []) as KayentaVector[], kayentaKinds, compareKayenta)
  }
  throw new TypeError(
    'expected a list of cases, or an object with "vectors" or with "kayentaSuite" and "edgeAndIssueCases"; ' +
      `got ${file === null || typeof file !== 'object' ? JSON.stringify(file) : `keys ${Object.keys(suites).join(', ')}`}`,
  )
}

function isSequential(list: readonly unknown[]): list is SequentialVector[] {
  return list.length > 0 && list.every((vector) => typeof vector === 'object' && vector !== null && 'input' in vector)
}

function runAll<V extends { readonly id: string; readonly kind: string }>(
  vectors: readonly V[],
  kinds: Readonly<Record<string, unknown>>,
  compare: (vector: V) => Comparison,
): VectorReport {
  const skipped: Record<string, number> = {}
  let cases = 0
  let mismatches = 0
  const parts: Comparison[] = []
  for (const vector of vectors) {
    if (!Object.hasOwn(kinds, vector.kind)) {
      skipped[vector.kind] = (skipped[vector.kind] ?? 0) + 1
      continue
    }
    cases++
    const { differences, worstRelativeError } = attempt(() => compare(vector))
    if (differences.length > 0) mismatches++
    parts.push({ differences: differences.map((text) => `${vector.id}: ${text}`), worstRelativeError })
  }
  return { cases, mismatches, skipped, ...merge(parts) }
}

function attempt(compare: () => Comparison): Comparison {
  try {
    return compare()
  } catch (error) {
    return { differences: [`threw ${error instanceof Error ? error.message : String(error)}`], worstRelativeError: 0 }
  }
}

function compareSequential({ kind, input, expected }: SequentialVector): Comparison {
  return compareValues(sequentialKinds[kind]!(input), expected, (key) =>
    /^log/.test(key) ? { absolute: 1e-8, relative: 1e-10 } : { absolute: 0, relative: 1e-9 },
  )
}

/** `computed` came out of the original and is to be met to the last digits; `expected` is what its tests assert. */
function compareKayenta(vector: KayentaVector): Comparison {
  const got = kayentaKinds[vector.kind]!(vector)
  const { computed, expected } = vector
  if (computed === undefined && expected === undefined) throw new TypeError('neither computed nor expected is there')
  const exact = compareValues(got, exactExpectation(vector), () => ({ relative: 1e-12, absolute: 0 }))
  const { tol, stdTol, estimateTol, note, ...asserted } = expected ?? {}
  const rounded = compareValues(got, asserted, (key) => ({
    relative: 1e-9,
    absolute: Number((key === 'std' ? stdTol : key === 'estimate' ? (estimateTol ?? tol) : tol) ?? 0),
  }))
  return { ...exact, differences: [...exact.differences, ...rounded.differences] }
}

function exactExpectation({ kind, computed, nondeterministicNumbers }: KayentaVector): unknown {
  const { note, error, ...figures } = computed ?? {}
  if (error !== undefined) return { error: 'refused' }
  if (kind === 'classify' && nondeterministicNumbers) {
    return { classification: figures.classification, reason: figures.reason }
  }
  return figures
}
