import { check } from 'k6'
import exec from 'k6/execution'
import http, { type Params, type Response } from 'k6/http'
import type { Scenario } from 'k6/options'

/*
 * What all k6 scenarios share. They run in k6, not in Node: nothing of Node can be imported here, nor from here.
 */

export type Signal = 'traces' | 'metrics' | 'logs'
type Manifest = { readonly madeAt: number; readonly count: number; readonly itemsPerBody: number }

/** Of the API, and of OTLP over HTTP. */
export const davyUrl = __ENV.DAVY_URL ?? 'http://127.0.0.1:8080'
const otlpUrl = __ENV.OTLP_URL ?? 'http://127.0.0.1:4318'

/** How long load is sent, in seconds: DURATION. */
export function durationSeconds(byDefault: number): number {
  return number('DURATION', byDefault)
}

/** A variable that is a number. @throws Error for any other text. */
export function number(name: string, byDefault: number): number {
  const text = __ENV[name]
  const value = text === undefined ? byDefault : Number(text)
  if (!Number.isFinite(value) || text === '') throw new Error(`expected a number in ${name}, got ${text}`)
  return value
}

/** A rate a second, times SCALE. */
export function scaled(rate: number): number {
  return rate * number('SCALE', 1)
}

/**
 * Options of every scenario. With the number of samples, so that a threshold over nothing is not taken for one that holds; k6 ends a
 * setup after a minute, which on a busy machine is short.
 */
export const common = {
  summaryTrendStats: ['count', 'min', 'med', 'p(95)', 'p(99)', 'max'],
  setupTimeout: '300s',
  teardownTimeout: '300s',
}

/** What the runner makes its tables from. */
export function handleSummary(data: unknown): Record<string, string> {
  const file = __ENV.SUMMARY
  return file === undefined ? { stdout: JSON.stringify(data) } : { [file]: JSON.stringify(data) }
}

/** A function of the script at a constant rate, also when answers are late; a rate below one a second is one in several. */
export function constantRate(exec: string, perSecond: number, seconds: number): Scenario {
  const isWhole = Number.isInteger(perSecond)
  const vus = Math.max(2, Math.ceil(perSecond))
  return {
    executor: 'constant-arrival-rate',
    exec,
    rate: isWhole ? perSecond : Math.max(1, Math.round(perSecond * 60)),
    timeUnit: isWhole ? '1s' : '60s',
    duration: `${seconds}s`,
    preAllocatedVUs: vus,
    maxVUs: 4 * vus,
  }
}

/** Bodies in gzip that `load/ingest/bodies.ts` wrote into the directory BODIES, by signal and turn. */
export function openBodies(): (signal: Signal, turn: number) => ArrayBuffer {
  const directory = __ENV.BODIES
  if (directory === undefined) throw new Error('expected -e BODIES=DIRECTORY, as load/ingest/bodies.ts writes it')
  const manifest = JSON.parse(open(`${directory}/manifest.json`)) as Manifest
  const days = (Date.now() - manifest.madeAt) / 86_400_000
  if (days > 1) throw new Error(`expected bodies of the last day in ${directory}, got some of ${days} days ago`)
  const filesOf = (signal: Signal) =>
    Array.from({ length: manifest.count }, (_, i) => open(`${directory}/${signal}-${i}.pb.gz`, 'b'))
  const bodies = { traces: filesOf('traces'), metrics: filesOf('metrics'), logs: filesOf('logs') }
  return (signal, turn) => bodies[signal][turn % manifest.count] as ArrayBuffer
}

/** Sends a body of telemetry; its duration and failure are counted under `kind:otlp`. */
export function postTelemetry(
  signal: Signal,
  body: string | ArrayBuffer,
  headers: Record<string, string>,
  tags: Record<string, string> = {},
): Response {
  return http.post(`${otlpUrl}/v1/${signal}`, body, { headers, tags: { kind: 'otlp', name: signal, ...tags } })
}

export const gzipProtobuf = { 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip' }

/** A body of which items were left out has an answer that says which. */
export function isTakenWhole({ status, body }: Response): boolean {
  return status === 200 && (body === null || body === '' || body === '{}')
}

/** Sends a body of telemetry that must be taken whole. */
export function sendWhole(signal: Signal, body: ArrayBuffer): void {
  check(postTelemetry(signal, body, gzipProtobuf), { 'telemetry is taken whole': isTakenWhole })
}

/** Calls the API with JSON; counted under `kind:` the given one. */
export function callApi(method: string, path: string, kind: string, body?: object, params: Params = {}): Response {
  const text = body === undefined ? null : JSON.stringify(body)
  return http.request(method, davyUrl + path, text, {
    ...params,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...params.headers },
    tags: { kind, name: kind },
  })
}

/** The parsed answer of a call that must succeed. @throws Error which ends the run, with the answer. */
export function callOrFail<Answer>(method: string, path: string, body?: object): Answer {
  const response = callApi(method, path, 'setup', body)
  if (response.status >= 200 && response.status < 300) return response.json() as unknown as Answer
  exec.test.abort(`${method} ${path} answered ${response.status}: ${response.body}`)
  throw new Error('aborted')
}

/**
 * A number from Davy's own metrics: the sum over all that have these labels.
 * @param ifAbsent where a metric comes with its first event. @throws Error without it, when there is none of that name.
 */
export function metricSum(name: string, labels: readonly string[] = [], ifAbsent: number | null = null): number {
  const lines = String(http.get(`${davyUrl}/metrics`, { tags: { kind: 'metrics' } }).body).split('\n')
  const own = lines.filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
  if (own.length === 0 && ifAbsent !== null) return ifAbsent
  if (own.length === 0) throw new Error(`expected ${name} in /metrics, it is not there`)
  const wanted = own.filter((line) => labels.every((label) => line.includes(label)))
  return wanted.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}
