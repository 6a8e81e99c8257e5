import type { FullRate } from './bench-phases.ts'
import type { CeilingReport } from './ceiling.ts'
import type { Signal } from './otlp-bodies.ts'
import { percentile } from './percentile.ts'
import type { CpuSeconds } from './process-figures.ts'

/** Everything that one run measured. */
export type Measured = {
  readonly date: string
  readonly machine: string
  readonly engine: string
  readonly full: Readonly<Partial<Record<Signal, FullRate>>>
  readonly halfRate: { readonly rate: number; readonly acknowledgementsMs: readonly number[] } | null
  readonly accepting: { readonly items: number; readonly cpu: CpuSeconds } | null
  readonly collector: { readonly version: string; readonly items: number; readonly cpuSeconds: number } | null
  readonly ceiling: CeilingReport['ceiling']
  readonly parts: number
  readonly rssMiB: number
}

/** The figures by name; null where something was not run. Times in µs of processor time per span, or ms. */
export type Figures = Readonly<Record<string, number | string | boolean | null>>

/** The figures that `--json` prints. */
export function figuresOf(measured: Measured): Figures {
  const { full, halfRate, accepting, collector, ceiling } = measured
  const { traces } = full
  const perItem = (seconds: number, items: number) => round((seconds / items) * 1e6)
  const cpuOf = (phase: FullRate | undefined) =>
    phase === undefined ? null : perItem(phase.cpu.total - phase.restCpuSeconds, phase.items)
  const total = cpuOf(traces)
  const accept = accepting ? perItem(accepting.cpu.total, accepting.items) : null
  const ceilingCpu = ceiling ? perItem(ceiling.cpuSeconds, ceiling.rows) : null
  const collectorCpu = collector ? perItem(collector.cpuSeconds, collector.items) : null
  const ratio = (a: number | null, b: number | null) => (a === null || b === null ? null : round(a / b))
  return {
    date: measured.date,
    machine: measured.machine,
    engine: measured.engine,
    spansPerSecond: traces ? Math.round(traces.itemsPerSecond) : null,
    pointsPerSecond: full.metrics ? Math.round(full.metrics.itemsPerSecond) : null,
    logRecordsPerSecond: full.logs ? Math.round(full.logs.itemsPerSecond) : null,
    acknowledgedSpansPerSecond: traces ? Math.round(traces.acknowledgedPerSecond) : null,
    spansPerSegment: traces ? Math.round(traces.itemsPerSegment) : null,
    cpuMicrosPerSpan: total,
    cpuMicrosPerPoint: cpuOf(full.metrics),
    cpuMicrosPerLogRecord: cpuOf(full.logs),
    nodeCpuMicrosPerSpan: accept,
    clickhouseCpuMicrosPerSpan: total === null || accept === null ? null : round(total - accept),
    mainThreadCpuMicrosPerSpan: traces ? perItem(traces.cpu.node, traces.items) : null,
    libuvCpuMicrosPerSpan: traces ? perItem(traces.cpu.libuv, traces.items) : null,
    clickhouseThreadsCpuMicrosPerSpan: traces ? perItem(traces.cpu.clickhouse, traces.items) : null,
    mergesAfterCpuMicrosPerSpan: traces ? perItem(traces.cpu.total - traces.cpuUntilStored.total, traces.items) : null,
    restCpuMicrosPerSpan: traces ? perItem(traces.restCpuSeconds, traces.items) : null,
    generatorCpuMicrosPerSpan: traces ? perItem(traces.generatorCpuSeconds, traces.items) : null,
    ceilingCpuMicrosPerSpan: ceilingCpu,
    ceilingInsertCpuMicrosPerSpan: ceiling ? perItem(ceiling.insertCpuSeconds, ceiling.rows) : null,
    cpuToCeiling: ratio(total, ceilingCpu),
    collectorCpuMicrosPerSpan: collectorCpu,
    collectorVersion: collector?.version ?? null,
    acceptedToCollector: ratio(accept, collectorCpu),
    acknowledgementP50Ms: halfRate ? round(percentile(halfRate.acknowledgementsMs, 0.5)) : null,
    acknowledgementP99Ms: halfRate ? round(percentile(halfRate.acknowledgementsMs, 0.99)) : null,
    halfRateSpansPerSecond: halfRate ? Math.round(halfRate.rate) : null,
    fullRateAcknowledgementP50Ms: traces ? round(percentile(traces.acknowledgementsMs, 0.5)) : null,
    fullRateAcknowledgementP99Ms: traces ? round(percentile(traces.acknowledgementsMs, 0.99)) : null,
    throttledRequests: Object.values(full).reduce((sum, phase) => sum + phase.throttled, 0),
    eventLoopLagP99Ms: traces ? round(traces.eventLoopLagP99Ms) : null,
    rssMiB: Math.round(measured.rssMiB),
    parts: measured.parts,
    ceilingParts: ceiling?.parts ?? null,
    gzipBytesPerSpan: traces ? round(traces.gzipBytesPerItem) : null,
    plainBytesPerSpan: traces ? round(traces.plainBytesPerItem) : null,
    coresElsewhere: traces ? round(traces.coresElsewhere) : null,
    mergesBecameQuiet: Object.values(full).every((phase) => phase.becameQuiet),
  }
}

type Goal = { readonly what: string; readonly name: string; readonly least?: number; readonly most?: number }

const goals: readonly Goal[] = [
  { what: 'spans a second, stored, rolled up, queryable', name: 'spansPerSecond', least: 55_000 },
  { what: 'CPU per span, Native ceiling = 1', name: 'cpuToCeiling', most: 2 },
  { what: 'CPU per span until accepted, Collector = 1', name: 'acceptedToCollector', most: 1 },
  { what: 'acknowledgement p99 at half rate, ms', name: 'acknowledgementP99Ms', most: 60 },
  { what: 'event loop lag p99 at full rate, ms', name: 'eventLoopLagP99Ms', most: 30 },
  { what: 'peak resident memory, MiB', name: 'rssMiB', most: 1024 },
]

/** Beyond so many cores of other processes the wall figures say more of those than of Davy. */
const calmCores = 0.2

/** A table of the goals and then of every figure, for people. */
export function reportOf(figures: Figures): string {
  const lines = [`${figures.date}, ${figures.machine}, ClickHouse ${figures.engine}`, '']
  for (const { what, name, least, most } of goals) {
    const value = figures[name] ?? null
    const bound = least === undefined ? `at most ${most}` : `at least ${least}`
    const isMet = typeof value === 'number' && value >= (least ?? 0) && value <= (most ?? Number.POSITIVE_INFINITY)
    const standing = value === null ? 'not run' : isMet ? 'reached' : 'NOT REACHED'
    lines.push(`${what.padEnd(48)}${String(value ?? '-').padStart(10)}   ${bound.padEnd(16)} ${standing}`)
  }
  if (typeof figures.coresElsewhere === 'number' && figures.coresElsewhere > calmCores) {
    lines.push(
      '',
      `Other processes took ${figures.coresElsewhere} cores: rates and times are theirs, too; processor time is not.`,
    )
  }
  lines.push('')
  for (const [name, value] of Object.entries(figures).slice(3)) {
    lines.push(`${name.padEnd(40)}${String(value ?? 'not run').padStart(18)}`)
  }
  return lines.join('\n')
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
