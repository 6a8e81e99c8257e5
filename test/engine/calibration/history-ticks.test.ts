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
  history.add([row(30_000, 'b'), row(10_000, 'a')])
  history.add([row(10_000, 'b'), row(90_000, 'a')])
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
