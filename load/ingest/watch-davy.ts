import { setTimeout as sleep } from 'node:timers/promises'
import { cpuSeconds } from './process-figures.ts'
import type { RunningDavy } from './start-davy.ts'

/** What Davy tells about itself at `/metrics`. */
export type DavyFigures = {
  readonly backlogBytes: number
  readonly storedSegments: number
  readonly quarantinedBodies: number
  /** 99 of 100 samples since the last reading were at most so late; each sample takes 10 ms by itself. */
  readonly eventLoopLagP99Ms: number
}

/** Reads the metrics. A reading starts the window of the event loop's lag anew. */
export async function readFigures(davy: RunningDavy): Promise<DavyFigures> {
  const response = await fetch(`${davy.url}/metrics`)
  const text = await response.text()
  if (response.status !== 200) throw new Error(`expected 200 from /metrics, got ${response.status}: ${text}`)
  return {
    backlogBytes: metric(text, 'davy_ingest_backlog_bytes'),
    storedSegments: metric(text, 'davy_ingest_lag_seconds_count'),
    quarantinedBodies: metricSum(text, 'davy_ingest_quarantined_bodies_total'),
    eventLoopLagP99Ms: metric(text, 'nodejs_eventloop_lag_p99_seconds') * 1000,
  }
}

/** Resolves when all that was acknowledged is in ClickHouse. */
export async function untilStored(davy: RunningDavy, withinMs = 120_000): Promise<void> {
  const end = Date.now() + withinMs
  for (;;) {
    const { backlogBytes } = await readFigures(davy)
    if (backlogBytes === 0) return
    if (Date.now() > end) throw new Error(`expected an empty backlog within ${withinMs} ms, ${backlogBytes} bytes wait`)
    await sleep(50)
  }
}

/** Requests (spans of kind SERVER and CONSUMER) of all services, as the API counts them from the rollup. */
export async function countRequests(davy: RunningDavy): Promise<number> {
  const response = await fetch(`${davy.url}/api/v1/services`)
  const text = await response.text()
  if (response.status !== 200) throw new Error(`expected 200 from /api/v1/services, got ${response.status}: ${text}`)
  const { items } = JSON.parse(text) as { items: { versions: { requests: number }[] }[] }
  return items.flatMap(({ versions }) => versions).reduce((sum, { requests }) => sum + requests, 0)
}

const windowMs = 1000
/** Of one core, beyond what the process takes at rest. */
const quietShare = 0.04

/**
 * Resolves when a process has been quiet for two seconds, so that background merges count, too.
 * @param restShare of one core, what it takes at rest.
 * @returns whether it became quiet before `withinMs`.
 */
export async function untilQuiet(pid: number, restShare: number, withinMs = 60_000): Promise<boolean> {
  const end = Date.now() + withinMs
  for (let quiet = 0; quiet < 2; ) {
    if (Date.now() > end) return false
    quiet = (await cpuShare(pid, windowMs)) < restShare + quietShare ? quiet + 1 : 0
  }
  return true
}

/** Share of one core that a process takes over `ms`. */
export async function cpuShare(pid: number, ms: number): Promise<number> {
  const before = cpuSeconds(pid).total
  await sleep(ms)
  return (cpuSeconds(pid).total - before) / (ms / 1000)
}

function metric(text: string, name: string): number {
  const line = text.split('\n').find((each) => each.startsWith(`${name} `))
  if (line === undefined) throw new Error(`expected ${name} in /metrics, it is not there`)
  return Number(line.slice(name.length))
}

/** Over all labels; 0 when there is none yet. */
function metricSum(text: string, name: string): number {
  const values = text.split('\n').filter((line) => line.startsWith(name))
  return values.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
}
