import { expect, test } from 'vitest'
import { type Figures, reportOf, summaryOf } from '../../load/ingest/queries-report.ts'

const size = { rows: 1000, bytes: 2 ** 20, parts: 2 }
const made = { seconds: 3, raw: size, rollup: size }
const view = { microsecondsPerRow: 1, millisecondsPerInsert: 10, bytesPerRow: 20, rowsPerRow: 0.1 }
const query = (p50: number, cpuLeast: number) => ({ runs: 100, rows: 7, p50, p99: 2 * p50, cpuLeast })

function figures(busy: number, merged: number): Figures {
  return {
    ...{ at: '2026-11-21T10:00:00.000Z', machine: 'a machine', load: 1.25 },
    quiet: { ...made, spans: 100_000, query: query(10, 8) },
    busy: { ...made, spans: 10_000_000, query: query(busy, 10) },
    resolution: { full: { ...size, bytes: 3 * 2 ** 20 }, half: { ...size, bytes: 2 * 2 ** 20 } },
    tick: { ...made, services: 1000, fresh: query(400, 300), merged: query(merged, 900) },
    views: { 'spans, scale 5': view, 'spans, scale 4': view, 'log records': view, gauges: view, counters: view },
  }
}

test('a summary is of all runs: what passed, and the least that it took', () => {
  const wall = Array.from({ length: 100 }, (_, i) => 100 - i)
  expect(summaryOf({ wall, cpu: [5, 3, 4], rows: 7 })).toEqual({ runs: 100, rows: 7, p50: 50, p99: 99, cpuLeast: 3 })
})

test('each goal is told with whether it was reached', () => {
  const good = reportOf(figures(12, 900))
  expect(good).toContain('at most 15 ms: reached')
  expect(good).toContain('busy over quiet 1.20 (least processor time 1.25), at most 1.3: reached')
  expect(good).toContain('at most 1000 ms: reached, in one part reached')
  expect(good).toContain('1.50 times')
  const bad = reportOf(figures(15.1, 1001))
  expect(bad).toContain('at most 15 ms: NOT REACHED')
  expect(bad).toContain('busy over quiet 1.51 (least processor time 1.25), at most 1.3: NOT REACHED')
  expect(bad).toContain('at most 1000 ms: reached, in one part NOT REACHED')
})
