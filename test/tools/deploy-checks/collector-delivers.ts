/**
 * Starts the collector with a configuration of ours, gives it a span, and prints the header `authorization` with which the span
 * arrives where Davy would be: `node collector-delivers.ts COLLECTOR CONFIGURATION`. Fails with the collector's log after 30 s.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

const span = {
  traceId: '5b8efff798038103d269b633813fc60c',
  spanId: 'eee19b7ec3c1b174',
  name: 'GET /',
  kind: 2,
  startTimeUnixNano: '1',
  endTimeUnixNano: '2',
}
const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] })

let header: string | undefined
const davy = createServer((request, response) => {
  header ??= request.headers.authorization ?? ''
  request.resume().once('end', () => response.end())
}).listen(0, '127.0.0.1')
const free = createServer().listen(0, '127.0.0.1')
await Promise.all([once(davy, 'listening'), once(free, 'listening')])
const at = (server: typeof davy) => `127.0.0.1:${(server.address() as AddressInfo).port}`
const [davyAt, collectorAt] = [at(davy), at(free)]
free.close()

const settings = {
  'exporters.otlphttp/davy.endpoint': `http://${davyAt}`,
  'receivers.otlp.protocols.http.endpoint': collectorAt,
  'receivers.otlp.protocols.grpc.endpoint': '127.0.0.1:0',
  'service.telemetry.metrics.level': 'none',
}
const [program, configuration] = process.argv.slice(2)
const collector = spawn(
  program!,
  [`--config=${configuration}`, ...Object.entries(settings).map(([key, value]) => `--set=${key}=${value}`)],
  { stdio: ['ignore', 'ignore', 'pipe'] },
)
let log = ''
collector.stderr.setEncoding('utf8').on('data', (chunk: string) => {
  log += chunk
})

/** Whether the collector took the span; false while it starts. */
async function sent(): Promise<boolean> {
  const request = { method: 'POST', headers: { 'content-type': 'application/json' }, body }
  return fetch(`http://${collectorAt}/v1/traces`, request).then(
    ({ ok }) => ok,
    () => false,
  )
}

const deadline = performance.now() + 30_000
const isWaiting = () => header === undefined && collector.exitCode === null && performance.now() < deadline
while (isWaiting() && !(await sent())) await delay(100)
while (isWaiting()) await delay(100)
collector.kill()
davy.close()
if (header === undefined) throw new Error(`expected a span from the collector, got none. Its log:\n${log}`)
process.stdout.write(`${header}\n`)
