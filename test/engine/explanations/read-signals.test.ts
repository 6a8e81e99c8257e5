import { describe, expect, test } from 'vitest'
import type { Deployment } from '../../../src/domain/deployment.ts'
import { StorageError } from '../../../src/domain/storage.ts'
import { readSignals, type SignalReaders } from '../../../src/engine/explanations/read-signals.ts'
import type { AttributeAnswer } from '../../../src/storage/count-attributes.ts'
import { quick } from '../lab.ts'

const [from, to] = [1_000_000_000_000, 1_000_001_800_000]
const deployment = {
  ...{ service: 'checkout', environment: 'default', namespace: '', template: quick },
  ...{ canary: { version: '2' }, baseline: { version: '1' } },
} as unknown as Deployment
const question = {
  ...{ service: 'checkout', from, to, byPod: false, requests: 0, isLastTry: false },
  event: { kind: 'failed' },
} as const

const nothing: AttributeAnswer = { rows: [], manyValues: [], manyAttributes: [], isCut: false }
const place = { namespace: '', service: 'checkout', environment: 'default', cohort: '', replicaSet: '', metric: '' }
const tierOf = (version: string, pod: string) => ({
  ...{ ...place, version, pod, attribute: 'tier', value: 'gold', operation: '', requests: 10, events: 1 },
})
const podOf = (version: string, pod: string) => ({ ...place, version, pod, node: '', requests: 10, events: 1 })

function readersWith({
  logs,
  metrics,
}: {
  logs?: Partial<SignalReaders['logs']>
  metrics?: Partial<SignalReaders['metrics']>
}) {
  const empty = { attributes: async () => nothing, pods: async () => [] }
  return {
    ...{ spans: empty, places: { podPlaces: async () => [] }, oldestUnstoredAt: () => null },
    logs: { ...empty, records: async () => 0, ...logs },
    metrics: { ...empty, failing: async () => [], points: async () => 0, ...metrics },
  } satisfies SignalReaders
}

const looksOf = async (readers: SignalReaders) =>
  (await readSignals(readers, deployment, question)).map(({ look }) => look)

describe('of what is read for an explanation', () => {
  test('a signal that takes too much is left out and said, the others are there', async () => {
    const refuse = (code: number) => () => Promise.reject(new StorageError(code, 'Memory limit exceeded'))
    const readers = (code: number) =>
      readersWith({
        logs: { records: async () => 100, attributes: refuse(code) },
        metrics: { failing: async () => ['orders'], points: async () => 1, pods: async () => [podOf('2', 'a')] },
      })
    expect(await looksOf(readers(241))).toMatchObject([
      { signal: 'traces', leftOut: [] },
      { signal: 'logs', counted: 0, leftOut: [{ reason: 'too-much', names: [], more: 0 }] },
      { signal: 'metrics', counted: 10, metrics: ['orders'], leftOut: [] },
    ])
    // Anything else may be well the next time, if there is one.
    await expect(looksOf(readers(999))).rejects.toThrow(StorageError)
    const last = await readSignals(readers(999), deployment, { ...question, isLastTry: true })
    expect(last.map(({ look }) => look)).toMatchObject([
      { signal: 'traces', leftOut: [] },
      { signal: 'logs', counted: 0, leftOut: [{ reason: 'unreadable', names: [], more: 0 }] },
      { signal: 'metrics', counted: 10, leftOut: [] },
    ])
    const stopped = AbortSignal.abort()
    await expect(readSignals(readers(999), deployment, { ...question, isLastTry: true }, stopped)).rejects.toThrow()
  })

  test('what has come and is not stored yet is said of each signal', async () => {
    const asked = { ...readersWith({ logs: { records: async () => 1 } }), oldestUnstoredAt: () => to - 1 }
    const notStored = [{ reason: 'not-stored', names: [], more: 0 }]
    expect(await looksOf(asked)).toMatchObject([
      { signal: 'traces', leftOut: notStored },
      { signal: 'logs', leftOut: notStored },
      { signal: 'metrics', leftOut: notStored },
    ])
  })

  test('of very many points the last ten seconds are asked for at least', async () => {
    const asked: number[] = []
    const readers = readersWith({
      metrics: {
        failing: async () => ['orders'],
        points: async () => 1e9,
        attributes: async (about) => {
          asked.push(about.to - about.from)
          return nothing
        },
      },
    })
    await readSignals(readers, deployment, question)
    await readSignals(readers, deployment, { ...question, to: to - 4_000 })
    expect(asked).toEqual([10_000, 16_000])
  })

  test('of many points the end of the window is looked at, and of many instruments eight', async () => {
    const asked: unknown[] = []
    const names = Array.from({ length: 20 }, (_, index) => `counter-${index}`)
    const readers = readersWith({
      metrics: {
        failing: async () => names,
        points: async () => 900_000,
        attributes: async (about) => {
          asked.push({ from: about.from, to: about.to, metrics: about.metrics })
          return nothing
        },
      },
    })
    const look = (await looksOf(readers)).at(-1)
    expect(look).toMatchObject({
      from: from + 1_200_000,
      leftOut: [{ reason: 'many-metrics', names: names.slice(8, 18), more: 2 }],
    })
    expect(asked).toEqual([{ from: from + 1_200_000, to, metrics: names.slice(0, 8) }])
  })

  test('of many records a part is looked at, and those of a pod lie where its requests do', async () => {
    const parts: number[] = []
    const readers = readersWith({
      logs: {
        records: async () => 500_000,
        attributes: async ({ oneIn }) => {
          parts.push(oneIn)
          return { ...nothing, rows: [tierOf('1', ''), tierOf('', 'b'), tierOf('', 'stranger')], isCut: true }
        },
        pods: async () => [podOf('1', 'a'), podOf('', 'b'), podOf('', 'stranger')],
      },
    })
    const placed = { ...readers, places: { podPlaces: async () => [{ ...place, version: '2', pod: 'b' }] } }
    const logs = (await readSignals(placed, deployment, question))[1]!
    expect(parts).toEqual([3])
    expect(logs.look).toMatchObject({ counted: 20, oneIn: 3, leftOut: [{ reason: 'many-rows', names: [], more: 0 }] })
    expect(logs.attributes).toEqual([
      {
        ...{ signal: 'logs', metric: '', attribute: 'tier', value: 'gold', operation: '' },
        ...{ baseline: { requests: 10, errors: 1 }, canary: { requests: 10, errors: 1 } },
      },
    ])
  })

  test('of what got slow logs say nothing, and metrics by the instruments that count requests', async () => {
    const asked: unknown[] = []
    const readers = readersWith({
      logs: { records: () => Promise.reject(new Error('logs were asked')) },
      metrics: {
        points: async ({ metrics, slowerThanNanoseconds }) => {
          asked.push(metrics[0], slowerThanNanoseconds)
          return 0
        },
      },
    })
    const slow = { ...question, event: { kind: 'slow', seconds: 0.5 } } as const
    const seen = await readSignals(readers, deployment, slow)
    expect(seen.map(({ look }) => look.signal)).toEqual(['traces', 'metrics'])
    expect(asked).toEqual(['http.server.request.duration', 0.5e9])
  })
})
