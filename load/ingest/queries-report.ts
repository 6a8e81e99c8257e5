import { percentile } from './percentile.ts'
import type { Runs } from './queries-child.ts'
import type { TableSize } from './queries-storage.ts'
import type { ViewCost, ViewCosts } from './queries-views.ts'

/** Milliseconds of a statement over many runs: passed, and of processor time. */
export type Summary = {
  readonly runs: number
  readonly rows: number
  readonly p50: number
  readonly p99: number
  /** The least of all runs: what others do on the machine only adds to it. */
  readonly cpuLeast: number
}

type Made = { readonly seconds: number; readonly raw: TableSize; readonly rollup: TableSize }

/** All that `bench:queries` measures. */
export type Figures = {
  readonly at: string
  readonly machine: string
  /** Mean number of processes that wanted a core in the last minute; far above its cores, times say little. */
  readonly load: number
  readonly quiet: Made & { readonly spans: number; readonly query: Summary }
  readonly busy: Made & { readonly spans: number; readonly query: Summary }
  readonly resolution: { readonly full: TableSize; readonly half: TableSize }
  readonly tick: Made & { readonly services: number; readonly fresh: Summary; readonly merged: Summary }
  readonly views: ViewCosts
}

const goals = { verdictMs: 15, ratio: 1.3, tickMs: 1000 }

export function summaryOf({ wall, cpu, rows }: Runs): Summary {
  return {
    runs: wall.length,
    rows,
    p50: percentile(wall, 0.5),
    p99: percentile(wall, 0.99),
    cpuLeast: Math.min(...cpu),
  }
}

function ms(value: number): string {
  return `${value.toFixed(value < 100 ? 1 : 0)} ms`
}

function standing(value: number, goal: number): string {
  return value <= goal ? 'reached' : 'NOT REACHED'
}

function queryLine(what: string, { p50, p99, cpuLeast, rows, runs }: Summary): string {
  return `${what}: p50 ${ms(p50)}, p99 ${ms(p99)}, processor at least ${ms(cpuLeast)}; ${rows} rows, ${runs} runs`
}

function size({ rows, bytes, parts }: TableSize): string {
  return `${rows} rows, ${(bytes / 2 ** 20).toFixed(1)} MiB, ${parts} parts`
}

function viewLine(
  name: string,
  { microsecondsPerRow, millisecondsPerInsert, bytesPerRow, rowsPerRow }: ViewCost,
): string {
  return (
    `  ${name.padEnd(16)} ${microsecondsPerRow.toFixed(2)} µs a row and ${millisecondsPerInsert.toFixed(1)} ms an insert; ` +
    `${rowsPerRow.toFixed(3)} rows of ${bytesPerRow.toFixed(1)} B each`
  )
}

/** The figures for people, each goal with whether it was reached. */
export function reportOf({ at, machine, load, quiet, busy, resolution, tick, views }: Figures): string {
  const [ratio, cpuRatio] = [busy.query.p50 / quiet.query.p50, busy.query.cpuLeast / quiet.query.cpuLeast]
  const grown = resolution.full.bytes / resolution.half.bytes
  return [
    `${at.slice(0, 10)}, ${machine}, load ${load.toFixed(1)}; embedded ClickHouse`,
    '',
    'One service, its newest 10 s (10 services, 20 pods, 8 operations; spans through otel_traces and the real view)',
    ...[quiet, busy].map(({ spans, seconds, raw, rollup }) => {
      return `  ${spans} spans in ${seconds.toFixed(0)} s: raw ${size(raw)}; rollup ${size(rollup)}`
    }),
    `  ${queryLine(`${quiet.spans} spans an hour`, quiet.query)}`,
    `  ${queryLine(`${busy.spans} spans an hour`, busy.query)}`,
    `  at most ${goals.verdictMs} ms: ${standing(busy.query.p50, goals.verdictMs)}`,
    `  busy over quiet ${ratio.toFixed(2)} (least processor time ${cpuRatio.toFixed(2)}), at most ${goals.ratio}: ${standing(ratio, goals.ratio)}`,
    '',
    `All services at once, newest 10 s (${tick.services} services, 20 pods, 3 operations; rows straight into the rollup)`,
    `  10 minutes in ${tick.seconds.toFixed(0)} s: rollup ${size(tick.rollup)}`,
    `  ${queryLine('newest rows in parts of their own', tick.fresh)}`,
    `  ${queryLine('all in one part', tick.merged)}`,
    `  at most ${goals.tickMs} ms: ${standing(tick.fresh.p50, goals.tickMs)}, in one part ${standing(tick.merged.p50, goals.tickMs)}`,
    '',
    'What a view of the rollups adds to an insert, processor time; on disk merged',
    ...Object.entries(views).map(([name, cost]) => viewLine(name, cost)),
    `  the busy hour at scale 5 ${size(resolution.full)}; at scale 4 ${size(resolution.half)}: ${grown.toFixed(2)} times`,
  ].join('\n')
}
