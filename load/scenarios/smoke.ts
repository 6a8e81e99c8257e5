import { check } from 'k6'
import http from 'k6/http'
import type { Options } from 'k6/options'
import {
  callApi,
  common,
  davyUrl,
  durationSeconds,
  gzipProtobuf,
  isTakenWhole,
  openBodies,
  postTelemetry,
} from './shared.ts'

/* k6: one user who does everything once and again: is it worth while to start anything larger? Variables: BODIES, DAVY_URL, OTLP_URL, DURATION. */

export { handleSummary } from './shared.ts'

const bodyOf = openBodies()

export const options: Options = {
  scenarios: {
    everything: { executor: 'constant-vus', vus: 1, duration: `${durationSeconds(10)}s`, exec: 'everything' },
  },
  thresholds: {
    checks: ['rate==1'],
    http_req_failed: ['rate==0'],
    'http_req_duration{kind:page}': ['p(95)<500'],
    'http_req_duration{kind:api}': ['p(95)<500'],
    'http_req_duration{kind:otlp}': ['p(95)<500'],
  },
  ...common,
}

/** Telemetry in, a deployment, its verdict in three forms, its page, the end of it. */
export function everything(): void {
  for (const path of ['/livez', '/readyz', '/metrics', '/openapi.json', '/']) {
    const response = http.get(davyUrl + path, { tags: { kind: 'page', name: path } })
    check(response, { 'probes, metrics and pages answer': ({ status }) => status === 200 })
  }
  for (const signal of ['traces', 'metrics', 'logs'] as const) {
    const response = postTelemetry(signal, bodyOf(signal, __ITER), gzipProtobuf)
    check(response, { 'telemetry is taken whole': isTakenWhole })
  }
  const cohorts = { service: `smoke-${__ITER}`, canary: { version: '2' }, baseline: { version: '1' } }
  const opened = callApi('POST', '/api/v1/deployments', 'api', cohorts)
  check(opened, { 'a deployment is opened': ({ status }) => status === 201 })
  const { id } = opened.json() as unknown as { id: string }
  const verdict = callApi('GET', `/api/v1/deployments/${id}/verdict`, 'api').json() as unknown as { decision: string }
  check(verdict, { 'without telemetry it is held': ({ decision }) => decision === 'hold' })
  const gate = callApi('GET', `/api/v1/deployments/${id}/verdict?format=gate`, 'api').json() as unknown as {
    verdict: string
  }
  check(gate, { 'and its gate waits': (answer) => answer.verdict === 'wait' })
  const page = http.get(`${davyUrl}/deployments/${id}`, { tags: { kind: 'page', name: '/deployments/{id}' } })
  check(page, { 'it has a page': ({ status, body }) => status === 200 && String(body).includes(`smoke-${__ITER}`) })
  const finished = callApi('POST', `/api/v1/deployments/${id}/finish`, 'api', { outcome: 'aborted' })
  check(finished, { 'it is finished': ({ status }) => status === 200 })
}
