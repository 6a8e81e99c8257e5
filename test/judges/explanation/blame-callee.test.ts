import { describe, expect, test } from 'vitest'
import type { EdgeComparison, EdgeFigures } from '../../../src/domain/explanation.ts'
import { blameFailingCallee, blameSlowCallee, otherEdges } from '../../../src/judges/explanation/blame-callee.ts'

const figures = (more: Partial<EdgeFigures> = {}): EdgeFigures => ({
  ...{ calls: 1000, callsPerRequest: 1, failed: 0, seconds: 0.04 },
  ...more,
})

function edge(name: string, canary: Partial<EdgeFigures>, more: Partial<EdgeComparison> = {}): EdgeComparison {
  const [before, after] = [figures(), figures(canary)]
  const perRequest = ({ callsPerRequest, seconds }: EdgeFigures) => callsPerRequest * (seconds ?? 0)
  return {
    ...{ edge: name, state: 'both', baseline: before, canary: after },
    secondsMore: perRequest(after) - perRequest(before),
    ...more,
  }
}

/** Mean requests of 100 ms, and of so many seconds; `calls` and `self` are not looked at. */
const took = (canary: number) => ({
  baseline: { request: 0.1, calls: 0.04, self: 0.06 },
  canary: { request: canary, calls: 0, self: 0 },
})

describe('the edge that makes requests slow', () => {
  test.each([
    ['takes longer', { seconds: 0.24 }, 'slower', 'payments got slower, not checkout'],
    ['is called more often', { callsPerRequest: 6 }, 'oftener', 'checkout calls payments 6.0× as often'],
  ] as const)('%s', (_, canary, kind, summary) => {
    const found = blameSlowCallee('checkout', [edge('stock', {}), edge('payments', canary)], took(0.3))
    expect(found).toMatchObject({ edge: 'payments', kind, share: 1, summary })
  })

  test('is called by one version only', () => {
    const added = edge('fraud', { seconds: 0.2 }, { state: 'new', secondsMore: 0.2, baseline: figures({ calls: 0 }) })
    expect(blameSlowCallee('checkout', [added], took(0.3))).toMatchObject({ kind: 'new' })
  })

  test.each([
    ['the service itself is slower', [edge('payments', { seconds: 0.05 })], took(0.3)],
    ['several edges share the excess', [edge('a', { seconds: 0.14 }), edge('b', { seconds: 0.14 })], took(0.3)],
    ['requests take hardly longer', [edge('payments', { seconds: 0.05 })], took(0.105)],
    ['there are few calls', [edge('payments', { seconds: 0.24, calls: 5 })], took(0.3)],
    ['nobody knows the time', [edge('payments', { seconds: 0.24 })], null],
    ['it is all the small ones', [edge(otherEdges, { seconds: 0.24 })], took(0.3)],
    [
      'both versions wait as long',
      [edge('payments', { seconds: 0.24 }, { baseline: figures({ seconds: 0.24 }), secondsMore: 0 })],
      took(0.3),
    ],
    ['the service calls itself', [edge('checkout', { seconds: 0.24 })], took(0.3)],
    [
      'the service calls itself by a host',
      [edge('grpc checkout.shop.svc shop.Checkout', { seconds: 0.24 })],
      took(0.3),
    ],
    [
      'what polls does so as often with less traffic',
      [edge('kafka orders', { callsPerRequest: 20, seconds: 0.04 })],
      took(0.3),
    ],
  ])('is nobody when %s', (_, edges, time) => {
    expect(blameSlowCallee('checkout', edges, time)).toBeNull()
  })
})

test('calls beside each other that each take longer hold the excess, however long they take together', () => {
  const fan = { callsPerRequest: 5, seconds: 0.04 }
  const beside = edge('payments', { ...fan, seconds: 0.24 }, { baseline: figures(fan), secondsMore: 1 })
  expect(blameSlowCallee('checkout', [beside], took(0.3))).toMatchObject({ kind: 'slower', share: 1 })
})

test('a database that is called like the service is not the service', () => {
  expect(blameSlowCallee('checkout', [edge('postgresql checkout', { seconds: 0.24 })], took(0.3))).not.toBeNull()
})

test('names of any length make a summary that leaves room in a sentence', () => {
  const long = 'x'.repeat(300)
  const more = [{ seconds: 0.24 }, { callsPerRequest: 6 }, { calls: 1001, seconds: 0.24 }]
  for (const [index, canary] of more.entries()) {
    const state = index === 2 ? ({ state: 'new', baseline: figures({ calls: 0 }) } as const) : {}
    const { summary } = blameSlowCallee(`y${long}`, [edge(long, canary, state)], took(0.3))!
    expect(summary.length).toBeLessThanOrEqual(140 - '; likely, not yet shown.'.length)
  }
  const { summary } = blameFailingCallee(`y${long}`, [edge(long, { failed: 0.1 })], { baseline: 0, canary: 0.1 })!
  expect(summary.length).toBeLessThan(60)
})

describe('the edge that makes requests fail', () => {
  const failed = { baseline: 0.01, canary: 0.11 }

  test('fails about as often more', () => {
    expect(blameFailingCallee('checkout', [edge('payments', { failed: 0.09 })], failed)).toMatchObject({
      ...{ edge: 'payments', kind: 'failing', summary: 'calls to payments fail' },
      share: expect.closeTo(0.9),
    })
  })

  test('is nobody when it fails less than requests do, as seldom as before, or fewer than ten times', () => {
    expect(blameFailingCallee('checkout', [edge('payments', { failed: 0.03 })], failed)).toBeNull()
    const both = edge('payments', { failed: 0.1 }, { baseline: figures({ failed: 0.1 }) })
    expect(blameFailingCallee('checkout', [both], failed)).toBeNull()
    expect(blameFailingCallee('checkout', [edge('payments', { failed: 0.1, calls: 90 })], failed)).toBeNull()
    expect(
      blameFailingCallee('checkout', [edge('payments', { failed: 0.1 })], { baseline: 0.1, canary: 0.1 }),
    ).toBeNull()
  })

  test('is nobody when the difference is chance, hardly one, or made by the service calling itself', () => {
    const chance = edge('payments', { failed: 0.04 }, { baseline: figures({ failed: 0.027 }) })
    expect(blameFailingCallee('checkout', [chance], { baseline: 0.027, canary: 0.04 })).toBeNull()
    const hardly = edge('payments', { calls: 1e6, failed: 0.104 }, { baseline: figures({ calls: 1e6, failed: 0.1 }) })
    expect(blameFailingCallee('checkout', [hardly], { baseline: 0.1, canary: 0.104 })).toBeNull()
    expect(blameFailingCallee('checkout', [edge('checkout.shop.svc', { failed: 0.1 })], failed)).toBeNull()
  })
})
