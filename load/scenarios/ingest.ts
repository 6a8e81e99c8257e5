import { check } from 'k6'
import exec from 'k6/execution'
import type { Options } from 'k6/options'
import { type Counts, counts, expectAllCounted } from './counts.ts'
import {
  common,
  constantRate,
  durationSeconds,
  gzipProtobuf,
  isTakenWhole,
  number,
  openBodies,
  postTelemetry,
  type Signal,
  scaled,
} from './shared.ts'

/*
 * k6: a constant rate of OTLP bodies of three signals, and proof afterwards that what was accepted can be asked for.
 *
 *   npm run load -- ingest --duration 30
 *   node load/ingest/bodies.ts --out /tmp/bodies && k6 run -e BODIES=/tmp/bodies load/scenarios/ingest.ts
 *
 * The first starts a Davy of its own; the second sends to one that runs.
 *
 * Variables: BODIES (needed), DAVY_URL (http://127.0.0.1:8080), OTLP_URL (http://127.0.0.1:4318), DURATION (30), TRACES, METRICS, LOGS
 * (bodies of 1,000 items a second: 20, 5, 10), SCALE (1, times these), ACK_P99_MS (60). Every fourth body of spans is JSON, made as
 * it is sent; the others are protobuf in gzip from the files. Nobody else may send to this Davy meanwhile: its own counts are compared.
 */

export { handleSummary } from './shared.ts'

const spansPerRequest = 4
const jsonEvery = 4
const jsonSpans = 200
const seconds = durationSeconds(30)
const bodyOf = openBodies()

export const options: Options = {
  scenarios: {
    traces: constantRate('traces', scaled(number('TRACES', 20)), seconds),
    metrics: constantRate('metrics', scaled(number('METRICS', 5)), seconds),
    logs: constantRate('logs', scaled(number('LOGS', 10)), seconds),
  },
  thresholds: {
    // A failure here is also a 429: at this rate none is expected.
    'http_req_failed{kind:otlp}': ['rate==0'],
    'http_req_duration{kind:otlp}': [`p(99)<${number('ACK_P99_MS', 60)}`],
    dropped_iterations: ['count==0'],
    checks: ['rate==1'],
  },
  ...common,
}

/** @returns what Davy has counted before anything is sent. */
export function setup(): Counts {
  return counts()
}

/** One body of spans. */
export function traces(): void {
  const turn = exec.scenario.iterationInTest
  if (turn % jsonEvery === 0) post('traces', jsonBody(), { 'content-type': 'application/json' })
  else post('traces', bodyOf('traces', turn), gzipProtobuf)
}

/** One body of metric points of the five kinds. */
export function metrics(): void {
  post('metrics', bodyOf('metrics', exec.scenario.iterationInTest), gzipProtobuf)
}

/** One body of log records. */
export function logs(): void {
  post('logs', bodyOf('logs', exec.scenario.iterationInTest), gzipProtobuf)
}

export function teardown(before: Counts): void {
  expectAllCounted(before)
}

function post(signal: Signal, body: string | ArrayBuffer, headers: Record<string, string>): void {
  check(postTelemetry(signal, body, headers), { 'taken whole': isTakenWhole })
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
