import { check, fail, sleep } from 'k6'
import exec from 'k6/execution'
import { Counter } from 'k6/metrics'
import type { Options } from 'k6/options'
import { callApi, callOrFail, common, durationSeconds, metricSum, number, scaled } from './shared.ts'

/*
 * k6: many verdicts change at once, and each change is to reach a receiver that refuses some. The runner has the receiver, and compares
 * afterwards what came with what is on record.
 * Variables: DAVY_URL, DURATION (30), DEPLOYMENTS (100), CHANGES (40 a second over all, times SCALE; two
 * changes of one deployment within a second may become one verdict or none), RECEIVER (URL).
 */

export { handleSummary } from './shared.ts'

const seconds = durationSeconds(30)
const deployments = number('DEPLOYMENTS', 100)
const pauseSeconds = deployments / scaled(number('CHANGES', 40))
const drainedWithinSeconds = 120
const receiver = __ENV.RECEIVER
if (receiver === undefined) throw new Error('expected -e RECEIVER=URL; npm run load -- webhooks has one of its own')
const changes = new Counter('verdict_changes')

export const options: Options = {
  scenarios: { changing: { executor: 'constant-vus', exec: 'changing', vus: deployments, duration: `${seconds}s` } },
  thresholds: {
    verdict_changes: [`count>${deployments}`],
    'http_req_failed{kind:change}': ['rate==0'],
    'http_req_duration{kind:change}': ['p(99)<1000'],
    checks: ['rate==1'],
  },
  ...common,
}

/** @returns the deployments, one for each user. */
export function setup(): string[] {
  const ids = Array.from({ length: deployments }, (_, index) => {
    const cohorts = { service: `storm-${index}`, canary: { version: '2' }, baseline: { version: '1' } }
    return callOrFail<{ id: string }>('POST', '/api/v1/deployments', cohorts).id
  })
  // The first verdicts, which come by themselves, are of the endpoint's past.
  sleep(3)
  callOrFail('POST', '/api/v1/endpoints', { url: receiver })
  return ids
}

let isPromoted = false

/** Turns the verdict of the user's own deployment into the other one. */
export function changing(ids: readonly string[]): void {
  const id = ids[(exec.vu.idInTest - 1) % ids.length]
  const decision = isPromoted ? 'hold' : 'promote'
  const response = callApi('POST', `/api/v1/deployments/${id}/override`, 'change', { decision, reason: 'a load test' })
  if (check(response, { 'a verdict can be changed': ({ status }) => status === 200 || status === 201 })) {
    isPromoted = !isPromoted
    changes.add(1)
  }
  sleep(pauseSeconds)
}

/** Waits until nothing waits to be sent. */
export function teardown(): void {
  for (let tries = 0; tries < drainedWithinSeconds; tries++) {
    if (metricSum('davy_webhook_pending') === 0) {
      check(null, { 'in the end nothing waits to be sent': () => true })
      return
    }
    sleep(1)
  }
  check(null, { 'in the end nothing waits to be sent': () => false })
  fail(`${metricSum('davy_webhook_pending')} messages still wait after ${drainedWithinSeconds} s`)
}
