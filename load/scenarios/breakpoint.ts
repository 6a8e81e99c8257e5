import { check } from 'k6'
import exec from 'k6/execution'
import type { Options } from 'k6/options'
import { type Counts, counts, expectAllCounted } from './counts.ts'
import { common, durationSeconds, gzipProtobuf, number, openBodies, postTelemetry, scaled } from './shared.ts'

/*
 * k6: the rate of spans grows until Davy refuses some or answers late, which ends the run: its two thresholds are where the breakpoint
 * is, and not what must hold. The runner prints the rate that was accepted until then.
 * Variables: BODIES, DAVY_URL, OTLP_URL, DURATION (120), FIRST (10 bodies of 1,000 spans a second), LAST (150), SCALE, BREAK_P95_MS (1000).
 */

export { handleSummary } from './shared.ts'

const seconds = durationSeconds(120)
const first = Math.max(1, Math.round(scaled(number('FIRST', 10))))
const last = Math.max(2, Math.round(scaled(number('LAST', 150))))
const bodyOf = openBodies()
const ends = { abortOnFail: true, delayAbortEval: '5s' }

export const options: Options = {
  scenarios: {
    ramp: {
      executor: 'ramping-arrival-rate',
      exec: 'ramp',
      startRate: first,
      timeUnit: '1s',
      preAllocatedVUs: last,
      maxVUs: 2 * last,
      stages: [{ target: last, duration: `${seconds}s` }],
    },
  },
  thresholds: {
    'http_req_failed{kind:otlp}': [{ threshold: 'rate<0.01', ...ends }],
    'http_req_duration{kind:otlp}': [{ threshold: `p(95)<${number('BREAK_P95_MS', 1000)}`, ...ends }],
    checks: ['rate==1'],
  },
  ...common,
}

/** @returns what Davy has counted before anything is sent. */
export function setup(): Counts {
  return counts()
}

/** One body of spans. */
export function ramp(): void {
  const response = postTelemetry('traces', bodyOf('traces', exec.scenario.iterationInTest), gzipProtobuf)
  check(response, { 'a body is taken or refused, never lost': ({ status }) => [200, 429, 503].includes(status) })
}

export function teardown(before: Counts): void {
  expectAllCounted(before)
}
