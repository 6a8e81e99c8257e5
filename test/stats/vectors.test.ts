import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { sequentialKinds } from '../../load/sequential-vectors.ts'

type Vector = { id: string; kind: string; input: unknown; expected: Record<string, unknown> }

/** Inputs and outputs of a 40-digit computation. */
const vectors: Vector[] = JSON.parse(readFileSync(new URL('./vectors.json', import.meta.url), 'utf8'))

function closeTo(got: unknown, expected: unknown, isLog: boolean): void {
  if (typeof expected === 'number') {
    const tolerance = isLog ? 1e-8 + 1e-10 * Math.abs(expected) : 1e-9 * Math.abs(expected)
    expect(Math.abs((got as number) - expected)).toBeLessThanOrEqual(tolerance)
  } else if (Array.isArray(expected)) {
    expect(got).toHaveLength(expected.length)
    for (const [i, value] of expected.entries()) closeTo((got as unknown[])[i], value, isLog)
  } else {
    expect(got).toEqual(expected)
  }
}

describe('reference values of 40 digits', () => {
  test('every method has some', () => {
    expect(new Set(vectors.map((vector) => vector.kind))).toEqual(new Set(Object.keys(sequentialKinds)))
  })

  test.each(vectors)('$id', ({ kind, input, expected }) => {
    const got = sequentialKinds[kind]!(input) as Record<string, unknown>
    for (const [key, value] of Object.entries(expected)) closeTo(got[key], value, key === 'logE')
  })
})
