import type { Storage } from '../domain/storage.ts'
import type { Dialect } from './dialect.ts'
import type { FactKind } from './facts.ts'
import { otelTimes } from './otel-tables.ts'

/**
 * Days that stored rows live. Facts, which decisions rest on, live for ever, except the runs of canaries. What is not set has the days of its kind:
 * raw telemetry those of `rawDays`, rollups those of `rollupDays`.
 */
export type Retention = {
  readonly rawDays: number
  readonly traceDays?: number
  readonly logDays?: number
  readonly metricDays?: number
  readonly rollupDays: number
  readonly traceRollupDays?: number
  readonly logRollupDays?: number
  readonly logTemplateDays?: number
  readonly metricRollupDays?: number
  readonly lookDays: number
  /** Runs of canaries by Kayenta's API, with their series and results; absent: as rollupDays. */
  readonly canaryDays?: number
}

/** What has days of its own: a signal's raw tables, a rollup, the looks. */
type Group = Exclude<keyof Retention, 'rawDays' | 'rollupDays'>

const rollupGroups = {
  rollup_traces_10s: 'traceRollupDays',
  rollup_calls_10s: 'traceRollupDays',
  rollup_logs_10s: 'logRollupDays',
  rollup_log_templates_10s: 'logTemplateDays',
  rollup_metrics_10s: 'metricRollupDays',
  rollup_durations_10s: 'metricRollupDays',
} as const satisfies Readonly<Record<string, Group>>

/** A table whose rows live `days` from `time` on; `only`: those rows that it selects. */
type Wanted = { readonly table: string; readonly time: string; readonly days: number; readonly only?: string }

/** The days of every group. */
export function daysOf(retention: Retention): Readonly<Record<Group, number>> {
  const { rawDays, rollupDays, lookDays } = retention
  return {
    traceDays: retention.traceDays ?? rawDays,
    logDays: retention.logDays ?? rawDays,
    metricDays: retention.metricDays ?? rawDays,
    traceRollupDays: retention.traceRollupDays ?? rollupDays,
    logRollupDays: retention.logRollupDays ?? rollupDays,
    logTemplateDays: retention.logTemplateDays ?? rollupDays,
    metricRollupDays: retention.metricRollupDays ?? rollupDays,
    lookDays,
    canaryDays: retention.canaryDays ?? rollupDays,
  }
}

/** Facts that do not live for ever: what was measured and judged once, and that nothing rests on later. */
const canaryKinds = [
  'canary-run',
  'canary-result',
  'canary-analysis',
  'canary-analysis-result',
  'metric-set-list',
  'metric-set-pair-list',
  'canary-removed',
] as const satisfies readonly FactKind[]
const onlyCanaries = ` DELETE WHERE Kind IN (${canaryKinds.map((kind) => `'${kind}'`).join(', ')})`

/**
 * Brings the time to live of the tables to what is configured; the engine deletes in the background. Run after every
 * migration, since the days may change without one. @returns the tables that were changed.
 */
export async function applyRetention(
  storage: Storage,
  dialect: Dialect,
  retention: Retention,
): Promise<readonly string[]> {
  const days = daysOf(retention)
  const wanted = [
    ...otelTimes.map(({ table, time }) => ({ table, time, days: days[rawGroup(table)] })),
    ...Object.entries(rollupGroups).map(([table, group]) => ({ table, time: 'T', days: days[group] })),
    { table: 'looks', time: 'toDateTime(At)', days: days.lookDays },
    { table: 'facts', time: 'toDateTime(At)', days: days.canaryDays, only: onlyCanaries },
  ]
  const engines = await storage.query<{ name: string; engine: string }>(
    'SELECT name, engine_full AS engine FROM system.tables WHERE database = currentDatabase()',
  )
  const changed: string[] = []
  for (const { table, time, days: to, only = '' } of wanted as readonly Wanted[]) {
    const engine = engines.find(({ name }) => name === table)?.engine ?? ''
    if (engine.includes(`toIntervalDay(${to})`)) continue
    await storage.command(`ALTER TABLE ${table}${dialect.onCluster} MODIFY TTL ${time} + INTERVAL ${to} DAY${only}`)
    changed.push(table)
  }
  return changed
}

function rawGroup(table: string): Group {
  if (table.startsWith('otel_traces')) return 'traceDays'
  return table === 'otel_logs' ? 'logDays' : 'metricDays'
}
