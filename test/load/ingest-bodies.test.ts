import { describe, expect, test } from 'vitest'
import { randomSource } from '../../load/accuracy/simulate/random-source.ts'
import { itemsPerBody, otlpBody, type Signal, signals } from '../../load/ingest/otlp-bodies.ts'
import { check } from '../../src/receivers/otlp/check.ts'
import { decode } from '../receivers/otlp/codec.ts'

const atMs = Date.UTC(2026, 0, 1)
const limits = { nowMs: atMs, ttlMs: 3_600_000 }

type Resource = { readonly resource: { readonly attributes: readonly { readonly key: string }[] } }
type Span = {
  readonly kind: number
  readonly parentSpanId?: string
  readonly spanId: string
  readonly attributes: readonly unknown[]
}

function bodyOf(signal: Signal, seed: string): Uint8Array {
  const source = randomSource(seed)
  return otlpBody(signal, atMs, () => source.uniform())
}

describe('generated bodies', () => {
  test.each(signals)('of %s pass the check whole, with the items that they promise', (signal) => {
    const checked = check(signal, bodyOf(signal, 'whole'), limits)
    expect(checked).toMatchObject({ ok: true, items: itemsPerBody, rejected: [], negativeDurations: 0, nonFinite: 0 })
  })

  test.each(signals)('of %s are the same for the same seed and differ otherwise', (signal) => {
    expect(bodyOf(signal, 'one')).toEqual(bodyOf(signal, 'one'))
    expect(bodyOf(signal, 'one')).not.toEqual(bodyOf(signal, 'two'))
  })

  test('of metrics hold points of the five kinds', () => {
    const checked = check('metrics', bodyOf('metrics', 'kinds'), limits)
    if (!checked.ok) throw new Error(checked.error.where)
    expect([...checked.kinds.keys()].sort()).toEqual(['exponentialHistogram', 'gauge', 'histogram', 'sum', 'summary'])
  })

  test('of spans have fourteen resource attributes, ten of their own, and one request in four spans', () => {
    const { resourceSpans } = decode('traces', bodyOf('traces', 'shape')) as {
      resourceSpans: (Resource & { scopeSpans: { spans: Span[] }[] })[]
    }
    expect(new Set(resourceSpans.map(({ resource }) => resource.attributes.length))).toEqual(new Set([14]))
    const spans = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans))
    expect(new Set(spans.map(({ attributes }) => attributes.length))).toEqual(new Set([10]))
    const requests = spans.filter(({ kind }) => kind === 2)
    expect(requests).toHaveLength(itemsPerBody / 4)
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(itemsPerBody)
  })
})
