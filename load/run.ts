import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { machine } from './accuracy/simulate/machine.ts'
import { type LogEntry, startDavy } from './ingest/start-davy.ts'
import { toolPath } from './ingest/tool-path.ts'
import { type Beside, type Scenario, scenarios } from './scenarios/index.ts'
import { csvOf } from './summary/course.ts'
import type { Finding } from './summary/finding.ts'
import { type K6Summary, k6Findings } from './summary/k6-findings.ts'
import { htmlOf, isKept, markdownOf, type Report } from './summary/report.ts'
import { watchResources } from './watch-resources.ts'

const usage = `usage: npm run load -- SCENARIO [--duration SECONDS] [--scale SHARE] [-e NAME=VALUE]
  SCENARIO    ${Object.keys(scenarios).join(', ')}
  --duration  how long load is sent; each has its own default
  --scale     a share of its rates (default 1)
  -e          a variable of the scenario, as the head of load/scenarios/SCENARIO.ts names it; again for another
  Starts a Davy of its own, prints a table and writes it to load/out/SCENARIO. Ends with 0 when everything held, else with 99; with 1 when
  it could not run.`

/** k6's exit code when a threshold does not hold. */
const thresholdCode = 99

type Options = {
  readonly name: string
  readonly scenario: Scenario
  readonly seconds: number
  readonly variables: Readonly<Record<string, string>>
}

function readOptions(): Options {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      duration: { type: 'string' },
      scale: { type: 'string', default: '1' },
      env: { type: 'string', short: 'e', multiple: true, default: [] },
    },
  })
  const [name = '', ...more] = positionals
  const scenario = Object.hasOwn(scenarios, name) ? scenarios[name] : undefined
  if (scenario === undefined || more.length > 0)
    throw new Error(`expected one scenario, got ${name || 'none'}\n${usage}`)
  const seconds = Number(values.duration ?? scenario.seconds)
  const isGood = Number.isInteger(seconds) && seconds > 0 && Number(values.scale) > 0
  if (!isGood) throw new Error(`expected whole seconds in --duration and a number above 0 in --scale\n${usage}`)
  const own = values.env.map((pair) => {
    const at = pair.indexOf('=')
    if (at < 1) throw new Error(`expected -e NAME=VALUE, got ${pair}\n${usage}`)
    return [pair.slice(0, at), pair.slice(at + 1)] as const
  })
  return { name, scenario, seconds, variables: { SCALE: values.scale, ...Object.fromEntries(own) } }
}

async function main(): Promise<void> {
  const options = readOptions()
  const k6 = toolPath('k6')
  if (!existsSync(k6)) {
    throw new Error(`expected k6 at ${k6}: go install go.k6.io/k6@latest makes one, to be moved there`)
  }
  const directory = mkdtempSync(join(tmpdir(), 'davy-load-'))
  try {
    const report = await run(options, k6, directory)
    const out = join(import.meta.dirname, 'out', options.name)
    writeFileSync(join(out, 'summary.md'), markdownOf(report))
    writeFileSync(join(out, 'summary.html'), htmlOf(report))
    writeFileSync(join(out, 'resources.csv'), csvOf(report.samples))
    console.log(markdownOf(report))
    console.log(`written to ${relative(process.cwd(), out)}`)
    process.exitCode = isKept(report) ? 0 : thresholdCode
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

async function run({ name, scenario, seconds, variables }: Options, k6: string, directory: string): Promise<Report> {
  const before = loadavg()[0] ?? 0
  const out = join(import.meta.dirname, 'out', name)
  rmSync(out, { recursive: true, force: true })
  mkdirSync(out, { recursive: true })
  const summary = join(out, 'k6.json')
  const bodies = join(directory, 'bodies')
  if (scenario.needsBodies) await makeBodies(bodies)
  const home = join(directory, 'davy')
  mkdirSync(home)
  const davy = await startDavy(home)
  const watching = watchResources(davy, join(home, 'data'), scenario.watchEveryMs)
  let beside: Beside | null = null
  try {
    beside = (await scenario.beside?.()) ?? null
    const all = {
      ...{ DAVY_URL: davy.url, OTLP_URL: davy.otlpUrl, BODIES: bodies, DURATION: String(seconds), SUMMARY: summary },
      ...beside?.variables,
      ...variables,
    }
    const started = Date.now()
    const code = await runK6(k6, fileURLToPath(scenario.script), all, join(out, 'charts.html'))
    const lasted = (Date.now() - started) / 1000
    // Read before anything else may fail: what k6 said is worth more than why it ended.
    if (!existsSync(summary)) throw new Error(`k6 ended with ${code} and wrote no summary`)
    const samples = await watching.stop()
    await beside?.asked?.(davy)
    await davy.stop()
    const fromK6 = k6Findings(JSON.parse(readFileSync(summary, 'utf8')) as K6Summary)
    const findings = [
      ...(scenario.endsByThreshold === true ? fromK6.map(asEnd) : fromK6),
      endOfK6(code, scenario.endsByThreshold === true),
      ...(scenario.findings?.(samples) ?? []),
      ...((await beside?.findings?.(home)) ?? []),
      quietness(davy.troubles),
    ]
    return {
      ...{ scenario: name, about: scenario.about, date: new Date().toISOString().slice(0, 16).replace('T', ' ') },
      ...{ machine: machine(), command: commandLine(), k6: versionOf(k6), seconds: lasted, findings, samples },
      loadAverage: [before, loadavg()[0] ?? 0],
      figures: [
        ['largest resident memory, MiB', String(Math.round(Math.max(...samples.map(({ rssMiB }) => rssMiB))))],
        ...(scenario.figures?.(samples) ?? []),
      ],
    }
  } catch (error) {
    throw new Error(`${name} failed; Davy said: ${davy.troubles.join('\n') || 'nothing'}`, { cause: error })
  } finally {
    await beside?.close()
    await davy.kill()
  }
}

async function makeBodies(directory: string): Promise<void> {
  const made = await exitCode(
    fork(new URL('./ingest/bodies.ts', import.meta.url), ['--out', directory], { silent: true }),
  )
  if (made !== 0) throw new Error(`expected load/ingest/bodies.ts to end with 0, got ${made}`)
}

function runK6(
  k6: string,
  script: string,
  variables: Readonly<Record<string, string>>,
  charts: string,
): Promise<number> {
  const args = Object.entries(variables).flatMap(([name, value]) => ['-e', `${name}=${value}`])
  const child = spawn(k6, ['run', '--quiet', '--address', '127.0.0.1:0', ...args, script], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...process.env,
      K6_NO_USAGE_REPORT: 'true',
      K6_AUTO_EXTENSION_RESOLUTION: 'false',
      ...{ K6_WEB_DASHBOARD: 'true', K6_WEB_DASHBOARD_PORT: '-1', K6_WEB_DASHBOARD_PERIOD: '2s' },
      K6_WEB_DASHBOARD_EXPORT: charts,
    },
  })
  return exitCode(child)
}

async function exitCode(child: ChildProcess): Promise<number> {
  const [code] = (await once(child, 'exit')) as [number | null]
  return code ?? 1
}

/** Where a threshold is what ends the run, the line says so and does not judge; its checks do. */
function asEnd(finding: Finding): Finding {
  if (!finding.what.startsWith('http_req')) return finding
  return { ...finding, limit: `${finding.limit}, else the end`, isKept: true }
}

function endOfK6(code: number, mayBreak: boolean): Finding {
  const isKept = code === 0 || (mayBreak && code === thresholdCode)
  return { what: "k6's exit code", measured: String(code), limit: mayBreak ? '0 or 99' : '0', isKept }
}

/** Warnings are for audits, too: that somebody overrode a verdict is one. */
function quietness(troubles: readonly string[]): Finding {
  const errors = troubles.filter((line) => !line.startsWith('{') || (JSON.parse(line) as LogEntry).level !== 'warn')
  const measured = errors.length === 0 ? '0' : `${errors.length}: ${shortened(errors[0] as string)}`
  return { what: 'errors that Davy logged', measured, limit: '0', isKept: errors.length === 0 }
}

/** A line of the log without stack and ids; any other line as it is. */
function shortened(line: string): string {
  if (!line.startsWith('{')) return line.slice(0, 200)
  const { msg, part, err } = JSON.parse(line) as LogEntry & { part?: string; err?: { message: string } }
  return [msg, part, err?.message].filter((each) => each !== undefined).join(': ')
}

function commandLine(): string {
  return ['npm run load --', ...process.argv.slice(2)].join(' ')
}

/** The first words of `k6 v1.8.1 (go1.26.8, linux/amd64)`. */
function versionOf(k6: string): string {
  return execFileSync(k6, ['version'], { encoding: 'utf8' }).split(' (')[0]?.trim() ?? 'k6'
}

try {
  await main()
} catch (error) {
  console.error(error)
  process.exitCode = 1
}
