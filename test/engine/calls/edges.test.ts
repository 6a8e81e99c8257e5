import { describe, expect, test } from 'vitest'
import type { SourceQuestion } from '../../../src/domain/metric-source.ts'
import type { MetricSpec } from '../../../src/domain/template.ts'
import { createCallsSource } from '../../../src/engine/calls/calls-source.ts'
import type {
  CalledEdgeRow,
  CallingOperationRow,
  OperationRow,
  SampleQuestion,
  ServedRow,
} from '../../../src/storage/called-edges-reader.ts'
import type { CallRow } from '../../../src/storage/calls-rollup-reader.ts'

const start = Date.UTC(2026, 10, 21, 10)
const dimensions = { namespace: '', service: 'checkout', environment: 'default', cohort: '', replicaSet: '' }
const deployment: SourceQuestion['deployment'] = {
  ...{ id: 'one', namespace: '', service: 'checkout', environment: 'default', strategy: 'canary' },
  ...{ baseline: { version: '1' }, canary: { version: '2' }, startedAt: new Date(start).toISOString() },
}
const metric = (reading: 'new' | 'vanished', query?: object): MetricSpec => ({
  ...{ name: 'edges', kind: 'edges', reading, source: 'calls', direction: 'increase', weight: 0.1, group: 'calls' },
  ...{ margin: 1.5, promoteMargin: 2, critical: false },
  ...(query === undefined ? {} : { query: { ...query } }),
})

type Named = { readonly version: string; readonly pod: string }
const edge = (peer: string) => ({ system: 'http', peer, target: '' })
const call = ({ to = 'payments', ...more }: Named & Partial<CallRow> & { readonly to?: string }): CallRow => ({
  ...{ ...dimensions, ...edge(to), at: start, failed: false, errorType: '', calls: 1, nanoseconds: 1e6, latency: {} },
  ...more,
})
const request = (more: Named & Partial<ServedRow>): ServedRow => ({
  ...{ ...dimensions, at: start, operation: 'POST /pay', requests: 10 },
  ...more,
})

type Before = {
  readonly edges?: readonly CalledEdgeRow[]
  readonly requests?: number
  readonly operations?: readonly OperationRow[]
  readonly calling?: readonly CallingOperationRow[]
}

const windows = [0, 1].map((index) => ({ from: start + index * 20_000, to: start + (index + 1) * 20_000 }))

function opened(before: Before, calls: readonly CallRow[], served: readonly ServedRow[]) {
  const samples: SampleQuestion[] = []
  let reads = 0
  const source = createCallsSource(
    { calls: async () => calls, requestTimes: async () => [] },
    { callers: async () => [], calls: async () => [] },
    {
      edges: async () => {
        reads += 1
        if (before.edges === undefined) throw new Error('the storage is gone')
        return before.edges
      },
      requests: async () => before.requests ?? 0,
      served: async () => served,
      operations: async (sample) => {
        samples.push(sample)
        return before.operations ?? []
      },
      callingOperations: async () => before.calling ?? [],
    },
  )
  const ask = (of: MetricSpec) => {
    expect(source.check(of)).toBeNull()
    return source.ask({ deployment, metric: of, windows }, new AbortController().signal)
  }
  return { ask, samples, reads: () => reads }
}

describe('edges that are new', () => {
  const before = [{ ...dimensions, version: '1', pod: '', ...edge('payments') }]

  test('are those that nobody but the canary had called, in ten seconds of pods that served', async () => {
    const { ask } = opened(
      { edges: [...before, { ...dimensions, version: '2', pod: '', ...edge('audit') }] },
      [
        call({ version: '2', pod: 'c', to: 'audit' }),
        call({ version: '2', pod: 'c', to: 'audit', failed: true, errorType: '503' }),
        call({ version: '2', pod: 'c', to: 'audit', at: start + 10_000 }),
        call({ version: '2', pod: 'idle', to: 'audit' }),
        call({ version: '2', pod: 'c' }),
        call({ version: '1', pod: 'b', calls: 7 }),
        call({ version: '3', pod: 'd', to: 'other' }),
      ],
      [
        request({ version: '2', pod: 'c' }),
        request({ version: '2', pod: 'c', operation: 'GET /' }),
        request({ version: '2', pod: 'c', at: start + 10_000 }),
        request({ version: '1', pod: 'b' }),
      ],
    )
    const [first, second] = await ask(metric('new'))
    expect(first!.canary).toMatchObject({
      ...{ requests: 30, pods: { c: { requests: 30, errors: 0 } } },
      edges: { served: 2, calls: 5, fresh: { audit: { c: 2 } }, known: {} },
    })
    expect(first!.baseline.edges).toEqual({ served: 1, calls: 7, fresh: {}, known: {} })
    expect(second!.canary.edges).toEqual({ served: 0, calls: 0, fresh: {}, known: {} })
  })

  test('are those that the query asks for', async () => {
    const rows = ['audit', 'mail'].map((to) => call({ version: '2', pod: 'c', to }))
    const { ask } = opened({ edges: before }, rows, [request({ version: '2', pod: 'c' })])
    const [first] = await ask(metric('new', { peer: 'mail' }))
    expect(first!.canary.edges).toMatchObject({ calls: 2, fresh: { mail: { c: 1 } } })
    expect(first!.canary.edges!.fresh).not.toHaveProperty('audit')
  })

  test('are told of both arms or of none, however many there are', async () => {
    const names = Array.from({ length: 150 }, (_, index) => `host-${index}`)
    const pods = ['b-0', 'b-1', 'b-2']
    const { ask } = opened(
      { edges: before },
      [
        ...names.map((to) => call({ version: '2', pod: 'c', to })),
        // Those that come last by name are called by most pods, all others by one.
        ...names.flatMap((to, index) =>
          pods.slice(0, index < 50 ? 1 : 3).map((pod) => call({ version: '1', pod, to })),
        ),
      ],
      [request({ version: '2', pod: 'c' }), ...pods.map((pod) => request({ version: '1', pod }))],
    )
    const [first] = await ask(metric('new'))
    expect(Object.keys(first!.canary.edges!.fresh)).toEqual(names.slice(50).sort())
    expect(Object.keys(first!.baseline.edges!.fresh)).toEqual(names.slice(50).sort())
  })

  test('cannot be told where too many are called, and the answer says so', async () => {
    const many = Array.from({ length: 50_000 }, (_, i) => ({ ...before[0]!, peer: `10.0.0.${i}` }))
    await expect(opened({ edges: many }, [], []).ask(metric('new'))).rejects.toThrow(
      'checkout calls too many different edges, or in too many versions, to say which are new.',
    )
  })

  test('are told from what was read once for a deployment, and anew after a failure', async () => {
    const known = opened({ edges: before }, [], [])
    await known.ask(metric('new'))
    await known.ask(metric('new'))
    expect(known.reads()).toBe(1)
    const gone = opened({}, [], [])
    await expect(gone.ask(metric('new'))).rejects.toThrow('the storage is gone')
    await expect(gone.ask(metric('new'))).rejects.toThrow('the storage is gone')
    expect(gone.reads()).toBe(2)
  })
})

describe('edges that may have vanished', () => {
  const operation = (name: string, pod: string, requests: number, version = '1'): OperationRow => ({
    ...{ ...dimensions, version, pod, operation: name, requests },
  })
  const calling = (name: string, pod: string, requests: number, peer = 'payments', version = '1') => ({
    ...operation(name, pod, requests, version),
    ...edge(peer),
  })
  const pods = ['b-0', 'b-1', 'b-2', 'b-3']
  const before: Before = {
    requests: 80_000,
    operations: [
      ...pods.flatMap((pod) => [operation('POST /pay', pod, 100), operation('GET /', pod, 300)]),
      operation('POST /pay', 'c-0', 100, '2'),
    ],
    calling: [
      ...pods.map((pod) => calling('POST /pay', pod, 90)),
      ...pods.map((pod) => calling('GET /', pod, 3)),
      calling('GET /', 'b-0', 300, 'agent'),
      calling('GET /', 'b-1', 300, 'agent'),
      calling('GET /', 'b-0', 19, 'rare'),
      calling('POST /pay', 'c-0', 100, 'canary-only', '2'),
    ],
  }

  test('are those that most pods of the baseline called, and exposure goes by the operations that did', async () => {
    const { ask, samples } = opened(
      before,
      [call({ version: '1', pod: 'b-0' }), call({ version: '1', pod: 'b-0', at: start + 10_000 })],
      [
        request({ version: '1', pod: 'b-0' }),
        request({ version: '1', pod: 'b-0', operation: 'GET /', requests: 100 }),
        request({ version: '1', pod: 'b-1', operation: 'GET /healthz' }),
        request({ version: '2', pod: 'c-0', operation: 'GET /healthz' }),
      ],
    )
    const [first] = await ask(metric('vanished'))
    expect(samples).toEqual([{ service: 'checkout', from: start - 3_600_000, to: start, oneIn: 4 }])
    expect(Object.keys(first!.baseline.edges!.known)).toEqual(['payments'])
    const { expected, served, pods: called } = first!.baseline.edges!.known.payments!
    expect(expected).toBeCloseTo(10 * 0.9 + 100 * 0.01)
    // The call of the second ten seconds was made without a request that should have made it.
    expect([served, called]).toEqual([1, { 'b-0': 1 }])
    // The canary serves none of these operations.
    expect(first!.canary.edges).toMatchObject({ served: 1, known: { payments: { expected: 0, served: 0, pods: {} } } })
  })

  test('are none where nothing is known of the time before', async () => {
    const [first] = await opened({}, [], [request({ version: '2', pod: 'c' })]).ask(metric('vanished'))
    expect(first!.canary.edges).toEqual({ served: 1, calls: 0, fresh: {}, known: {} })
  })
})
