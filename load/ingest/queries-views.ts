import type { Storage } from '../../src/domain/storage.ts'
import { singleNode } from '../../src/storage/dialect.ts'
import { logsRollupView } from '../../src/storage/logs-rollup-tables.ts'
import { gaugesRollupView, sumsRollupView } from '../../src/storage/metrics-rollup-table.ts'
import { addRegionAndSampling } from '../../src/storage/traces-sampling.ts'
import { spansOf } from './queries-data.ts'
import { sizeOf } from './queries-storage.ts'

const rowsPerInsert = 50_000
const insertsEach = 5

/** What a view adds to the insert of a raw row, and what the rows that it wrote take on disk when they are merged. */
export type ViewCost = {
  readonly microsecondsPerRow: number
  readonly millisecondsPerInsert: number
  readonly bytesPerRow: number
  readonly rowsPerRow: number
}

export type ViewCosts = Readonly<
  Record<'spans, scale 5' | 'spans, scale 4' | 'log records' | 'gauges' | 'counters', ViewCost>
>

type View = { readonly sql: string; readonly source: string; readonly target: string }

/** What each view of the rollups costs, beside the one of spans with histograms of half the resolution. */
export async function measureViews(storage: Storage, end: number): Promise<ViewCosts> {
  const hour = { spans: 10_000_000, services: 10, pods: 20, operations: 8, end }
  await storage.command(spansOf(hour, hour.spans - rowsPerInsert, hour.spans))
  await makePoints(storage, end)
  const spans = addRegionAndSampling(singleNode).at(-1) ?? ''
  const traces = { sql: spans, source: 'otel_traces', target: 'rollup_traces_10s' }
  const half = { ...traces, sql: replaced(spans, '* 32)', '* 16)') }
  const metrics = 'rollup_metrics_10s'
  return {
    'spans, scale 5': await costOf(storage, traces),
    'spans, scale 4': await costOf(storage, half),
    'log records': await costOf(storage, {
      ...{ sql: logsRollupView(singleNode), source: 'otel_logs', target: 'rollup_logs_10s' },
    }),
    gauges: await costOf(storage, { sql: gaugesRollupView(singleNode), source: 'otel_metrics_gauge', target: metrics }),
    counters: await costOf(storage, { sql: sumsRollupView(singleNode), source: 'otel_metrics_sum', target: metrics }),
  }
}

/** Log records and metric points of the same pods: of metrics 50 series a pod, a point each ten seconds. */
async function makePoints(storage: Storage, end: number): Promise<void> {
  const rows = rowsPerInsert
  const pods = `(SELECT ServiceName, ResourceAttributes FROM otel_traces LIMIT 1 BY ResourceAttributes['k8s.pod.name'])`
  await storage.command(`INSERT INTO otel_logs (Timestamp, ServiceName, ResourceAttributes, SeverityNumber, Body)
    SELECT toDateTime64(${end - 60} + n / 5, 9), ServiceName, ResourceAttributes, 9 + 4 * (n % 3), 'a line of text'
    FROM ${pods} AS p CROSS JOIN (SELECT number AS n FROM numbers(${rows / 200})) AS k`)
  for (const [table, columns, values] of [
    ['otel_metrics_gauge', '', ''],
    [
      'otel_metrics_sum',
      ', AggregationTemporality, IsMonotonic, StartTimeUnix',
      `, 2, true, toDateTime64(${end - 900}, 9)`,
    ],
  ] as const) {
    await storage.command(`INSERT INTO ${table} (TimeUnix, ServiceName, ResourceAttributes, MetricName, Attributes, Value${columns})
      SELECT toDateTime64(${end - 60} + 10 * intDiv(n, 50), 9), ServiceName, ResourceAttributes, concat('metric.', toString(n % 10)),
        CAST(map('series', toString(n % 50), 'state', 'used'), 'Map(LowCardinality(String), String)'), n * 1.5${values}
      FROM ${pods} AS p CROSS JOIN (SELECT number AS n FROM numbers(${rows / 200})) AS k`)
  }
}

/** Raw rows into nothing with the view, less the same without it; the least of several, since others share the machine. */
async function costOf(storage: Storage, { sql, source, target }: View): Promise<ViewCost> {
  await storage.command(`CREATE TABLE raw_rows AS ${source} ENGINE = Null`)
  const insert = (rows: number) => () =>
    storage.command(`INSERT INTO raw_rows SELECT * FROM ${source} LIMIT ${rows} SETTINGS max_threads = 1`)
  const bare = await leastCpu(insert(rowsPerInsert))
  const bareOne = await leastCpu(insert(1))
  await storage.command(`CREATE TABLE measured AS ${target}`)
  const view = replaced(replaced(sql, ` TO ${target}`, ' TO measured'), `FROM ${source}`, 'FROM raw_rows')
  const named = view.replace(/MATERIALIZED VIEW (IF NOT EXISTS )?\S+/, 'MATERIALIZED VIEW measured_mv')
  await storage.command(named.replaceAll(`${source}.`, 'raw_rows.'))
  await storage.command('SYSTEM STOP MERGES measured')
  const one = (await leastCpu(insert(1))) - bareOne
  await storage.command('TRUNCATE TABLE measured')
  const all = (await leastCpu(insert(rowsPerInsert))) - bare
  await storage.command('SYSTEM START MERGES measured')
  await storage.command('OPTIMIZE TABLE measured FINAL')
  const size = await sizeOf(storage, 'measured')
  for (const table of ['measured_mv', 'measured', 'raw_rows']) await storage.command(`DROP TABLE ${table} SYNC`)
  return {
    microsecondsPerRow: ((all - one) * 1000) / rowsPerInsert,
    millisecondsPerInsert: one,
    bytesPerRow: size.bytes / size.rows,
    rowsPerRow: size.rows / rowsPerInsert,
  }
}

/** Milliseconds of processor time, of all threads of this process. */
async function leastCpu(work: () => Promise<unknown>): Promise<number> {
  await work()
  let least = Number.POSITIVE_INFINITY
  for (let run = 0; run < insertsEach; run += 1) {
    const before = process.cpuUsage()
    await work()
    const { user, system } = process.cpuUsage(before)
    least = Math.min(least, (user + system) / 1000)
  }
  return least
}

function replaced(text: string, what: string, by: string): string {
  if (!text.includes(what)) throw new Error(`expected the view to say "${what}", got:\n${text}`)
  return text.replace(what, () => by)
}
