import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { EmbeddedStorage } from '../../src/storage/embedded.ts'
import { seeded } from '../../test/receivers/otlp/mutate.ts'
import { killOptions } from '../kill-options.ts'
import { findingsOf, isFaultless, type SignalFindings } from './kill-findings.ts'
import { type Ledger, newLedger, sendUntilGone } from './kill-senders.ts'
import { signals } from './otlp-bodies.ts'

/*
 * kill -9 at random points, under load of all three signals, plain and in gzip: `npm run test:kill -- --kills 50 --seed 1`.
 * Then every id that was acknowledged is looked for in the raw tables and the rollups. Ends with 1 when one is missing,
 * one is there twice, or a rollup counts otherwise than its raw table.
 */

const { kills, seed } = killOptions(50)

/** One kill in four hits a start, which is a recovery; the others hit Davy under load. */
const shareOfStarts = 0.25
const longestStartMs = 900
const longestLoadMs = 3_000
/** Small segments meet a kill at every step of their lives, large ones with much in them. */
const segmentSizes = [16_384, 262_144, 16 * 2 ** 20]
const segmentAges = [60, 200, 1_000]

const root = join(import.meta.dirname, '../..')
const number = new Intl.NumberFormat('en-US')

type Davy = { readonly process: ChildProcess; readonly ready: Promise<{ url: string; otlpUrl: string } | null> }

/** Starts a real `davy serve` on free ports. `ready` is null when it ends before. */
function serve(data: string, random: () => number): Davy {
  const child = spawn(process.execPath, [join(root, 'src/main.ts'), 'serve'], {
    env: {
      PATH: process.env.PATH,
      UV_THREADPOOL_SIZE: '16',
      DAVY_STORAGE_URL: `chdb:${data}`,
      ...{ DAVY_PORT: '0', DAVY_OTLP_HTTP_PORT: '0', DAVY_OTLP_GRPC_PORT: '0' },
      DAVY_INGEST_SEGMENT_MAX_AGE_MS: String(oneOf(segmentAges, random)),
      DAVY_INGEST_SEGMENT_MAX_BYTES: String(oneOf(segmentSizes, random)),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ready = new Promise<{ url: string; otlpUrl: string } | null>((resolve) => {
    child.once('exit', () => resolve(null))
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (!line.startsWith('{')) return
      const { msg, address, otlp } = JSON.parse(line) as { msg: string; address: string; otlp: string }
      if (msg === 'Davy is ready') resolve({ url: address, otlpUrl: otlp })
    })
  })
  return { process: child, ready }
}

function oneOf<T>(list: readonly T[], random: () => number): T {
  return list[Math.floor(random() * list.length)] as T
}

async function kill(davy: Davy): Promise<void> {
  if (davy.process.exitCode !== null) throw new Error(`Davy ended by itself, with ${davy.process.exitCode}`)
  const exited = once(davy.process, 'exit')
  davy.process.kill('SIGKILL')
  await exited
}

/** One start, some load, and the kill. @returns when it came, in words. */
async function round(index: number, data: string, ledger: Ledger, random: () => number): Promise<string> {
  const davy = serve(data, random)
  if (random() < shareOfStarts) {
    const afterMs = random() * longestStartMs
    const came = await Promise.race([davy.ready, sleep(afterMs, 'waited' as const)])
    if (came === null) throw new Error(`Davy did not start: it ended with ${davy.process.exitCode}`)
    await kill(davy)
    return `${came === 'waited' ? 'while it started' : 'just started'}, ${Math.round(afterMs)} ms`
  }
  const addresses = await davy.ready
  if (addresses === null) throw new Error(`Davy did not start: it ended with ${davy.process.exitCode}`)
  const sending = sendUntilGone(addresses.otlpUrl, index, ledger, random)
  const afterMs = random() * longestLoadMs
  await sleep(afterMs)
  await kill(davy)
  await sending
  return `under load, ${Math.round(afterMs)} ms`
}

/** What the kill left in the segment directories, in words. */
function leftOnDisk(data: string): string {
  const counts = new Map<string, number>()
  let bytes = 0
  for (const signal of signals) {
    const directory = join(data, 'segments', signal)
    if (!existsSync(directory)) continue
    for (const name of readdirSync(directory)) {
      const kind = /\.(seg|open|part|again)$/.exec(name)?.[1]
      if (kind === undefined) continue
      counts.set(kind, (counts.get(kind) ?? 0) + 1)
      bytes += statSync(join(directory, name)).size
    }
  }
  const words = [...counts].map(([kind, count]) => `${count} .${kind}`).join(', ')
  return words === '' ? 'nothing left' : `left ${words} (${number.format(bytes)} bytes)`
}

function acknowledgedBefore(ledger: Ledger, index: number): number {
  let items = 0
  for (const signal of signals) {
    for (const { round: at, isAcknowledged, count } of ledger.bodies[signal]) {
      if (at === index && isAcknowledged) items += count
    }
  }
  return items
}

/** Lets Davy store what is left, stops it, and looks into its storage. */
async function finish(data: string, ledger: Ledger): Promise<readonly SignalFindings[]> {
  const davy = serve(data, Math.random)
  const addresses = await davy.ready
  if (addresses === null) throw new Error(`Davy did not start: it ended with ${davy.process.exitCode}`)
  for (;;) {
    const text = await (await fetch(`${addresses.url}/metrics`)).text()
    if (/^davy_ingest_backlog_bytes 0$/m.test(text)) break
    await sleep(100)
  }
  const exited = once(davy.process, 'exit')
  davy.process.kill('SIGTERM')
  const [code] = (await exited) as [number | null]
  if (code !== 0) throw new Error(`Davy did not stop as it should: exit code ${code}`)
  for (const signal of signals) {
    const names = readdirSync(join(data, 'segments', signal), { recursive: true })
    if (names.join() !== 'quarantine')
      throw new Error(`expected no segments of ${signal} and an empty quarantine, got ${names}`)
  }
  const storage = EmbeddedStorage.open(data)
  try {
    return await findingsOf(storage, ledger)
  } finally {
    await storage.close()
  }
}

function tell(findings: readonly SignalFindings[]): void {
  for (const { signal, sent, acknowledged, stored, doubled, foreign, lost, rolledUp } of findings) {
    const lostItems = [...lost.values()].reduce((sum, items) => sum + items, 0)
    const counts = { sent, acknowledged, stored, 'in the rollup': rolledUp, lost: lostItems, doubled, foreign }
    const words = Object.entries(counts).map(([name, count]) => `${number.format(count)} ${name}`)
    console.log(`${signal}: ${words.join(', ')}`)
    for (const [index, items] of lost)
      console.log(`  LOST: ${items} acknowledged ${signal} items, sent before kill ${index}`)
  }
}

const directory = mkdtempSync(join(tmpdir(), 'davy-kill-'))
const data = join(directory, 'data')
const random = seeded(seed)
const ledger = newLedger()
console.log(`${kills} kills, seed ${seed}, in ${directory}`)
for (let index = 1; index <= kills; index += 1) {
  const when = await round(index, data, ledger, random)
  const items = number.format(acknowledgedBefore(ledger, index))
  console.log(
    `kill ${String(index).padStart(3)} of ${kills}: ${when}; ${items} items acknowledged; ${leftOnDisk(data)}`,
  )
}
const findings = await finish(data, ledger)
tell(findings)
const unwanted = [...ledger.unwanted].map(([status, count]) => `${count} × ${status}`)
console.log(`answers to come later (429, 503): ${ledger.later}; other refusals: ${unwanted.join(', ') || 'none'}`)
const isGood = findings.every(isFaultless) && unwanted.length === 0
console.log(isGood ? 'Nothing acknowledged was lost, nothing is there twice.' : `FAILED; the data stay in ${data}`)
if (isGood) rmSync(directory, { recursive: true })
process.exitCode = isGood ? 0 : 1
