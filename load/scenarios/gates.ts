import { check } from 'k6'
import exec from 'k6/execution'
import type { Options } from 'k6/options'
import {
  callApi,
  callOrFail,
  common,
  constantRate,
  durationSeconds,
  number,
  openBodies,
  scaled,
  sendWhole,
} from './shared.ts'

/*
 * k6: controllers that ask gates again and again while telemetry comes in. The first seconds, in which a process that has just started opens
 * fifty deployments and compiles its code, are asked too and not counted.
 * Variables: BODIES, DAVY_URL, OTLP_URL, DURATION (60), WARM_UP (15 seconds), GATES (50 deployments), ASKED (100 questions a second), TRACES
 * (5 bodies of 1,000 spans a second), SCALE, GATE_P99_MS (20).
 */

export { handleSummary } from './shared.ts'

const gates = number('GATES', 50)
const seconds = durationSeconds(60)
const warmUpSeconds = number('WARM_UP', 15)
const bodyOf = openBodies()
const answers = ['promote', 'wait', 'rollback']

export const options: Options = {
  scenarios: {
    warmUp: constantRate('warmUp', scaled(number('ASKED', 100)), warmUpSeconds),
    ask: { ...constantRate('ask', scaled(number('ASKED', 100)), seconds), startTime: `${warmUpSeconds}s` },
    telemetry: constantRate('telemetry', scaled(number('TRACES', 5)), warmUpSeconds + seconds),
  },
  thresholds: {
    'http_req_duration{kind:gate}': [`p(99)<${number('GATE_P99_MS', 20)}`],
    'http_req_failed{kind:gate}': ['rate==0'],
    'http_req_failed{kind:otlp}': ['rate==0'],
    dropped_iterations: ['count==0'],
    checks: ['rate==1'],
  },
  ...common,
}

/** @returns the ids of deployments, each of a service of its own. */
export function setup(): string[] {
  return Array.from({ length: gates }, (_, index) => {
    const cohorts = { service: `gate-${index}`, canary: { version: '2' }, baseline: { version: '1' } }
    return callOrFail<{ id: string }>('POST', '/api/v1/deployments', cohorts).id
  })
}

/** One question of one controller. */
export function ask(ids: readonly string[]): void {
  askAs('gate', ids)
}

/** The same, not counted. */
export function warmUp(ids: readonly string[]): void {
  askAs('warm-up', ids)
}

function askAs(kind: string, ids: readonly string[]): void {
  const id = ids[exec.scenario.iterationInTest % ids.length]
  const response = callApi('GET', `/api/v1/deployments/${id}/verdict?format=gate`, kind)
  check(response, {
    'a gate says what its own deployment is to do': ({ status, body }) => {
      if (status !== 200) return false
      const { verdict, deploymentId } = JSON.parse(String(body)) as { verdict: string; deploymentId: string }
      return deploymentId === id && answers.includes(verdict)
    },
  })
}

/** One body of spans. */
export function telemetry(): void {
  sendWhole('traces', bodyOf('traces', exec.scenario.iterationInTest))
}
