import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { Pool } from 'undici'
import { itemsPerBody, otlpBody, type Signal } from './otlp-bodies.ts'

/** What the generator is asked to do. Bodies are made before the clock runs, and each is sent once. */
export type Task =
  | { readonly do: 'prepare'; readonly signal: Signal; readonly bodies: number; readonly seconds: number }
  | {
      readonly do: 'send'
      readonly url: string
      readonly from: number
      readonly to: number
      readonly connections: number
      /** Items a second, evenly spaced; null: as fast as answers come. */
      readonly rate: number | null
    }

/** `prepared`: gzip and protobuf bytes of all bodies. `sent`: Unix milliseconds, and each acknowledgement's. */
export type Report =
  | { readonly done: 'prepared'; readonly gzipBytes: number; readonly plainBytes: number }
  | {
      readonly done: 'sent'
      readonly startedAt: number
      readonly endedAt: number
      readonly acknowledgementsMs: readonly number[]
      /** Answers that asked to come again later (429, 503); the body was sent again. */
      readonly throttled: number
      readonly cpuSeconds: number
    }
  | { readonly done: 'failed'; readonly error: string }

const compress = promisify(gzip)
/** An empty message, or one with an empty partial_success; anything else tells of items that were left out. */
const fullSuccess = new Set(['', '\n\0'])
const throttledStatuses = new Set([429, 503])

let signal: Signal = 'traces'
let bodies: Buffer[] = []

/** Times advance over the bodies as they would in `seconds` of real traffic that begins now. */
async function prepare(task: Extract<Task, { do: 'prepare' }>): Promise<Report> {
  signal = task.signal
  bodies = []
  let plainBytes = 0
  const startMs = Date.now()
  const running: Promise<void>[] = []
  for (let i = 0; i < task.bodies; i++) {
    const body = otlpBody(signal, startMs + (i / task.bodies) * task.seconds * 1000, Math.random)
    plainBytes += body.length
    running.push(
      compress(body).then((zipped) => {
        bodies[i] = zipped
      }),
    )
    if (running.length >= 8) await Promise.all(running.splice(0))
  }
  await Promise.all(running)
  return { done: 'prepared', gzipBytes: bodies.reduce((sum, body) => sum + body.length, 0), plainBytes }
}

async function send(task: Extract<Task, { do: 'send' }>): Promise<Report> {
  const pool = new Pool(task.url, { connections: task.connections, pipelining: 1 })
  const acknowledgementsMs: number[] = []
  let throttled = 0
  let next = task.from
  const cpuBefore = process.cpuUsage()
  const startedAt = Date.now()
  const start = performance.now()
  async function post(index: number, dueAt: number): Promise<void> {
    for (;;) {
      const { statusCode, body } = await pool.request({
        path: `/v1/${signal}`,
        method: 'POST',
        headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip' },
        body: bodies[index] as Buffer,
      })
      const answer = await body.text()
      if (throttledStatuses.has(statusCode)) {
        throttled++
        await new Promise((resolve) => setTimeout(resolve, 200))
        continue
      }
      if (statusCode !== 200 || !fullSuccess.has(answer)) {
        throw new Error(`expected 200 and an empty answer, got ${statusCode}: ${answer}`)
      }
      acknowledgementsMs.push(performance.now() - dueAt)
      return
    }
  }
  if (task.rate === null) {
    await Promise.all(
      Array.from({ length: task.connections }, async () => {
        while (next < task.to) await post(next++, performance.now())
      }),
    )
  } else {
    // Counted from when a body was due, so that a slow answer is not hidden by the requests that it delays.
    const everyMs = (itemsPerBody / task.rate) * 1000
    const sending: Promise<void>[] = []
    while (next < task.to) {
      const dueAt = start + (next - task.from) * everyMs
      const wait = dueAt - performance.now()
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait))
      sending.push(post(next++, dueAt))
    }
    await Promise.all(sending)
  }
  const endedAt = Date.now()
  await pool.close()
  const { user, system } = process.cpuUsage(cpuBefore)
  return { done: 'sent', startedAt, endedAt, acknowledgementsMs, throttled, cpuSeconds: (user + system) / 1e6 }
}

process.on('message', (task: Task) => {
  const work = task.do === 'prepare' ? prepare(task) : send(task)
  work
    .catch((error: Error): Report => ({ done: 'failed', error: error.stack ?? String(error) }))
    .then((report) => process.send?.(report))
})
process.on('disconnect', () => process.exit(0))
