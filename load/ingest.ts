import { check, fail, sleep } from 'k6'
import exec from 'k6/execution'
import http from 'k6/http'
import type { Options } from 'k6/options'

/*
 * k6: a constant rate of OTLP bodies of three signals, and proof afterwards that what was accepted can be asked for.
 *
 *   npm run bench:ingest -- --k6 --seconds 30
 *   node load/ingest/bodies.ts --out /tmp/bodies && k6 run -e BODIES=/tmp/bodies load/ingest.ts
 *
 * The first starts a Davy of its own; the second sends to one that runs.
 *
 * Variables: BODIES (needed), DAVY_URL (http://127.0.0.1:8080), OTLP_URL (http://127.0.0.1:4318), DURATION (30s), TRACES, METRICS, LOGS
 * (bodies of 1,000 items a second: 20, 5, 10), ACK_P99_MS (60). Every fourth body of spans is JSON, made as it is sent; the others
 * are protobuf in gzip from the files. Nobody else may send to this Davy meanwhile: its own counts are compared.
 */

type Signal = 'traces' | 'metrics' | 'logs'
type Manifest = { readonly madeAt: number; readonly count: number; readonly itemsPerBody: number }
/** Spans that were accepted, and requests (one in four of them) that can be asked for. */
type Counts = { readonly accepted: number; readonly requests: number }

const davyUrl = __ENV.DAVY_URL ?? 'http://127.0.0.1:8080'
const otlpUrl = __ENV.OTLP_URL ?? 'http://127.0.0.1:4318'
const duration = __ENV.DURATION ?? '30s'
const directory = __ENV.BODIES
if (directory === undefined) throw new Error('expected -e BODIES=DIRECTORY, as load/ingest/bodies.ts writes it')
const manifest = JSON.parse(open(`${directory}/manifest.json`)) as Manifest
const dayMs = 86_400_000
const ageMs = Date.now() - manifest.madeAt
if (ageMs > dayMs)
  throw new Error(`expected bodies of the last day in ${directory}, got some of ${ageMs / dayMs} days ago`)

const spansPerRequest = 4
const jsonEvery = 4
const jsonSpans = 200
const bodies: Readonly<Record<Signal, readonly ArrayBuffer[]>> = {
  traces: filesOf('traces'),
  metrics: filesOf('metrics'),
  logs: filesOf('logs'),
}

function filesOf(signal: Signal): ArrayBuffer[] {
  return Array.from({ length: manifest.count }, (_, i) => open(`${directory}/${signal}-${i}.pb.gz`, 'b'))
}

function scenario(name: Signal, rate: number) {
  return {
    executor: 'constant-arrival-rate' as const,
    exec: name,
    rate,
    duration,
    preAllocatedVUs: Math.max(2, rate),
    maxVUs: 4 * Math.max(2, rate),
  }
}

export const options: Options = {
  scenarios: {
    traces: scenario('traces', Number(__ENV.TRACES ?? 20)),
    metrics: scenario('metrics', Number(__ENV.METRICS ?? 5)),
    logs: scenario('logs', Number(__ENV.LOGS ?? 10)),
  },
  thresholds: {
    // A failure here is also a 429: at this rate none is expected.
    http_req_failed: ['rate==0'],
    'http_req_duration{kind:otlp}': [`p(99)<${__ENV.ACK_P99_MS ?? 60}`],
    dropped_iterations: ['count==0'],
    checks: ['rate==1'],
  },
  summaryTrendStats: ['min', 'med', 'p(95)', 'p(99)', 'max'],
}

/** @returns what Davy has counted before anything is sent. */
export function setup(): Counts {
  return counts()
}

/** One body of spans. */
export function traces(): void {
  const turn = exec.scenario.iterationInTest
  if (turn % jsonEvery === 0) post('traces', jsonBody(), { 'content-type': 'application/json' })
  else postFile('traces', turn)
}

/** One body of metric points of the five kinds. */
export function metrics(): void {
  postFile('metrics', exec.scenario.iterationInTest)
}

/** One body of log records. */
export function logs(): void {
  postFile('logs', exec.scenario.iterationInTest)
}

/** Waits until everything that was accepted can be asked for, service by service; fails the run when it does not come. */
export function teardown(before: Counts): void {
  for (let tries = 0; tries < 60; tries++) {
    const now = counts()
    const accepted = now.accepted - before.accepted
    const requests = now.requests - before.requests
    if (accepted > 0 && requests * spansPerRequest === accepted) {
      check(null, { 'every accepted span can be asked for': () => true })
      console.log(`${accepted} spans were accepted; their ${requests} requests are counted by the API`)
      return
    }
    sleep(0.5)
  }
  const now = counts()
  check(null, { 'every accepted span can be asked for': () => false })
  fail(`expected a request for four spans each within 30 s, got ${JSON.stringify({ before, now })}`)
}

function postFile(signal: Signal, turn: number): void {
  post(signal, bodies[signal][turn % manifest.count] as ArrayBuffer, {
    'content-type': 'application/x-protobuf',
    'content-encoding': 'gzip',
  })
}

function post(signal: Signal, body: string | ArrayBuffer, headers: Record<string, string>): void {
  const response = http.post(`${otlpUrl}/v1/${signal}`, body, { headers, tags: { kind: 'otlp', name: signal } })
  check(response, {
    // A body of which items were left out has an answer that says which.
    'taken whole': ({ status, body: answer }) =>
      status === 200 && (answer === null || answer === '' || answer === '{}'),
  })
}

/** Spans of one pod that end now: traces of a request and three calls. */
function jsonBody(): string {
  const traceIds = Array.from({ length: jsonSpans / spansPerRequest }, () => hex(32))
  const spans = Array.from({ length: jsonSpans }, (_, i) => {
    const isRequest = i % spansPerRequest === 0
    const endMs = Date.now() - Math.floor(Math.random() * 1000)
    return {
      traceId: traceIds[Math.floor(i / spansPerRequest)],
      spanId: hex(16),
      name: isRequest ? 'GET /items' : 'SELECT items',
      kind: isRequest ? 2 : 3,
      startTimeUnixNano: `${endMs - Math.ceil(Math.random() * 40)}000000`,
      endTimeUnixNano: `${endMs}000000`,
      attributes: [
        { key: 'http.request.method', value: { stringValue: 'GET' } },
        { key: 'http.route', value: { stringValue: '/items' } },
        { key: 'http.response.status_code', value: { intValue: '200' } },
      ],
    }
  })
  const attributes = [
    { key: 'service.name', value: { stringValue: 'k6' } },
    { key: 'service.version', value: { stringValue: '1.0.0' } },
    { key: 'k8s.pod.name', value: { stringValue: `k6-${exec.vu.idInTest}` } },
  ]
  return JSON.stringify({
    resourceSpans: [{ resource: { attributes }, scopeSpans: [{ scope: { name: 'k6' }, spans }] }],
  })
}

function hex(digits: number): string {
  let text = ''
  while (text.length < digits)
    text += Math.floor(Math.random() * 0x10000)
      .toString(16)
      .padStart(4, '0')
  return text
}

/** By the metrics of Davy, and by its API: the services that it lists, each asked for by its name. */
function counts(): Counts {
  const metricsText = String(http.get(`${davyUrl}/metrics`).body)
  const line = /^davy_ingest_items_total\{(?=[^}]*signal="traces")(?=[^}]*outcome="accepted")[^}]*\} (\S+)$/m.exec(
    metricsText,
  )
  const { items } = http.get(`${davyUrl}/api/v1/services`).json() as unknown as { items: { name: string }[] }
  let requests = 0
  for (const { name } of items) {
    const { versions } = http.get(`${davyUrl}/api/v1/services/${encodeURIComponent(name)}`).json() as unknown as {
      versions: { requests: number }[]
    }
    for (const version of versions) requests += version.requests
  }
  return { accepted: line === null ? 0 : Number(line[1]), requests }
}
