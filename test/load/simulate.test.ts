import { describe, expect, test } from 'vitest'
import { simulateCanary } from '../../load/accuracy/simulate/canary-run.ts'
import { type Cell, cellsNamed, type Effect, podCount, usualCells } from '../../load/accuracy/simulate/cells.ts'
import { davyRollback } from '../../load/accuracy/simulate/davy-rollback.ts'
import { flaggerRollback } from '../../load/accuracy/simulate/flagger-rollback.ts'
import { generateTraffic } from '../../load/accuracy/simulate/generate-traffic.ts'
import { goalsOf, pooledAa } from '../../load/accuracy/simulate/goals.ts'
import { kayentaRollback } from '../../load/accuracy/simulate/kayenta-rollback.ts'
import { randomSource } from '../../load/accuracy/simulate/random-source.ts'
import { runSimulation, type SimulatedRow } from '../../load/accuracy/simulate/run-simulation.ts'
import {
  type RunsTask,
  rollbacksOf,
  simulateRuns,
  sumTallies,
  type Tally,
} from '../../load/accuracy/simulate/simulate-runs.ts'
import { simulationReport } from '../../load/accuracy/simulate/simulation-report.ts'
import type { WorkerPool } from '../../load/accuracy/simulate/worker-pool.ts'
import { zTestRollback } from '../../load/accuracy/simulate/z-test-rollback.ts'

const [rich] = cellsNamed(['od-500-10'])
const [poor] = cellsNamed(['iid-50-5'])

describe('cells', () => {
  test('are nine of each noise, named by noise, requests a second and percent', () => {
    expect(usualCells).toHaveLength(18)
    expect(usualCells.map(({ name }) => name)).toContain('iid-5-50')
  })

  test('are named whole or by the beginning; an unknown name is refused with the known ones', () => {
    expect(cellsNamed(['od-500']).map(({ name }) => name)).toEqual(['od-500-5', 'od-500-10', 'od-500-50'])
    expect(cellsNamed(['od-5-5'])).toHaveLength(1)
    expect(cellsNamed(['uneven'])).toHaveLength(9)
    expect(() => cellsNamed(['od-50', 'od-5-7'])).toThrow(/expected one of iid-5-5, .*, got od-5-7/)
  })
})

describe('generated traffic', () => {
  const hours = 8

  function rates(noise: Cell['noise'], ratio: number): { canary: number; baseline: number; requests: number } {
    const ticks = hours * 360
    const plan = { noise, requestsPerSecond: 50, canaryPods: 10, ratio, ticks }
    const { requests, errors } = generateTraffic(plan, randomSource('rates'))
    const sums = { canary: [0, 0], baseline: [0, 0] }
    for (const [i, count] of requests.entries()) {
      const arm = i % podCount < plan.canaryPods ? sums.canary : sums.baseline
      arm[0]! += errors[i]!
      arm[1]! += count
    }
    const rate = ([failed, all]: number[]): number => failed! / all!
    return {
      canary: rate(sums.canary),
      baseline: rate(sums.baseline),
      requests: requests.reduce((sum, count) => sum + count, 0) / ticks / 10,
    }
  }

  test('fails 0.5% of independent requests, and the canary so many times as often', () => {
    const { canary, baseline, requests } = rates('iid', 10)
    expect(requests).toBeCloseTo(50, 0)
    expect(baseline).toBeCloseTo(0.005, 3)
    expect(canary / baseline).toBeCloseTo(10, 0)
  })

  test('is as much when it is overdispersed, with incidents and bursts on top', () => {
    for (const noise of ['od', 'extra'] as const) {
      const { canary, baseline, requests } = rates(noise, 2)
      expect(requests).toBeCloseTo(50, 0)
      expect(baseline).toBeGreaterThan(0.005)
      expect(baseline).toBeLessThan(0.009)
      expect(canary / baseline).toBeGreaterThan(1.5)
      expect(canary / baseline).toBeLessThan(2.7)
    }
  })

  test('never has more errors than requests', () => {
    for (const noise of ['iid', 'od', 'extra'] as const) {
      const plan = { noise, requestsPerSecond: 5, canaryPods: 10, ratio: 10, ticks: 2000 }
      const { requests, errors } = generateTraffic(plan, randomSource('bounds'))
      expect(requests.every((count, i) => count >= errors[i]!)).toBe(true)
    }
  })

  test('is the same for the same seed and another for another', () => {
    const slices = (seed: string) => simulateCanary(rich!, 1, randomSource(seed)).slices
    expect(slices('a')).toEqual(slices('a'))
    expect(slices('a')).not.toEqual(slices('b'))
  })
})

describe('the sequential judge', () => {
  test('gives the same whether it is asked at every look or only where it could decide', () => {
    const nulls = { 'error-rate': { tauPod: 0.1, sigb: 0.1, eps: 0.005, phi: 1.5 } }
    const seconds: (number | null)[] = []
    for (const [cell, effect] of [
      [rich!, 1.25],
      [rich!, 2],
      [poor!, 2],
      [poor!, 10],
    ] as [Cell, Effect][]) {
      const run = simulateCanary(cell, effect, randomSource(`looks/${effect}`))
      const often = davyRollback(run, nulls, true)
      expect(davyRollback(run, nulls)).toBe(often)
      seconds.push(often)
    }
    expect(seconds).toContain(null)
    expect(seconds.some((value) => value !== null)).toBe(true)
  })
})

describe('the other judges', () => {
  /** A minute per canary error rate in percent, of 1,000 requests; the baseline fails 0.5%, give or take. */
  function minutes(canary: readonly number[]) {
    return {
      slices: [],
      minutes: canary.map((percent, i) => ({
        canary: { requests: 1000, errors: percent * 10 },
        baseline: { requests: 1000, errors: 4 + (i % 3) },
      })),
    }
  }

  test('Flagger rolls back at the fifth failed minute, whatever is between them', () => {
    expect(flaggerRollback(minutes([2, 0, 2, 0, 2, 0, 2, 0, 2, 2]))).toBe(540)
    expect(flaggerRollback(minutes([1, 1, 1, 1, 1, 1, 2, 2, 2, 2]))).toBeNull()
  })

  test('Kayenta fails a canary that is worse in every minute, from the fifth minute on or at the end', () => {
    const harmful = minutes([5, 6, 5, 7, 5, 6, 5, 7])
    expect(kayentaRollback(harmful, 'every-minute')).toBe(300)
    expect(kayentaRollback(harmful, 'at-the-end')).toBe(480)
    expect(kayentaRollback(minutes([0.5, 0.4, 0.6, 0.5, 0.4, 0.6]), 'every-minute')).toBeNull()
  })

  test('the z test rolls back at the first minute that crosses 1%, and not for fewer errors', () => {
    expect(zTestRollback(minutes([0.4, 0.5, 4]))).toBe(180)
    expect(zTestRollback(minutes([0.1, 0.1, 0.1]))).toBeNull()
    expect(zTestRollback({ slices: [], minutes: [] })).toBeNull()
  })
})

describe('a simulation', () => {
  test('learns from histories of each service and deals the runs of its cells out among them', async () => {
    const asked: RunsTask[] = []
    let histories = 0
    const pool = {
      async run(name: string, tasks: readonly RunsTask[]) {
        if (name === 'learn') return tasks.map(() => ({ nulls: { history: ++histories }, reason: null }))
        asked.push(...tasks)
        return tasks.map(({ first, end }) => tallyOf(end - first, []))
      },
    } as unknown as WorkerPool
    const plan = { seed: 's', cells: cellsNamed(['od-5', 'iid-50-5']), runs: 90, histories: 3, isAskedAlways: false }
    const { learnings, rows } = await runSimulation(plan, pool, () => {})
    expect(learnings.map(({ service }) => `${service.noise}-${service.requestsPerSecond}`)).toEqual([
      ...Array(3).fill('iid-50'),
      ...Array(3).fill('od-5'),
    ])
    expect(rows.map(({ tally }) => tally.runs)).toEqual(Array(4).fill([90, 90, 45, 45]).flat())
    const own = asked.filter(({ cell, effect }) => cell.name === 'od-5-10' && effect === 1)
    expect(own.map(({ first, end, nulls }) => [first, end, nulls])).toEqual([
      [0, 25, { history: 4 }],
      [25, 50, { history: 5 }],
      [50, 75, { history: 6 }],
      [75, 90, { history: 4 }],
    ])
  })
})

describe('tallies', () => {
  test('of parts add up to that of the whole', () => {
    const task = { seed: 's', cell: poor!, effect: 10 as const, nulls: {}, isAskedAlways: false }
    const parts = [simulateRuns({ ...task, first: 0, end: 1 }), simulateRuns({ ...task, first: 1, end: 3 })]
    expect(sumTallies(parts)).toEqual(simulateRuns({ ...task, first: 0, end: 3 }))
  })

  test('know share and median; the median of none is null', () => {
    const tally = tallyOf(4, [70, 10, 40, 20])
    expect(rollbacksOf(tally, 'learned')).toEqual({ runs: 4, rollbacks: 4, share: 1, medianSeconds: 30 })
    expect(rollbacksOf(tallyOf(4, [70, 10, 40]), 'learned').medianSeconds).toBe(40)
    expect(rollbacksOf(tally, 'cold')).toEqual({ runs: 4, rollbacks: 0, share: 0, medianSeconds: null })
  })
})

describe('goals', () => {
  function row(name: string, effect: Effect, runs: number, learned: readonly number[]): SimulatedRow {
    return { cell: cellsNamed([name])[0]!, effect, tally: tallyOf(runs, learned) }
  }

  test('stand by their worst cell', () => {
    const rows = [
      row('od-500-5', 10, 100, Array(98).fill(80)),
      row('od-500-10', 10, 100, Array(100).fill(60)),
      row('od-500-5', 1, 200, [100, 100, 100]),
      row('od-500-10', 1, 1800, []),
      row('od-500-10', 1.25, 200, [1, 2, 3]),
    ]
    const standings = goalsOf(rows, 'learned').map(({ worst, isReached }) => [worst?.where, worst?.figure, isReached])
    expect(standings).toEqual([
      ['od-500-5', 0.98, true],
      ['od-500-5', 80, false],
      ['od-500-5', 0.015, false],
      ['od', 0.0015, true],
      ['od-500-10', 0.015, true],
    ])
  })

  test('are not reached when nothing was found, and open when nothing was simulated', () => {
    const [found, median, falseAlarms] = goalsOf([row('iid-500-5', 10, 10, [])], 'learned')
    expect([found!.isReached, median!.isReached, falseAlarms!.isReached]).toEqual([false, false, null])
    expect(goalsOf([row('uneven-500-5', 10, 10, [])], 'learned')[0]!.isReached).toBeNull()
  })

  test('have an exact interval for A/A runs of one noise together', () => {
    const rows = [row('iid-5-5', 1, 100, []), row('iid-5-10', 1, 100, []), row('od-5-5', 1, 100, [50])]
    const [iid, od] = pooledAa(rows, 'learned')
    expect([iid!.noise, iid!.runs, iid!.rollbacks, iid!.low]).toEqual(['iid', 200, 0, 0])
    // 1 - 0.025^(1/200)
    expect(iid!.high).toBeCloseTo(0.018275, 6)
    expect([od!.noise, od!.runs, od!.share]).toEqual(['od', 100, 0.01])
  })

  test('are part of the report, with rates and medians where they say something', () => {
    const learnings = [{ service: cellsNamed(['od-5-5'])[0]!, learning: { nulls: {}, reason: 'too few errors' } }]
    const report = simulationReport({
      learnings,
      rows: [row('od-5-5', 10, 40, [70, 90, 80, 60, 50]), row('od-5-5', 1, 40, [])],
    })
    expect(report).toMatch(/od +\| 5 +\| 5% +\| 10 +\| 40 +\| 12.5% @70s +\| 0.0%/)
    expect(report).toContain('cold start: too few errors')
    expect(report).toMatch(/NOT REACHED: worst 12.50% \(od-5-5\)/)
    expect(report).toMatch(/on the margin rolled back, every cell +\| <= 1.5% +\| not simulated/)
  })
})

function tallyOf(runs: number, learned: readonly number[]): Tally {
  return { runs, seconds: { learned, cold: [], kayenta: [], kayentaAtTheEnd: [], flagger: [], zTest: [] } }
}
