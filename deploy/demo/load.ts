import { Agent, request } from 'node:http'
import { prices } from './shop/catalogue.ts'

/** What the load generator tells the demo once a second, all counted from its start. */
export type LoadReport = {
  readonly sent: number
  readonly ok: number
  readonly failed: number
  readonly skipped: number
}

const target = process.env.LOAD_TARGET ?? ''
const perSecond = Number(process.env.LOAD_PER_SECOND)
const endsAt = performance.now() + Number(process.env.LOAD_SECONDS) * 1000
/** An open loop does not wait for answers, but a machine that answers none must not be buried either. */
const maxInFlight = 500

const agent = new Agent({ keepAlive: true })
let inFlight = 0
let [sent, ok, failed, skipped] = [0, 0, 0, 0]

function pickRoute(): readonly [method: string, path: string, body: string] {
  const point = Math.random()
  if (point < 0.45) return ['GET', '/cart', '']
  if (point < 0.75) return ['POST', '/checkout', '{}']
  return ['POST', '/pay', JSON.stringify({ item: Math.floor(Math.random() * prices.length) })]
}

function sendOne(): void {
  if (inFlight >= maxInFlight) {
    skipped++
    return
  }
  const [method, path, body] = pickRoute()
  inFlight++
  sent++
  const settle = (success: boolean) => {
    inFlight--
    if (success) ok++
    else failed++
  }
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
  const outgoing = request(target + path, { method, agent, headers, timeout: 10_000 }, (response) => {
    response.resume().on('close', () => settle(response.complete && (response.statusCode ?? 500) < 400))
  })
  outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in 10 s')))
  let answered = false
  outgoing.on('response', () => {
    answered = true
  })
  outgoing.on('error', () => {
    if (!answered) settle(false)
  })
  outgoing.end(body)
}

let dueAt = performance.now()

/** Poisson arrivals: exponential gaps on an absolute timetable, so that a late timer is caught up with, up to 1 s. */
function tick(): void {
  const now = performance.now()
  if (now >= endsAt) {
    process.send?.({ ended: true })
    return
  }
  dueAt = Math.max(dueAt, now - 1000)
  while (dueAt <= now) {
    sendOne()
    dueAt += (-Math.log(1 - Math.random()) / perSecond) * 1000
  }
  setTimeout(tick, dueAt - now)
}

process.on('SIGTERM', () => process.exit(0))
process.on('disconnect', () => process.exit(0))
process.on('SIGINT', () => {})
setInterval(() => process.send?.({ load: { sent, ok, failed, skipped } satisfies LoadReport }), 1000)
process.send?.({ ready: target })
tick()
