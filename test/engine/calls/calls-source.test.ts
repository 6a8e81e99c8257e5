import { describe, expect, test } from 'vitest'
import type { SourceQuestion } from '../../../src/domain/metric-source.ts'
import type { MetricSpec } from '../../../src/domain/template.ts'
import { createCallsSource } from '../../../src/engine/calls/calls-source.ts'
import { edgeName } from '../../../src/engine/calls/edge-name.ts'
import type { CallRow, RequestTimeRow } from '../../../src/storage/calls-rollup-reader.ts'
import type { PlacedCallRow, PlacedCallsQuestion } from '../../../src/storage/placed-calls-reader.ts'

const start = Date.UTC(2026, 10, 21, 10)
const dimensions = { namespace: '', service: 'checkout', environment: 'default', cohort: '', replicaSet: '' }
const deployment: SourceQuestion['deployment'] = {
  ...{ id: 'one', namespace: '', service: 'checkout', environment: 'default', strategy: 'canary' },
  ...{ baseline: { version: '1' }, canary: { version: '2' }, startedAt: new Date(start).toISOString() },
}
const spec = (more: Partial<MetricSpec>): MetricSpec => ({
  ...{ name: 'downstream', kind: 'proportion', source: 'calls', direction: 'increase', weight: 0.1, group: 'calls' },
  ...{ margin: 1.25, promoteMargin: 2, critical: false },
  ...more,
})

const call = (more: Partial<CallRow> & { version: string; pod: string }): CallRow => ({
  ...dimensions,
  ...{ system: 'http', peer: 'payments', target: '', at: start, failed: false, errorType: '' },
  ...{ calls: 1, nanoseconds: 1e6, latency: { 638: 1 } },
  ...more,
})
const time = (more: Partial<RequestTimeRow> & { version: string; pod: string }): RequestTimeRow => ({
  ...dimensions,
  ...{ at: start, requests: 10, nanoseconds: 1e9 },
  ...more,
})

const windows = [0, 1].map((index) => ({ from: start + index * 10_000, to: start + (index + 1) * 10_000 }))

/** Nobody calls the service. */
const uncalled = { callers: async () => [], calls: async () => [] }

/** Nothing was there before. */
const unknown = {
  ...{ edges: async () => [], requests: async () => 0, served: async () => [] },
  ...{ operations: async () => [], callingOperations: async () => [] },
}

function ask(metric: MetricSpec, calls: readonly CallRow[], times: readonly RequestTimeRow[] = []) {
  const source = createCallsSource({ calls: async () => calls, requestTimes: async () => times }, uncalled, unknown)
  expect(source.check(metric)).toBeNull()
  return source.ask({ deployment, metric, windows }, new AbortController().signal)
}

describe('calls as evidence', () => {
  test('are counted by arm, window, edge and pod', async () => {
    const [first, second] = await ask(spec({}), [
      call({ version: '1', pod: 'a', calls: 90 }),
      call({ version: '1', pod: 'a', calls: 10, failed: true, errorType: '503' }),
      call({ version: '2', pod: 'b', calls: 20, system: 'postgresql', target: 'shop.orders' }),
      call({ version: '2', pod: 'b', at: start + 10_000, calls: 5, failed: true }),
      call({ version: '3', pod: 'c', calls: 1000 }),
    ])
    expect(first!.baseline).toMatchObject({
      ...{ requests: 100, errors: 10, operations: { payments: { requests: 100, errors: 10 } } },
      ...{ pods: { a: { requests: 100, errors: 10 } }, latency: [[638, 2]] },
    })
    expect(first!.canary.operations).toEqual({ 'postgresql shop.orders': { requests: 20, errors: 0 } })
    expect(second!.baseline.requests).toBe(0)
    expect(second!.canary).toMatchObject({ requests: 5, errors: 5 })
  })

  test('may be those of one edge', async () => {
    const rows = [call({ version: '1', pod: 'a' }), call({ version: '1', pod: 'a', peer: 'stock' })]
    const [first] = await ask(spec({ query: { peer: 'stock' } }), rows)
    expect(Object.keys(first!.baseline.operations)).toEqual(['stock'])
  })

  test('count per request of each pod; a pod that calls nobody says 0, one without requests nothing', async () => {
    const metric = spec({ name: 'fan-out', kind: 'gauge', query: { measure: 'calls-per-request' } })
    const [first] = await ask(
      metric,
      [call({ version: '1', pod: 'a', calls: 30 }), call({ version: '2', pod: 'b', calls: 200 })],
      [
        time({ version: '1', pod: 'a' }),
        time({ version: '1', pod: 'idle' }),
        time({ version: '2', pod: 'b', requests: 20 }),
      ],
    )
    expect(first!.baseline.gauges).toEqual({
      'fan-out': { a: { count: 10, sum: 30, min: 3, max: 3 }, idle: { count: 10, sum: 0, min: 0, max: 0 } },
    })
    expect(first!.canary.gauges!['fan-out']!.b).toMatchObject({ count: 20, sum: 200 })
  })

  test('leave the time that the service spent itself', async () => {
    const metric = spec({ name: 'self', kind: 'gauge', query: { measure: 'self-seconds' } })
    const [first] = await ask(
      metric,
      [
        call({ version: '1', pod: 'a', calls: 10, nanoseconds: 0.75e9 }),
        call({ version: '2', pod: 'b', nanoseconds: 3e9 }),
      ],
      [time({ version: '1', pod: 'a' }), time({ version: '2', pod: 'b' })],
    )
    expect(first!.baseline.gauges!.self!.a!.sum).toBeCloseTo(0.25)
    // Calls at the same time took longer together than the request.
    expect(first!.canary.gauges!.self!.b!.sum).toBe(0)
  })
})

describe('calls of others to the service', () => {
  const answered = (more: Partial<PlacedCallRow> & { version: string; pod: string }): PlacedCallRow => ({
    ...{ ...dimensions, at: start, caller: 'gateway', failed: false, calls: 1, latency: { 850: 1 } },
    ...more,
  })

  async function askPlaced(query: object, rows: readonly PlacedCallRow[], requests = 10) {
    const asked: PlacedCallsQuestion[] = []
    const source = createCallsSource(
      { calls: async () => [], requestTimes: async () => [time({ version: '1', pod: 'a', requests })] },
      {
        callers: async () => ['gateway', 'mobile'],
        calls: async (question) => {
          asked.push(question)
          return rows
        },
      },
      unknown,
    )
    const metric = spec({ name: 'callers', query: { side: 'callers', ...query } })
    expect(source.check(metric)).toBeNull()
    const answers = await source.ask({ deployment, metric, windows }, new AbortController().signal)
    return { answers, question: asked[0]! }
  }

  test('are counted by the arm that answered, window, caller and pod', async () => {
    const { answers, question } = await askPlaced({}, [
      answered({ version: '1', pod: 'a', calls: 40 }),
      answered({ version: '2', pod: 'b', calls: 6 }),
      answered({ version: '2', pod: 'b', calls: 4, failed: true }),
      answered({ version: '2', pod: 'b', calls: 5, caller: 'mobile', at: start + 10_000 }),
      answered({ version: '3', pod: 'c', calls: 100 }),
    ])
    expect(question).toMatchObject({ callers: ['gateway', 'mobile'], from: start, to: start + 20_000, oneIn: 1 })
    expect(answers[0]!.baseline).toMatchObject({ requests: 40, errors: 0, pods: { a: { requests: 40, errors: 0 } } })
    expect(answers[0]!.canary.operations).toEqual({ gateway: { requests: 10, errors: 4 } })
    expect(answers[1]!.canary.operations).toEqual({ mobile: { requests: 5, errors: 0 } })
  })

  test('may be those of one caller', async () => {
    expect((await askPlaced({ caller: 'mobile' }, [])).question.callers).toEqual(['mobile'])
  })

  test('are a part of all when there are many', async () => {
    expect((await askPlaced({}, [], 400_000)).question.oneIn).toBe(10)
  })
})

describe('a query of calls', () => {
  const source = createCallsSource({ calls: async () => [], requestTimes: async () => [] }, uncalled, unknown)
  test.each([
    [spec({ query: { pear: 'stock' } }), 'pear'],
    [spec({ query: { peer: '' } }), 'peer'],
    [spec({ query: { measure: 'calls-per-request' } }), 'measure'],
    [spec({ kind: 'gauge' }), 'measure'],
    [spec({ kind: 'gauge', query: { measure: 'everything' } }), 'measure'],
    [spec({ query: { side: 'theirs' } }), 'side'],
    [spec({ query: { side: 'callers', peer: 'stock' } }), 'peer'],
    [spec({ query: { caller: 'gateway' } }), 'caller'],
    [spec({ kind: 'gauge', query: { side: 'callers' } }), 'side'],
    [spec({ kind: 'edges', reading: 'new', query: { side: 'callers' } }), 'side'],
    [spec({ kind: 'edges', reading: 'new', query: { measure: 'self-seconds' } }), 'measure'],
  ])('with a fault names the key (%#)', (metric, key) => {
    expect(source.check(metric)).toMatchObject({ key })
  })
})

describe('the rows that calls are made of', () => {
  const { show } = createCallsSource({ calls: async () => [], requestTimes: async () => [] }, uncalled, unknown)
  test.each([
    [
      spec({ query: { system: 'postgresql', target: "o'clock" } }),
      [
        "rollup_calls_10s: Service = 'checkout' AND SpanKind IN ('Client', 'Producer') AND System = 'postgresql' AND Target = 'o\\'clock'",
      ],
    ],
    [
      spec({ kind: 'gauge', query: { measure: 'calls-per-request' } }),
      [
        "rollup_calls_10s: Service = 'checkout' AND SpanKind IN ('Client', 'Producer')",
        "per request of rollup_traces_10s: Service = 'checkout' AND SpanKind IN ('Server', 'Consumer')",
      ],
    ],
    [
      spec({ query: { side: 'callers', caller: 'gateway' } }),
      [
        "otel_traces: SpanKind = 'Client' AND ServiceName = 'gateway', with the SpanId that is the ParentSpanId, in the same TraceId, of",
        "otel_traces: SpanKind = 'Server' AND ServiceName = 'checkout'",
      ],
    ],
    [
      spec({ kind: 'edges', reading: 'new', query: { system: 'kafka' } }),
      [
        "rollup_calls_10s: Service = 'checkout' AND SpanKind IN ('Client', 'Producer') AND System = 'kafka'",
        "that no other version had called in the fourteen days before '2026-11-21T10:00:00.000Z'",
      ],
    ],
    [
      spec({ kind: 'edges', reading: 'vanished' }),
      [
        "rollup_calls_10s: Service = 'checkout' AND SpanKind IN ('Client', 'Producer')",
        "in ten seconds of pods with requests in rollup_traces_10s: Service = 'checkout' AND SpanKind IN ('Server', 'Consumer')",
        "of operations that called the edge in the hour before '2026-11-21T10:00:00.000Z', by TraceId in otel_traces: ServiceName = 'checkout'",
      ],
    ],
  ])('are named (%#)', (metric, rows) => {
    expect(show?.({ deployment, metric })).toEqual(rows)
  })
})

test.each([
  [{ system: 'http', peer: 'payments', target: '' }, 'payments'],
  [{ system: '', peer: 'payments', target: '' }, 'payments'],
  [{ system: 'grpc', peer: 'cart', target: 'shop.Cart' }, 'grpc cart shop.Cart'],
  [{ system: 'postgresql', peer: 'pg-0', target: 'shop.orders' }, 'postgresql shop.orders'],
  [{ system: 'redis', peer: 'cache', target: '' }, 'redis cache'],
  [{ system: 'kafka', peer: '', target: 'orders' }, 'kafka orders'],
  [{ system: 'redis', peer: '', target: '' }, 'redis'],
  [{ system: '', peer: '', target: '' }, 'unknown'],
])('an edge %j is called %s', (edge, name) => {
  expect(edgeName(edge)).toBe(name)
})
