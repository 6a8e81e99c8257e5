import { expect, test } from 'vitest'
import { HistoryTicks } from '../../../src/engine/calibration/history-ticks.ts'

test('rows in any order become every tick of the window, with the counts of each pod', () => {
  const row = (at: number, pod: string) => ({
    ...{ at, pod },
    requests: { 'GET /': 7, 'POST /pay': 5000 },
    errors: { 'POST /pay': 2 },
    latency: { '810': 5000, '-3': 2, '800': 5 },
  })
  const history = new HistoryTicks()
  const add = (...requests: ReturnType<typeof row>[]) => history.add({ requests, gauges: [], events: [] })
  add(row(30_000, 'b'), row(10_000, 'a'))
  add(row(10_000, 'b'), row(90_000, 'a'))
  const ticks = history.list(0, 40_000)
  expect(ticks.map(({ from, to, pods }) => [from, to, [...pods.keys()]])).toEqual([
    [0, 10_000, []],
    [10_000, 20_000, ['a', 'b']],
    [20_000, 30_000, []],
    [30_000, 40_000, ['b']],
  ])
  for (const arm of [ticks[1]!.pods.get('a'), ticks[3]!.pods.get('b')]) {
    expect(arm).toEqual({
      ...{ requests: 5007, errors: 2, pods: {} },
      operations: { 'GET /': { requests: 7, errors: 0 }, 'POST /pay': { requests: 5000, errors: 2 } },
      latency: [
        [-3, 2],
        [800, 5],
        [810, 5000],
      ],
    })
  }
})

test('an operation may be called what every object has', () => {
  const history = new HistoryTicks()
  const requests = JSON.parse('{"constructor": 3, "__proto__": 4, "toString": 5}')
  history.add({
    requests: [{ at: 0, pod: 'a', requests, errors: { toString: 2 }, latency: {} }],
    gauges: [],
    events: [],
  })
  const arm = history.list(0, 10_000)[0]!.pods.get('a')!
  expect([arm.requests, arm.errors]).toEqual([12, 2])
  expect(Object.entries(arm.operations)).toEqual([
    ['constructor', { requests: 3, errors: 0 }],
    ['__proto__', { requests: 4, errors: 0 }],
    ['toString', { requests: 5, errors: 2 }],
  ])
})

test('what instruments said is with the pod that it is of, also in a tick in which it served nobody', () => {
  const history = new HistoryTicks()
  const readings = { count: 2, sum: 8, min: 3, max: 5 }
  history.add({
    requests: [{ at: 0, pod: 'a', requests: { 'GET /': 1 }, errors: {}, latency: {} }],
    gauges: [
      { at: 0, pod: 'a', metric: 'memory', value: readings },
      { at: 10_000, pod: 'b', metric: 'memory', value: readings },
    ],
    events: [{ at: 0, pod: 'a', metric: 'restarts', value: 1 }],
  })
  const [first, second] = history.list(0, 20_000)
  expect(first!.pods.get('a')).toMatchObject({
    requests: 1,
    gauges: { memory: { a: readings } },
    events: { restarts: { a: 1 } },
  })
  expect(second!.pods.get('b')).toMatchObject({ requests: 0, gauges: { memory: { b: readings } } })
})
