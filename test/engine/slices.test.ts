import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { baselineLatency, sliceOf, totalsOf } from '../../src/engine/slices.ts'
import { firstTick } from '../../src/engine/timetable.ts'
import { aDeployment, aRow, rowsOf } from './samples.ts'

const deployment = aDeployment()
const from = firstTick(deployment)
const window = { from, to: from + 10_000 }

describe('the arm of a row', () => {
  const byPods = aDeployment({ canary: { match: { pod: ['b-1', 'b-2'] } }, baseline: { version: '1' } })
  const byBoth = aDeployment({ canary: { version: '2', match: { pod: ['b-1'] } }, baseline: null })
  // As an earlier Davy put them on record for a match by toString.
  const stray = JSON.parse('{"function toString() { [native code] }": ["b-1"], "__proto__": ["b-1"]}')
  const byStray = aDeployment({ canary: { match: stray }, baseline: null })
  const byNothing = aDeployment({ canary: { match: {} }, baseline: null })
  test.each([
    { name: 'its version', deployment, row: { version: '2' }, arm: 'canary' },
    { name: 'its version', deployment, row: { version: '1' }, arm: 'baseline' },
    { name: 'a version of nobody', deployment, row: { version: '3' }, arm: null },
    { name: 'its cohort, over its version', deployment, row: { version: '1', cohort: 'canary' }, arm: 'canary' },
    { name: 'its cohort, over its version', deployment, row: { version: '2', cohort: 'baseline' }, arm: 'baseline' },
    { name: 'a cohort of another name, so its version', deployment, row: { version: '2', cohort: 'x' }, arm: 'canary' },
    { name: 'a match', deployment: byPods, row: { version: '1', pod: 'b-2' }, arm: 'canary' },
    { name: 'no match, so the other arm', deployment: byPods, row: { version: '1', pod: 'a-1' }, arm: 'baseline' },
    { name: 'another service', deployment, row: { service: 'cart', version: '2' }, arm: null },
    { name: 'another environment', deployment, row: { environment: 'staging', version: '2' }, arm: null },
    { name: 'another namespace', deployment, row: { namespace: 'eu', cohort: 'canary' }, arm: null },
    { name: 'a version and a match', deployment: byBoth, row: { version: '2', pod: 'b-1' }, arm: 'canary' },
    { name: 'a version without its match', deployment: byBoth, row: { version: '2', pod: 'b-2' }, arm: null },
    { name: 'a match by what is no dimension', deployment: byStray, row: { version: '1', pod: 'b-1' }, arm: null },
    { name: 'a match by nothing', deployment: byNothing, row: { version: '2' }, arm: null },
    { name: 'no baseline', deployment: aDeployment({ baseline: null }), row: { version: '1' }, arm: null },
  ])('by $name is $arm', ({ deployment, row, arm }) => {
    const slice = sliceOf(deployment, window, rowsOf([aRow(row)]))
    expect([slice.canary.requests, slice.baseline.requests]).toEqual([
      arm === 'canary' ? 10 : 0,
      arm === 'baseline' ? 10 : 0,
    ])
  })
})

test('a slice sums its window by operation, pod and bucket, and nothing outside of it', () => {
  const rows = [
    aRow(),
    aRow({ failed: true, requests: 3, adjusted: 24, latency: { '810': 2, '-5': 1 } }),
    aRow({ operation: 'POST /pay', pod: 'a-2', requests: 5, adjusted: 4, latency: { '790': 5 } }),
    aRow({ at: window.from - 10_000 }),
    aRow({ at: window.to }),
  ]
  expect(sliceOf(deployment, window, rowsOf(rows))).toEqual({
    ...window,
    baseline: {
      requests: 18,
      errors: 3,
      operations: { 'GET /': { requests: 13, errors: 3 }, 'POST /pay': { requests: 5, errors: 0 } },
      pods: { 'a-1': { requests: 13, errors: 3 }, 'a-2': { requests: 5, errors: 0 } },
      latency: [
        [-5, 1],
        [790, 5],
        [800, 6],
        [810, 6],
      ],
      latencies: {
        'GET /': [
          [-5, 1],
          [800, 6],
          [810, 6],
        ],
        'POST /pay': [[790, 5]],
      },
      adjusted: 39,
      adjustedErrors: 24,
    },
    canary: { requests: 0, errors: 0, operations: {}, pods: {}, latency: [], latencies: {} },
    closesBlock: false,
    step: 0,
  })
})

test('rows in any order give the same bytes', () => {
  const row = fc.record({
    version: fc.constantFrom('1', '2'),
    pod: fc.constantFrom('', 'a-1', 'b-1', '__proto__'),
    operation: fc.constantFrom('GET /', '404', '7', 'constructor'),
    failed: fc.boolean(),
    requests: fc.integer({ min: 1, max: 9 }),
    latency: fc.dictionary(fc.integer({ min: -99, max: 999 }).map(String), fc.integer({ min: 1, max: 9 })),
  })
  const shuffled = fc
    .array(row, { maxLength: 20 })
    .chain((rows) =>
      fc.tuple(fc.constant(rows), fc.shuffledSubarray(rows, { minLength: rows.length, maxLength: rows.length })),
    )
  fc.assert(
    fc.property(shuffled, ([rows, others]) => {
      const one = JSON.stringify(sliceOf(deployment, window, rowsOf(rows.map(aRow))))
      const other = JSON.stringify(sliceOf(deployment, window, rowsOf(others.map(aRow))))
      expect(other).toBe(one)
      expect(JSON.stringify(JSON.parse(one))).toBe(one)
    }),
  )
})

test('totals and the reference go by the same arms', () => {
  const rows = [aRow(), aRow({ version: '2', requests: 4 }), aRow({ version: '1', cohort: 'canary', requests: 1 })]
  const totals = rows.map((row) => ({ ...row, errors: 0 }))
  expect(totalsOf(deployment, totals)).toEqual({ baseline: 10, canary: 5 })
  expect(baselineLatency(deployment, rows)).toEqual([
    [800, 6],
    [810, 4],
  ])
})

test('a slice has what each arm called in its window', () => {
  const call = (version: string, at: number) => ({
    ...aRow({ version }),
    ...{ at, system: 'http', peer: 'payments', target: '', calls: 4, failures: 1, nanoseconds: 1e9 },
  })
  const callees = [call('1', window.from), call('2', window.from), call('2', window.to), call('3', window.from)]
  const slice = sliceOf(deployment, window, rowsOf([aRow()], { callees }))
  const payments = { calls: 4, failed: 1, seconds: 1 }
  expect(slice.baseline.callees).toEqual({ payments })
  expect(slice.canary.callees).toEqual({ payments })
  // Requests that an instrument counts have another time than spans do.
  expect(
    sliceOf(deployment, window, rowsOf([], { callees }), 'http.server.request.duration').canary.callees,
  ).toBeUndefined()
})
