import { check } from 'k6'
import exec from 'k6/execution'
import http from 'k6/http'
import type { Options } from 'k6/options'
import { type Counts, counts, expectAllCounted } from './counts.ts'
import { common, durationSeconds, gzipProtobuf, number, openBodies, postTelemetry, scaled } from './shared.ts'

/*
 * k6: telemetry jumps to many times its rate and back. Meanwhile Davy may tell senders to come later, and must say when; afterwards it is as
 * quick as before, and everything that it took can be asked for.
 * Variables: BODIES, DAVY_URL, OTLP_URL, DURATION (60), BASE (5 bodies of 1,000 spans a second), PEAK (100), SCALE, AFTER_P99_MS (500).
 */

export { handleSummary } from './shared.ts'

const seconds = durationSeconds(60)
const base = Math.max(1, Math.round(scaled(number('BASE', 5))))
const peak = Math.max(2, Math.round(scaled(number('PEAK', 100))))
const shares = { before: 0.2, up: 0.02, peak: 0.2, down: 0.02, rest: 0.16, after: 0.4 }
const after = 1 - shares.after
const bodyOf = openBodies()
const atOnce = peak

export const options: Options = {
  scenarios: {
    spike: {
      executor: 'ramping-arrival-rate',
      exec: 'spike',
      startRate: base,
      timeUnit: '1s',
      preAllocatedVUs: atOnce,
      maxVUs: 2 * atOnce,
      stages: [
        { target: base, duration: lasting(shares.before) },
        { target: peak, duration: lasting(shares.up) },
        { target: peak, duration: lasting(shares.peak) },
        { target: base, duration: lasting(shares.down) },
        { target: base, duration: lasting(shares.rest + shares.after) },
      ],
    },
  },
  thresholds: {
    checks: ['rate==1'],
    'http_req_failed{phase:after}': ['rate==0'],
    'http_req_duration{phase:after}': [`p(99)<${number('AFTER_P99_MS', 500)}`],
  },
  ...common,
}

function lasting(share: number): string {
  return `${Math.max(1, Math.round(share * seconds))}s`
}

/** @returns what Davy has counted before anything is sent. */
export function setup(): Counts {
  return counts()
}

/** One body of spans. */
export function spike(): void {
  const isAfter = exec.instance.currentTestRunDuration > 1000 * after * seconds
  const body = bodyOf('traces', exec.scenario.iterationInTest)
  const response = postTelemetry('traces', body, gzipProtobuf, { phase: isAfter ? 'after' : 'until' })
  check(response, {
    'telemetry is taken, or the sender is told when to come again': ({ status, headers }) =>
      status === 200 || ((status === 429 || status === 503) && headers['Retry-After'] !== undefined),
  })
}

export function teardown(before: Counts): void {
  http.setResponseCallback(http.expectedStatuses(200))
  expectAllCounted(before)
}
