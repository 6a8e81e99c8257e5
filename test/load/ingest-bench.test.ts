import { describe, expect, test } from 'vitest'
import { type Figures, figuresOf, type Measured, reportOf } from '../../load/ingest/bench-report.ts'
import { percentile } from '../../load/ingest/percentile.ts'
import { cpuBetween, cpuSeconds, peakRssMiB } from '../../load/ingest/process-figures.ts'

const phase = {
  items: 1_000_000,
  itemsPerSecond: 60_000,
  acknowledgedPerSecond: 70_000,
  gzipBytesPerItem: 60,
  plainBytesPerItem: 450,
  itemsPerSegment: 35_000,
  acknowledgementsMs: [10, 20, 30],
  throttled: 0,
  eventLoopLagP99Ms: 22,
  cpu: { total: 22, node: 4, libuv: 3, clickhouse: 15 },
  cpuUntilStored: { total: 20, node: 4, libuv: 3, clickhouse: 13 },
  restCpuSeconds: 2,
  generatorCpuSeconds: 0.5,
  coresElsewhere: 0.1,
  becameQuiet: true,
}
const measured: Measured = {
  date: '2026-01-02',
  machine: 'a machine',
  engine: '26.7',
  full: { traces: phase },
  halfRate: { rate: 30_000, acknowledgementsMs: [5, 6, 7, 80] },
  accepting: { items: 500_000, cpu: { total: 2, node: 1.5, libuv: 0.5, clickhouse: 0 } },
  collector: null,
  ceiling: {
    rows: 500_000,
    rolledUp: 500_000,
    inserts: 15,
    insertCpuSeconds: 5,
    cpuSeconds: 8,
    seconds: 4,
    parts: 3,
  },
  parts: 4,
  rssMiB: 900.4,
}

describe('figures of a run', () => {
  test('are processor microseconds an item, without what the process takes at rest', () => {
    expect(figuresOf(measured)).toMatchObject({
      spansPerSecond: 60_000,
      cpuMicrosPerSpan: 20,
      nodeCpuMicrosPerSpan: 4,
      clickhouseCpuMicrosPerSpan: 16,
      ceilingCpuMicrosPerSpan: 16,
      cpuToCeiling: 1.25,
      mergesAfterCpuMicrosPerSpan: 2,
      acknowledgementP50Ms: 6,
      acknowledgementP99Ms: 80,
      rssMiB: 900,
    } satisfies Figures)
  })

  test('of what was not run are null, and the report says so instead of judging them', () => {
    const figures = figuresOf(measured)
    expect(figures).toMatchObject({ collectorCpuMicrosPerSpan: null, acceptedToCollector: null, pointsPerSecond: null })
    expect(lineWith(reportOf(figures), 'Collector = 1')).toMatch(/not run$/)
  })

  test('are held against the goals: reached on the bound, not beyond it', () => {
    const figures = { ...figuresOf(measured), cpuToCeiling: 2, rssMiB: 1025 }
    expect(lineWith(reportOf(figures), 'Native ceiling = 1')).toMatch(/ reached$/)
    expect(lineWith(reportOf(figures), 'resident memory')).toMatch(/NOT REACHED$/)
    expect(lineWith(reportOf(figures), 'p99 at half rate')).toMatch(/NOT REACHED$/)
  })
})

test('a report of a busy machine says that its rates are not of Davy alone', () => {
  const busy = { ...measured, full: { traces: { ...phase, coresElsewhere: 1.4 } } }
  expect(reportOf(figuresOf(busy))).toMatch(/Other processes took 1.4 cores/)
  expect(reportOf(figuresOf(measured))).not.toMatch(/Other processes/)
})

test('a percentile is the smallest value that the share does not exceed', () => {
  const values = Array.from({ length: 100 }, (_, i) => 100 - i)
  expect([0.01, 0.5, 0.99, 1].map((p) => percentile(values, p))).toEqual([1, 50, 99, 100])
  expect(() => percentile([], 0.5)).toThrow(/at least one value/)
})

describe.runIf(process.platform === 'linux')('processor time of a process', () => {
  test('of the main thread counts as Node’s, and the shares add up to the total', () => {
    const before = cpuSeconds(process.pid)
    const start = process.cpuUsage()
    // Until the system's own account says so, so that the test is about who did the work and not about speed.
    while (process.cpuUsage(start).user < 200_000) Math.hypot(Math.random(), Math.random())
    const { total, node, libuv, clickhouse } = cpuBetween(before, cpuSeconds(process.pid))
    expect(node).toBeGreaterThan(0.15)
    expect(node + libuv + clickhouse).toBeCloseTo(total)
  })

  test('comes with the largest resident memory', () => {
    expect(peakRssMiB(process.pid)).toBeGreaterThanOrEqual(process.memoryUsage().rss / 2 ** 20 / 2)
  })
})

function lineWith(report: string, part: string): string {
  return report.split('\n').find((line) => line.includes(part)) ?? `no line with ${part}`
}
