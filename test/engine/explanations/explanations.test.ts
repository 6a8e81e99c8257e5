import { describe, expect, test } from 'vitest'
import type { Deployment } from '../../../src/domain/deployment.ts'
import { DavyError } from '../../../src/domain/errors.ts'
import type { Explanation } from '../../../src/domain/explanation.ts'
import type { Look } from '../../../src/domain/look.ts'
import type { ReasonCode } from '../../../src/domain/verdict.ts'
import type { Deployments } from '../../../src/engine/deployments.ts'
import { Explanations, type ExplanationsOptions } from '../../../src/engine/explanations/explanations.ts'
import { createLogger } from '../../../src/platform/logger.ts'
import type { AttributeAnswer } from '../../../src/storage/count-attributes.ts'
import { madeArm, madeSlices } from '../../judges/made-slices.ts'
import { factsInMemory } from '../facts-in-memory.ts'

const start = Date.parse('2026-11-21T10:00:00Z')

const nothing: AttributeAnswer = { rows: [], manyValues: [], manyAttributes: [], isCut: false }

type Readers = Pick<ExplanationsOptions, 'calls' | 'looks' | 'rollups'>

const silent: Readers = {
  rollups: { totals: async () => [] },
  calls: { totals: async () => [], requestTimes: async () => [] },
  looks: { list: async () => [] },
}

/** Explanations over readers of which one refuses the services of these names. */
function explain(refused: readonly string[], readers = silent, unreadableLogs: readonly string[] = []) {
  let now = start
  const { store, of } = factsInMemory(() => now)
  const logged: { readonly level: string; readonly deploymentId?: string }[] = []
  const asked: string[] = []
  const deploymentOf = (service: string) =>
    ({
      ...{ id: `id-${service}`, service, environment: 'default', namespace: '', strategy: 'canary' },
      ...{ canary: { version: '2' }, baseline: { version: '1' } },
      template: { watermarkSeconds: 20, warmUpSeconds: 0, lookSeconds: 10, metrics: [] },
      ...{ startedAt: new Date(start - 600_000).toISOString(), endedAt: null },
    }) as unknown as Deployment
  const known = { get: (id: string) => deploymentOf(id.slice(3)), list: () => [] } as unknown as Deployments
  const explanations = new Explanations({
    ...{ facts: store, known, now: () => now },
    log: createLogger('info', { write: (line: string) => void logged.push(JSON.parse(line)) }),
    newest: async () => new Map(),
    ...readers,
    spans: {
      attributes: async ({ service }) => {
        asked.push(service)
        if (refused.includes(service)) throw new DavyError('UNPROCESSABLE', 'Memory limit exceeded.')
        return nothing
      },
      pods: async () => [],
    },
    logs: {
      records: async (service) => {
        if (unreadableLogs.includes(service)) throw new DavyError('UNPROCESSABLE', 'No such column.')
        return 0
      },
      ...{ attributes: async () => nothing, pods: async () => [] },
    },
    metrics: {
      ...{ failing: async () => [], points: async () => 0, attributes: async () => nothing, pods: async () => [] },
    },
    places: { podPlaces: async () => [] },
    oldestUnstoredAt: () => null,
  })
  const harm = (service: string, code: ReasonCode = 'HARM_SHOWN') =>
    store.putOnce('verdict', `verdict-${service}`, `id-${service}`, {
      ...{ id: `verdict-${service}`, deploymentId: `id-${service}`, look: 60, metrics: [], reason: { code } },
      decidedAt: new Date(now).toISOString(),
    })
  const ticks = async (minutes: number) => {
    for (let minute = 0; minute < minutes; minute += 1) {
      now += 60_000
      await explanations.tick(new AbortController().signal)
    }
  }
  return { explanations, harm, ticks, of, logged, asked }
}

test('a verdict is explained once', async () => {
  const { explanations, harm, ticks, of } = explain([])
  await harm('checkout')
  await ticks(3)
  expect(of('explanation')).toMatchObject([{ key: 'verdict-checkout', subject: 'id-checkout' }])
  expect(await explanations.newestOf('id-checkout')).toMatchObject({ verdictId: 'verdict-checkout' })
})

test('what is too much to look at is given up, told, and keeps no other one waiting', async () => {
  const { harm, ticks, of, logged, asked } = explain(['huge'])
  await harm('huge')
  await harm('cart')
  await ticks(60)
  expect(of('explanation').map(({ key }) => key)).toEqual(['verdict-cart'])
  expect(asked.filter((service) => service === 'huge')).toHaveLength(8)
  expect(logged.filter(({ level }) => level === 'error')).toMatchObject([{ deploymentId: 'id-huge' }])
})

test('a signal that cannot be read each time is left out at the last try, and said', async () => {
  const { harm, ticks, of, logged, asked } = explain([], silent, ['checkout'])
  await harm('checkout')
  await ticks(60)
  expect(asked).toHaveLength(8)
  expect(of('explanation').map(({ body }) => body)).toMatchObject([
    { signals: [{ signal: 'traces' }, { signal: 'logs', leftOut: [{ reason: 'unreadable' }] }, { signal: 'metrics' }] },
  ])
  expect(logged.filter(({ level }) => level === 'error')).toEqual([])
})

describe('what is called and fails', () => {
  const row = (version: string) => ({
    ...{ namespace: '', service: 'checkout', environment: 'default', version, cohort: '', replicaSet: '', pod: 'a' },
  })

  const armOf = (errors: number) =>
    madeArm({ requests: 1000, errors }, [], { callees: { payments: { calls: 1000, failed: errors, seconds: 1 } } })

  /** 1000 requests of either version in each window that is asked for, and calls of payments that fail so often. */
  function readersWith(failing: (version: string, isBefore: boolean) => number): Readers {
    const versions = ['1', '2'] as const
    const failed = (version: string, to: number) => failing(version, to <= start - 600_000)
    return {
      rollups: {
        totals: async (_services, _from, to) =>
          versions.map((version) => ({ ...row(version), requests: 1000, errors: failed(version, to) })),
      },
      calls: {
        totals: async (_service, _from, to) =>
          versions.flatMap((version) => {
            const errors = failed(version, to)
            const edge = { system: 'http', peer: 'payments', target: '', isCall: true, nanoseconds: 1e9 }
            return [
              { ...row(version), ...edge, failed: true, errorType: '503', calls: errors },
              { ...row(version), ...edge, failed: false, errorType: '', calls: 1000 - errors },
            ]
          }),
        requestTimes: async (_service, from) =>
          versions.map((version) => ({ ...row(version), at: from, requests: 1000, nanoseconds: 50e9 })),
      },
      looks: {
        list: async () =>
          madeSlices(5, () => ({ baseline: armOf(failed('1', start)), canary: armOf(failed('2', start)) })).map(
            (slice, index) => ({ look: index + 1, evidence: { slice } }) as unknown as Look,
          ),
      },
    }
  }

  async function calleeOf(code: ReasonCode, readers: Readers) {
    const { harm, ticks, of } = explain([], readers)
    await harm('checkout', code)
    await ticks(1)
    return (of('explanation')[0]!.body as Explanation).callee
  }

  test('is named when it fails for the canary alone', async () => {
    const canaryOnly = readersWith((version) => (version === '2' ? 200 : 10))
    expect(await calleeOf('HARM_SHOWN', canaryOnly)).toMatchObject({ edge: 'payments', kind: 'failing' })
  })

  test('is named in an outage of both versions, by how the baseline was before the start', async () => {
    const since = readersWith((_version, isBefore) => (isBefore ? 10 : 300))
    expect(await calleeOf('SHARED_OUTAGE', since)).toMatchObject({ edge: 'payments', kind: 'failing' })
    expect(await calleeOf('HARM_SHOWN', since)).toBeNull()
  })

  test('is nobody when it failed as often before', async () => {
    expect(
      await calleeOf(
        'SHARED_OUTAGE',
        readersWith(() => 300),
      ),
    ).toBeNull()
  })
})
