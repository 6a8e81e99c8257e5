import { parseArgs } from 'node:util'
import { otlpMakers } from './fuzz-makers.ts'
import { remoteWriteMakers } from './fuzz-remote-write.ts'
import { type FuzzSummary, fuzz } from './fuzz-run.ts'
import { startWatchdog } from './fuzz-watchdog.ts'

/*
 * Damaged and strange bodies through the receivers, and what they take, with good neighbours between, through segments and
 * INSERTs into an embedded ClickHouse: `npm run fuzz:ingest -- --bodies 1000000 --seed 1`. Every row is compared with what
 * was sent. Ends with 1 when a row is missing, is there that nobody sent, or when anything failed that should not.
 * `--first 4711 --bodies 1` makes one body again.
 */

const { values } = parseArgs({
  options: {
    bodies: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    first: { type: 'string', default: '0' },
    batch: { type: 'string', default: '30000' },
  },
})

function whole(name: keyof typeof values): number {
  const value = Number(values[name])
  if (Number.isInteger(value) && value >= 0) return value
  throw new Error(`--${name}: expected a whole number, got ${values[name]}`)
}

const stallMs = 120_000
const number = new Intl.NumberFormat('en-US')
const startedAt = Date.now()

function tell({ bodies, taken, rows, neighbours, findings, slowestMs }: FuzzSummary): void {
  const seconds = Math.round((Date.now() - startedAt) / 1000)
  const counts = { bodies, taken, rows, 'good neighbours': neighbours, findings: findings.length }
  const words = Object.entries(counts).map(([name, count]) => `${number.format(count)} ${name}`)
  console.log(`${seconds} s: ${words.join(', ')}; the slowest took ${slowestMs.toFixed(1)} ms`)
}

const watchdog = startWatchdog(stallMs)
const seed = whole('seed')
const summary = await fuzz({
  ...{ bodies: whole('bodies'), first: whole('first'), batch: Math.max(1, whole('batch')), seed },
  makers: [...otlpMakers(seed, startedAt), ...remoteWriteMakers(seed, startedAt)],
  beat: watchdog.beat,
  progress: tell,
})
await watchdog.stop()
for (const finding of summary.findings) console.log(`FINDING: ${finding}`)
for (const [name, count] of summary.takenBy) console.log(`taken of ${name}: ${number.format(count)}`)
console.log(`The slowest body in a receiver was ${summary.slowestBody}, with ${summary.slowestMs.toFixed(1)} ms.`)
console.log(
  summary.findings.length === 0 ? 'No crash, no hang, no lost neighbour, no row that was not sent.' : 'FAILED',
)
process.exitCode = summary.findings.length === 0 ? 0 : 1
