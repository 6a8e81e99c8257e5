import type { Storage } from '../../src/domain/storage.ts'
import { RollupReader } from '../../src/storage/rollup-reader.ts'
import { type Fleet, type Hour, makeFleet, makeHour } from './queries-data.ts'
import { halfResolution, sizeOf, type TableSize, withTables } from './queries-storage.ts'

/** What a process of this file holds: an hour of spans, or the ticks of many services. */
export type Holding = { readonly hour: Hour } | { readonly fleet: Fleet }

/** What may be asked of it, one at a time. */
export type Asked = { readonly runs: number } | { readonly merge: true } | { readonly resolution: true }

/** The cost of a statement at each run: milliseconds that passed, and of processor time. */
export type Runs = { readonly wall: readonly number[]; readonly cpu: readonly number[]; readonly rows: number }

/** What it answers: once when all is made, then to each question. */
export type Answer =
  | { readonly made: { readonly seconds: number; readonly rollup: TableSize; readonly raw: TableSize } }
  | { readonly runs: Runs }
  | { readonly merged: TableSize }
  | { readonly resolution: { readonly full: TableSize; readonly half: TableSize } }

function tell(answer: Answer): void {
  process.send?.(answer)
}

/** The next message of the parent; null when it is gone. */
function heard(): Promise<Asked | null> {
  return new Promise((resolve) => {
    const gone = () => resolve(null)
    process.once('disconnect', gone)
    process.once('message', (asked: Asked) => {
      process.off('disconnect', gone)
      resolve(asked)
    })
  })
}

/** What is asked of the newest ten seconds: in an hour by one service, in a fleet by all, as one tick of the engine does. */
function newestOf(storage: Storage, holding: Holding): () => Promise<readonly unknown[]> {
  const rollups = new RollupReader(storage)
  const { end } = 'hour' in holding ? holding.hour : holding.fleet
  const names =
    'hour' in holding ? ['service-3'] : Array.from({ length: holding.fleet.services }, (_, i) => `service-${i}`)
  return () => rollups.requests(names, (end - 10) * 1000, end * 1000)
}

async function measure(query: () => Promise<readonly unknown[]>, runs: number): Promise<Runs> {
  const wall: number[] = []
  const cpu: number[] = []
  let rows = 0
  for (let run = 0; run < runs; run += 1) {
    const [started, before] = [performance.now(), process.cpuUsage()]
    rows = (await query()).length
    const { user, system } = process.cpuUsage(before)
    wall.push(performance.now() - started)
    cpu.push((user + system) / 1000)
  }
  if (rows === 0) throw new Error('expected rows in the newest ten seconds, got none: nothing was measured')
  return { wall, cpu, rows }
}

async function answer(asked: Asked, storage: Storage, query: () => Promise<readonly unknown[]>): Promise<Answer> {
  if ('runs' in asked) return { runs: await measure(query, asked.runs) }
  if ('resolution' in asked) return { resolution: await halfResolution(storage) }
  await storage.command('OPTIMIZE TABLE rollup_traces_10s FINAL')
  return { merged: await sizeOf(storage, 'rollup_traces_10s') }
}

async function main(holding: Holding): Promise<void> {
  const note = (text: string) => process.stderr.write(`${text}\n`)
  await withTables(async (storage) => {
    const started = performance.now()
    await ('hour' in holding ? makeHour(storage, holding.hour, note) : makeFleet(storage, holding.fleet, note))
    const seconds = (performance.now() - started) / 1000
    const [raw, rollup] = [await sizeOf(storage, 'otel_traces'), await sizeOf(storage, 'rollup_traces_10s')]
    let next = heard()
    tell({ made: { seconds, raw, rollup } })
    const query = newestOf(storage, holding)
    for (let asked = await next; asked !== null; asked = await next) {
      next = heard()
      tell(await answer(asked, storage, query))
    }
  })
}

await main(JSON.parse(process.argv[2] ?? '') as Holding)
