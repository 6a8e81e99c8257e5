import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { machine } from '../accuracy/simulate/machine.ts'
import { keepFigures } from './bench-figures.ts'
import {
  collectorUntilWritten,
  type FullRate,
  fullRate,
  steadyRate,
  untilAccepted,
  warmUp,
  warmUpBodies,
} from './bench-phases.ts'
import { figuresOf, type Measured, reportOf } from './bench-report.ts'
import type { CeilingReport, CeilingTask } from './ceiling.ts'
import { itemsPerBody, type Signal, signals } from './otlp-bodies.ts'
import { peakRssMiB } from './process-figures.ts'
import { type RunningDavy, startDavy } from './start-davy.ts'
import { type Generator, startGenerator } from './start-generator.ts'
import { countRequests, cpuShare, readFigures, untilStored } from './watch-davy.ts'

const usage = `usage: npm run bench:ingest -- [--seconds N] [--only spans|metrics|logs] [--json]
  --seconds  how long the full rate lasts, about (default 15; metrics and logs get a third each)
  --only     one signal; without it spans, metrics and logs, one after the other
  --json     one object instead of the tables; the newest one is in load/out/bench-ingest.json, too`

/** Items a second that bodies are prepared for; a machine that is faster is done sooner. */
const nominalRate = 60_000
/** After its start a process is at rest. */
const settleMs = 3000
/** One request (SERVER span) in four spans. */
const spansPerRequest = 4
const signalsByName: Readonly<Record<string, Signal>> = { spans: 'traces', metrics: 'metrics', logs: 'logs' }

type Options = { readonly seconds: number; readonly only: Signal | null; readonly json: boolean }

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string' },
      only: { type: 'string' },
      json: { type: 'boolean' },
    },
  })
  const seconds = Number(values.seconds ?? 15)
  const only = values.only === undefined ? null : signalsByName[values.only]
  if (!(seconds >= 1 && seconds <= 600) || only === undefined) {
    throw new Error(`expected --seconds from 1 to 600 and --only spans, metrics or logs\n${usage}`)
  }
  return { seconds, only, json: values.json ?? false }
}

function note(text: string): void {
  process.stderr.write(`${text}\n`)
}

async function main(): Promise<void> {
  const options = readOptions()
  const directory = mkdtempSync(join(tmpdir(), 'davy-bench-'))
  const generator = startGenerator()
  try {
    const figures = figuresOf(await measure(options, directory, generator))
    keepFigures(figures)
    console.log(options.json ? JSON.stringify(figures) : reportOf(figures))
  } finally {
    generator.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

async function measure(options: Options, directory: string, generator: Generator): Promise<Measured> {
  const davyDirectory = room(directory, 'davy')
  const davy = await startDavy(davyDirectory)
  const full: Partial<Record<Signal, FullRate>> = {}
  const expected: Partial<Record<Signal, number>> = {}
  let halfRate: Measured['halfRate'] = null
  let sideBySide: Pick<Measured, 'accepting' | 'collector'> = { accepting: null, collector: null }
  let rssMiB: number
  try {
    // Before the first body: later, merges of what was sent would pass for rest.
    await sleep(settleMs)
    const restShare = await cpuShare(davy.pid, 4000)
    for (const signal of options.only === null ? signals : [options.only]) {
      const isTraces = signal === 'traces'
      const seconds = isTraces ? options.seconds : Math.max(1, options.seconds / 3)
      const count = Math.ceil((seconds * nominalRate) / itemsPerBody)
      const half = isTraces ? Math.ceil(count / 3) : 0
      const bodies = count + half + warmUpBodies
      note(`${signal}: making ${bodies} bodies of ${itemsPerBody}`)
      const made = await generator.prepare({ signal, bodies, seconds: (bodies * itemsPerBody) / nominalRate })
      const bytes = { gzip: made.gzipBytes / bodies / itemsPerBody, plain: made.plainBytes / bodies / itemsPerBody }
      const warm = { from: count + half, to: bodies }
      await warmUp(davy.otlpUrl, generator, warm)
      await untilStored(davy)
      note(`${signal}: full rate`)
      const phase = await fullRate(davy, generator, signal, { from: 0, to: count }, bytes, restShare)
      full[signal] = phase
      expected[signal] = bodies * itemsPerBody
      if (!isTraces) continue
      const rate = phase.itemsPerSecond / 2
      note(`${signal}: half of it, ${Math.round(rate)}/s`)
      halfRate = {
        rate,
        acknowledgementsMs: await steadyRate(davy, generator, { from: count, to: count + half }, rate),
      }
      await expectRequests(davy, (bodies * itemsPerBody) / spansPerRequest)
      sideBySide = await besides(directory, generator, warm, Math.min(count, 300))
    }
    const { quarantinedBodies } = await readFigures(davy)
    if (quarantinedBodies > 0) throw new Error(`expected no body to be put aside, got ${quarantinedBodies}`)
    rssMiB = peakRssMiB(davy.pid)
    await davy.stop()
  } catch (error) {
    await davy.kill()
    throw new Error(`the benchmark failed; Davy said: ${davy.troubles.join('\n') || 'nothing'}`, { cause: error })
  }
  note('counting, and the ceiling')
  const report = await inCeilingProcess({
    data: join(davyDirectory, 'data'),
    work: room(directory, 'work'),
    rowsPerInsert: full.traces?.itemsPerSegment ?? 1,
    spansPerSecond: nominalRate,
    mostRows: full.traces?.items ?? 0,
  })
  expectCounts(report, expected)
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: machine(),
    engine: report.engine,
    ...{ full, halfRate, ...sideBySide, ceiling: report.ceiling, parts: report.parts, rssMiB },
  }
}

/** The same bodies into a Davy that stores nothing yet, and into a Collector. */
async function besides(directory: string, generator: Generator, warm: { from: number; to: number }, count: number) {
  const bodies = { from: 0, to: count }
  const items = count * itemsPerBody
  note('until accepted')
  const cpu = await untilAccepted(room(directory, 'accepting'), generator, warm, bodies)
  note('the Collector')
  const collector = await collectorUntilWritten(room(directory, 'collector'), generator, warm, bodies)
  return { accepting: { items, cpu }, collector: collector === null ? null : { items, ...collector } }
}

/** Through the API: what is counted there is stored and rolled up. */
async function expectRequests(davy: RunningDavy, expected: number): Promise<void> {
  const got = await countRequests(davy)
  if (got !== expected) throw new Error(`expected ${expected} requests at /api/v1/services, got ${got}`)
}

function expectCounts(
  { counts, distinctSpanIds, ceiling }: CeilingReport,
  sent: Partial<Record<Signal, number>>,
): void {
  const sum = (pattern: RegExp) =>
    Object.entries(counts).reduce((total, [table, count]) => (pattern.test(table) ? total + count : total), 0)
  const pairs: [string, number | undefined, number][] = [
    ['otel_traces', sent.traces, sum(/^otel_traces$/)],
    ['distinct span ids', sent.traces, distinctSpanIds],
    ['rollup_traces_10s', sent.traces, sum(/^rollup_traces_10s$/)],
    ['otel_logs', sent.logs, sum(/^otel_logs$/)],
    ['otel_metrics_*', sent.metrics, sum(/^otel_metrics_/)],
    ['the rollup of the ceiling', ceiling?.rows, ceiling?.rolledUp ?? 0],
  ]
  for (const [what, expected, got] of pairs) {
    if (expected !== undefined && expected !== got) throw new Error(`expected ${expected} in ${what}, got ${got}`)
  }
}

async function inCeilingProcess(task: CeilingTask): Promise<CeilingReport> {
  const child = fork(new URL('./ceiling.ts', import.meta.url), {
    env: { ...process.env, UV_THREADPOOL_SIZE: '16' },
  })
  const answer = once(child, 'message') as Promise<[CeilingReport]>
  const failure = once(child, 'exit').then(([code]) => {
    throw new Error(`the process of the ceiling ended with ${code}`)
  })
  child.send(task)
  const [report] = await Promise.race([answer, failure])
  failure.catch(() => undefined)
  return report
}

function room(directory: string, name: string): string {
  const path = join(directory, name)
  mkdirSync(path)
  return path
}

await main()
