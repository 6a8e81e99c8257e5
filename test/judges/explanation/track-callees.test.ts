import { describe, expect, test } from 'vitest'
import type { ArmSlice } from '../../../src/domain/evidence.ts'
import { nobodyBlamed, trackCallees } from '../../../src/judges/explanation/track-callees.ts'
import { madeArm, madeSlices } from '../made-slices.ts'

/** 100 requests of so many seconds each, and what they spent in calls of payments. */
function arm(seconds: number, callSeconds: number, failed = 0): ArmSlice {
  const bucket = Math.floor(32 * Math.log2(seconds * 1e9))
  const callees = { payments: { calls: 100, failed, seconds: callSeconds * 100 } }
  return madeArm({ requests: 100, errors: failed }, ['a'], { latency: [[bucket, 100]], callees })
}

const read = (canary: ArmSlice, baseline = arm(0.1, 0.05)) => {
  const tracker = trackCallees()
  for (const slice of madeSlices(3, () => ({ canary, baseline }))) tracker.observe(slice)
  return tracker.read('checkout')
}

test('a callee in which all the additional time passes is named', () => {
  expect(read(arm(0.3, 0.25)).slow).toMatchObject({ edge: 'payments', kind: 'slower', share: expect.closeTo(1, 1) })
})

test('a service that takes the time itself is nobody else', () => {
  expect(read(arm(0.3, 0.05)).slow).toBeNull()
})

test('a callee whose calls fail with the requests is named', () => {
  expect(read(arm(0.1, 0.05, 20)).failing).toMatchObject({ edge: 'payments', kind: 'failing' })
})

test('without calls nobody is named', () => {
  const silent = madeArm({ requests: 100, errors: 50 }, ['a'], { latency: [[850, 100]] })
  expect(read(silent)).toEqual(nobodyBlamed)
})

/** Both arms over blocks: requests of so many seconds with calls of so many, and what else they are. */
function readBlocks(
  blocks: readonly (readonly [canary: ArmSlice, baseline: ArmSlice])[],
): ReturnType<ReturnType<typeof trackCallees>['read']> {
  const tracker = trackCallees()
  const slices = madeSlices(blocks.length, (index) => ({ canary: blocks[index]![0], baseline: blocks[index]![1] }))
  for (const slice of slices) tracker.observe(slice)
  return tracker.read('checkout')
}

const bucketOf = (seconds: number): number => Math.floor(32 * Math.log2(seconds * 1e9))

/** So many requests, which call so many edges once each. */
function calling(requests: number, seconds: number, callees: Readonly<Record<string, number>>): ArmSlice {
  const called = Object.entries(callees).map(([edge, took]) => [
    edge,
    { calls: requests, failed: 0, seconds: took * requests },
  ])
  const more = { latency: [[bucketOf(seconds), requests]] as const, callees: Object.fromEntries(called) }
  return madeArm({ requests, errors: 0 }, ['a'], more)
}

test('a callee that got slower for both while the canary got most of the traffic is not named', () => {
  // The release takes 100 ms more itself; payments take 400 ms more of everybody from the second half on.
  const early = [calling(50, 0.2, { payments: 0.05 }), calling(950, 0.1, { payments: 0.05 })] as const
  const late = [calling(950, 0.6, { payments: 0.45 }), calling(50, 0.5, { payments: 0.45 })] as const
  expect(readBlocks([early, early, early, late, late, late])).toEqual(nobodyBlamed)
})

test('a callee that is called more often because the canary has more traffic is not named', () => {
  expect(
    readBlocks(Array(3).fill([calling(900, 0.3, { payments: 0.05 }), calling(100, 0.1, { payments: 0.05 })])),
  ).toEqual(nobodyBlamed)
})

const many = (from: number, count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`host-${from + index}`, 0.0001]))

test('of more names than are kept the same ones are kept of both arms, so that none looks new', () => {
  const first = [calling(100, 0.1, many(0, 12)), calling(100, 0.1, many(12, 120))] as const
  // The release itself takes 200 ms more; what both call alike came too late to have a name in the baseline's list.
  const then = [calling(100, 0.5, { zulu: 0.2 }), calling(100, 0.3, { zulu: 0.2 })] as const
  expect(readBlocks([first, then, then])).toEqual(nobodyBlamed)
})

test('more names than are kept are one that is not told', () => {
  const first = [calling(100, 0.1, many(0, 120)), calling(100, 0.1, many(0, 120))] as const
  const then = [calling(100, 0.5, { zulu: 0.4 }), calling(100, 0.3, { zulu: 0.2 })] as const
  expect(readBlocks([first, then, then])).toEqual(nobodyBlamed)
  expect(readBlocks([then, then, first]).slow).toMatchObject({ edge: 'zulu' })
})

test('a callee is found behind a dozen new ones', () => {
  const added = Object.fromEntries(Array.from({ length: 14 }, (_, index) => [`topic-${index}`, 0.00001]))
  const block = [calling(500, 0.3, { ...added, payments: 0.25 }), calling(500, 0.1, { payments: 0.05 })] as const
  expect(readBlocks([block, block, block]).slow).toMatchObject({ edge: 'payments', kind: 'slower' })
})

describe('an arm that is asked for other operations', () => {
  /** Orders take 500 ms, nearly all in payments, and views 50 ms, of which the service itself takes `viewMs`. */
  function asked(orders: number, views: number, viewSeconds: number): ArmSlice {
    const latencies = { order: [[bucketOf(0.5), orders]], view: [[bucketOf(viewSeconds), views]] } as const
    return madeArm({ requests: orders + views, errors: 0 }, ['a'], {
      operations: { order: { requests: orders, errors: 0 }, view: { requests: views, errors: 0 } },
      latencies,
      latency: [...latencies.order, ...latencies.view],
      callees: { payments: { calls: orders, failed: 0, seconds: 0.45 * orders } },
    })
  }

  test('does not call payments more often by itself', () => {
    expect(readBlocks(Array(3).fill([asked(600, 400, 0.1), asked(200, 800, 0.05)]))).toEqual(nobodyBlamed)
  })

  test('fails more where more fails, which is no callee’s fault', () => {
    const failing = (orders: number, views: number): ArmSlice => ({
      ...asked(orders, views, 0.05),
      errors: orders / 5,
      operations: { order: { requests: orders, errors: orders / 5 }, view: { requests: views, errors: 0 } },
      callees: { payments: { calls: orders, failed: orders / 5, seconds: 0.45 * orders } },
    })
    expect(readBlocks(Array(3).fill([failing(600, 400), failing(200, 800)]))).toEqual(nobodyBlamed)
  })
})
