import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { drainPending, Session } from 'chdb'

/** What is asked of {@link countAndInsert}'s process. */
export type CeilingTask = {
  /** Data of a Davy that has stopped. */
  readonly data: string
  /** An empty directory: blocks and the second store go there. */
  readonly work: string
  /** Spans of one INSERT. */
  readonly rowsPerInsert: number
  /** Spans a second of the spans' own time, by which they are cut into blocks. */
  readonly spansPerSecond: number
  /** Spans that are inserted again at most; 0: only count. */
  readonly mostRows: number
}

export type CeilingReport = {
  readonly engine: string
  /** Rows of each table of telemetry, and Σ N of each rollup. */
  readonly counts: Readonly<Record<string, number>>
  readonly distinctSpanIds: number
  readonly parts: number
  /** null when nothing was inserted again. */
  readonly ceiling: {
    readonly rows: number
    readonly rolledUp: number
    readonly inserts: number
    readonly insertCpuSeconds: number
    /** With background merges, until they rest, less what the engine takes at rest. */
    readonly cpuSeconds: number
    readonly seconds: number
    readonly parts: number
  } | null
}

type Row = Readonly<Record<string, string | number>>

async function ask(path: string, sql: string): Promise<Row[]> {
  const session = new Session(path)
  try {
    const text = (await session.queryAsync(sql, { format: 'JSONEachRow' })).text()
    return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Row]))
  } finally {
    session.close()
  }
}

async function one(path: string, sql: string): Promise<number> {
  return Number(Object.values((await ask(path, sql))[0] ?? {})[0])
}

function cpuNow(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** Counts what a Davy stored, then inserts its spans again from Native blocks into the same tables and views. */
async function countAndInsert(task: CeilingTask): Promise<CeilingReport> {
  const keeper = new Session(task.data)
  const tables = await ask(
    task.data,
    `SELECT name, engine, create_table_query AS ddl FROM system.tables
     WHERE database = currentDatabase()`,
  )
  const counts: Record<string, number> = {}
  for (const { name, engine } of tables) {
    if (!/^(otel|rollup)/.test(String(name)) || !String(engine).endsWith('MergeTree')) continue
    const hasN = await one(
      task.data,
      `SELECT count() AS n FROM system.columns WHERE database = currentDatabase() AND table = '${name}' AND name = 'N'`,
    )
    counts[String(name)] = await one(task.data, `SELECT ${hasN === 0 ? 'count()' : 'sum(N)'} AS n FROM ${name}`)
  }
  const distinctSpanIds = await one(task.data, 'SELECT uniqExact(SpanId) AS n FROM otel_traces')
  const parts = await partsOf(task.data)
  const engine = String((await ask(task.data, 'SELECT version() AS version'))[0]?.version)
  const blocks = task.mostRows === 0 ? [] : await writeBlocks(task)
  keeper.close()
  await drainPending()
  const ceiling = blocks.length === 0 ? null : await insertBlocks(task, tables, blocks)
  return { engine, counts, distinctSpanIds, parts, ceiling }
}

function partsOf(path: string): Promise<number> {
  return one(path, "SELECT count() AS n FROM system.parts WHERE active AND table = 'otel_traces'")
}

/** Native files by the spans' time, so that each holds what came at one time, unsorted as it came. */
async function writeBlocks({ data, work, rowsPerInsert, spansPerSecond, mostRows }: CeilingTask): Promise<string[]> {
  const directory = join(work, 'blocks')
  mkdirSync(directory)
  const blockMs = Math.round((rowsPerInsert / spansPerSecond) * 1000)
  await ask(
    data,
    `INSERT INTO FUNCTION file('${directory}/{_partition_id}.native', 'Native')
     PARTITION BY toString(intDiv(toUnixTimestamp64Milli(Timestamp) + intDiv(Duration, 1000000), ${blockMs}))
     SELECT * FROM otel_traces LIMIT ${mostRows} SETTINGS engine_file_truncate_on_insert = 1`,
  )
  return readdirSync(directory)
    .sort()
    .map((name) => join(directory, name))
}

const lanes = 2

async function insertBlocks(task: CeilingTask, tables: readonly Row[], blocks: readonly string[]) {
  const path = join(task.work, 'ceiling')
  const keeper = new Session(path)
  const isView = (row: Row) => row.engine === 'MaterializedView'
  for (const row of [...tables.filter((each) => !isView(each)), ...tables.filter(isView)]) {
    await ask(path, String(row.ddl))
  }
  await untilAtRest(path)
  const restBefore = cpuNow()
  await sleep(3000)
  const restShare = (cpuNow() - restBefore) / 3
  const startedAt = performance.now()
  const cpuBefore = cpuNow()
  let next = 0
  const lane = async () => {
    for (let i = next++; i < blocks.length; i = next++) {
      await ask(
        path,
        `INSERT INTO otel_traces SELECT * FROM file('${blocks[i]}', 'Native') SETTINGS
         insert_deduplication_token = 'block-${i}', deduplicate_blocks_in_dependent_materialized_views = 1,
         deduplicate_insert_select = 'force_enable', throw_on_max_partitions_per_insert_block = 0`,
      )
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  const insertCpuSeconds = cpuNow() - cpuBefore
  const seconds = (performance.now() - startedAt) / 1000
  await untilAtRest(path)
  const restCpuSeconds = (restShare * (performance.now() - startedAt)) / 1000
  const cpuSeconds = cpuNow() - cpuBefore - restCpuSeconds
  const rows = await one(path, 'SELECT count() AS n FROM otel_traces')
  const rolledUp = await one(path, 'SELECT sum(N) AS n FROM rollup_traces_10s')
  const report = { rows, rolledUp, inserts: blocks.length, insertCpuSeconds, cpuSeconds, seconds }
  const parts = await partsOf(path)
  keeper.close()
  await drainPending()
  return { ...report, parts }
}

/** Two seconds in a row without merges and almost without work; a minute at most. */
async function untilAtRest(path: string): Promise<void> {
  for (let rest = 0, tries = 0; rest < 2 && tries < 60; tries++) {
    const before = cpuNow()
    await sleep(1000)
    const isQuiet = cpuNow() - before < 0.06
    rest = isQuiet && (await one(path, 'SELECT count() AS n FROM system.merges')) === 0 ? rest + 1 : 0
  }
}

process.once('message', (task: CeilingTask) => {
  countAndInsert(task).then(
    (report) => process.send?.(report, () => process.disconnect()),
    (error: Error) => {
      console.error(error)
      process.exit(1)
    },
  )
})
