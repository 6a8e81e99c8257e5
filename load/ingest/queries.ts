import { fork } from 'node:child_process'
import { once } from 'node:events'
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { machine } from '../accuracy/simulate/machine.ts'
import type { Answer, Asked, Holding, Runs } from './queries-child.ts'
import type { Fleet, Hour } from './queries-data.ts'
import { type Figures, reportOf, summaryOf } from './queries-report.ts'
import { withTables } from './queries-storage.ts'
import { measureViews } from './queries-views.ts'

const usage = `usage: npm run bench:queries -- [--spans N] [--services N] [--json]
  --spans     spans of the busy hour (default 10000000); the quiet one has a hundredth
  --services  services of the tick that reads all (default 1000)
  --json      one object instead of the tables`

const rounds = 20
const runsPerRound = 20
const tickRuns = 30

type Options = { readonly spans: number; readonly services: number; readonly json: boolean }

function readOptions(): Options {
  const { values } = parseArgs({
    options: { spans: { type: 'string' }, services: { type: 'string' }, json: { type: 'boolean' } },
  })
  const spans = Number(values.spans ?? 10_000_000)
  const services = Number(values.services ?? 1000)
  if (!(spans >= 360_000 && services >= 1 && Number.isInteger(spans) && Number.isInteger(services))) {
    throw new Error(`expected --spans of at least 360000 and --services of at least 1, whole numbers\n${usage}`)
  }
  return { spans, services, json: values.json ?? false }
}

/** A process that holds tables: an embedded ClickHouse opens one directory a process. */
type Held = {
  ask(asked: Asked): Promise<Answer>
  readonly made: Extract<Answer, { made: unknown }>['made']
  close(): Promise<void>
}

async function hold(holding: Holding): Promise<Held> {
  const child = fork(new URL('./queries-child.ts', import.meta.url), [JSON.stringify(holding)], {
    env: { ...process.env, UV_THREADPOOL_SIZE: '16' },
  })
  const exited = once(child, 'exit')
  const told = async (): Promise<Answer> => {
    const died = exited.then(([code]) =>
      Promise.reject(new Error(`the process that holds the tables ended with ${code}`)),
    )
    const [answer] = await Promise.race([once(child, 'message'), died])
    return answer as Answer
  }
  const first = await told()
  if (!('made' in first)) throw new Error('expected the tables to be made first')
  return {
    made: first.made,
    ask(asked) {
      const answer = told()
      child.send(asked)
      return answer
    },
    async close() {
      if (child.connected) child.disconnect()
      await exited
    },
  }
}

async function runsOf(held: Held, runs: number): Promise<Runs> {
  const answer = await held.ask({ runs })
  if (!('runs' in answer)) throw new Error(`expected runs, got ${Object.keys(answer).join(', ')}`)
  return answer.runs
}

function joined(parts: readonly Runs[]): Runs {
  return {
    wall: parts.flatMap(({ wall }) => wall),
    cpu: parts.flatMap(({ cpu }) => cpu),
    rows: parts[0]?.rows ?? 0,
  }
}

/** Both hours, asked in turns, so that what else the machine does falls on both. */
async function measureHours(hour: Hour): Promise<Pick<Figures, 'busy' | 'quiet' | 'resolution'>> {
  const held: Held[] = []
  try {
    for (const spans of [Math.round(hour.spans / 100), hour.spans]) held.push(await hold({ hour: { ...hour, spans } }))
    const [quiet, busy] = held as [Held, Held]
    for (const each of held) await runsOf(each, runsPerRound)
    const runs: [Runs[], Runs[]] = [[], []]
    for (let round = 0; round < rounds; round += 1) {
      runs[0].push(await runsOf(quiet, runsPerRound))
      runs[1].push(await runsOf(busy, runsPerRound))
    }
    const answer = await busy.ask({ resolution: true })
    if (!('resolution' in answer)) throw new Error('expected the sizes of two resolutions')
    return {
      quiet: { ...quiet.made, spans: Math.round(hour.spans / 100), query: summaryOf(joined(runs[0])) },
      busy: { ...busy.made, spans: hour.spans, query: summaryOf(joined(runs[1])) },
      resolution: answer.resolution,
    }
  } finally {
    for (const each of held) await each.close()
  }
}

/** One tick of all services: while its rows lie in a part of their own, as in life, and when all is one part. */
async function measureTick(fleet: Fleet): Promise<Figures['tick']> {
  const held = await hold({ fleet })
  try {
    await runsOf(held, 3)
    const fresh = summaryOf(await runsOf(held, tickRuns))
    await held.ask({ merge: true })
    await runsOf(held, 3)
    return { ...held.made, services: fleet.services, fresh, merged: summaryOf(await runsOf(held, tickRuns)) }
  } finally {
    await held.close()
  }
}

async function main(): Promise<void> {
  const { spans, services, json } = readOptions()
  const end = Math.floor(Date.now() / 10_000) * 10
  const hours = await measureHours({ spans, services: 10, pods: 20, operations: 8, end })
  const tick = await measureTick({ services, pods: 20, operations: 3, oldTicks: 54, end })
  const views = await withTables((storage) => measureViews(storage, end))
  const load = loadavg()[0] ?? 0
  const figures = { at: new Date().toISOString(), machine: machine(), load, ...hours, tick, views }
  console.log(json ? JSON.stringify(figures) : reportOf(figures))
}

await main()
