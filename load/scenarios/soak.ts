import { check } from 'k6'
import exec from 'k6/execution'
import http from 'k6/http'
import type { Options } from 'k6/options'
import { services } from '../ingest/fleet.ts'
import {
  callApi,
  callOrFail,
  common,
  constantRate,
  durationSeconds,
  number,
  type Signal,
  scaled,
  sendWhole,
} from './shared.ts'

/*
 * k6: rather more than half of what a machine of two cores can do, with merges and mining, for two hours. The runner looks at memory, file
 * descriptors and parts meanwhile, and has the bodies (BODIES_URL), which it makes anew each second, since telemetry of one moment would
 * add no rows to the rollups.
 * Variables: BODIES_URL, DAVY_URL, OTLP_URL, DURATION (7200), TRACES, METRICS, LOGS (bodies of 1,000 items a second: 8, 2, 4), ASKED (5
 * questions to gates a second), SCALE, ACK_P99_MS (500).
 */

export { handleSummary } from './shared.ts'

const seconds = durationSeconds(7200)
const bodiesUrl = __ENV.BODIES_URL
if (bodiesUrl === undefined) throw new Error('expected -e BODIES_URL=URL; npm run load -- soak has one of its own')
const gates = 10

export const options: Options = {
  scenarios: {
    traces: constantRate('traces', scaled(number('TRACES', 8)), seconds),
    metrics: constantRate('metrics', scaled(number('METRICS', 2)), seconds),
    logs: constantRate('logs', scaled(number('LOGS', 4)), seconds),
    ask: constantRate('ask', scaled(number('ASKED', 5)), seconds),
  },
  thresholds: {
    'http_req_failed{kind:otlp}': ['rate==0'],
    'http_req_duration{kind:otlp}': [`p(99)<${number('ACK_P99_MS', 500)}`],
    'http_req_failed{kind:gate}': ['rate==0'],
    checks: ['rate==1'],
  },
  ...common,
}

/** @returns the ids of deployments of services that send telemetry, so that each look reads some. */
export function setup(): string[] {
  return services.slice(0, gates).map((service) => {
    const unit = { service, environment: 'production', namespace: 'shop' }
    const cohorts = { canary: { version: '3.14.2' }, baseline: { version: '3.14.1' } }
    return callOrFail<{ id: string }>('POST', '/api/v1/deployments', { ...unit, ...cohorts }).id
  })
}

export function traces(): void {
  send('traces')
}

export function metrics(): void {
  send('metrics')
}

export function logs(): void {
  send('logs')
}

/** One question of one controller. */
export function ask(ids: readonly string[]): void {
  const id = ids[exec.scenario.iterationInTest % ids.length]
  const response = callApi('GET', `/api/v1/deployments/${id}/verdict?format=gate`, 'gate')
  check(response, { 'a gate answers': ({ status }) => status === 200 })
}

/** A body of the last second. */
function send(signal: Signal): void {
  const tags = { kind: 'body', name: 'body' }
  const { status, body } = http.get(`${bodiesUrl}/${signal}`, { responseType: 'binary', tags })
  if (status !== 200 || body === null || typeof body === 'string') {
    check(null, { 'there is a body to send': () => false })
    return
  }
  sendWhole(signal, body)
}
