import { check, sleep } from 'k6'
import exec from 'k6/execution'
import { Trend } from 'k6/metrics'
import type { Options } from 'k6/options'
import type { Writer } from 'protobufjs'
import protobuf from '../../node_modules/protobufjs/dist/minimal/protobuf.min.js'
import { type Release, writeRelease } from './release-body.ts'
import {
  callApi,
  callOrFail,
  common,
  constantRate,
  durationSeconds,
  isTakenWhole,
  number,
  openBodies,
  postTelemetry,
  scaled,
  sendWhole,
} from './shared.ts'

/*
 * k6: a bad and a good release roll out while other telemetry comes in; afterwards the one must have been rolled back and the other
 * promoted. The telemetry of both is made as it is sent.
 * Variables: BODIES, DAVY_URL, OTLP_URL, DURATION (240), TRACES (5 bodies of 1,000 spans a second beside it), SCALE (of these),
 * PER_POD (20 requests a second of each of three pods of a version).
 */

export { handleSummary } from './shared.ts'

type Ids = { readonly bad: string; readonly good: string }
type Verdict = { readonly decision: string; readonly final: boolean; readonly reason: { readonly code: string } }

const seconds = durationSeconds(240)
const perPod = number('PER_POD', 20)
const bodyOf = openBodies()
const declined = 0.02
const releases: readonly Release[] = [
  { service: 'release-bad', version: '1', shareFailing: declined },
  { service: 'release-bad', version: '2', shareFailing: 0.15 },
  { service: 'release-good', version: '1', shareFailing: declined },
  { service: 'release-good', version: '2', shareFailing: declined },
]
/** Content with wide promote margins, so that minutes of a small service can decide. */
const template = {
  name: 'load',
  mode: 'enforce',
  alpha: 0.01,
  alphaPromote: 0.05,
  lookSeconds: 10,
  blockSeconds: 30,
  watermarkSeconds: 20,
  warmUpSeconds: 0,
  minimum: { seconds: 30, requests: 500 },
  exposureMode: false,
  deadlineSeconds: 3600,
  onDeadline: 'hold',
  onSilence: 'hold',
  metrics: [
    {
      ...{ name: 'error-rate', kind: 'proportion', source: 'spans', direction: 'increase', weight: 1, group: 'errors' },
      ...{ margin: 1.25, promoteMargin: 3, promoteFloor: 0.005, rollbackFloor: 0.001, critical: true },
    },
  ],
}
const timeToVerdict = new Trend('time_to_verdict', true)

export const options: Options = {
  scenarios: {
    releasing: { ...constantRate('releasing', releases.length, seconds) },
    others: constantRate('others', scaled(number('TRACES', 5)), seconds),
    watching: {
      executor: 'per-vu-iterations',
      exec: 'watching',
      vus: 2,
      iterations: 1,
      maxDuration: `${seconds + 60}s`,
    },
  },
  thresholds: {
    checks: ['rate==1'],
    'http_req_failed{kind:otlp}': ['rate==0'],
    'http_req_failed{kind:verdict}': ['rate==0'],
    'time_to_verdict{release:bad}': [`max<${1000 * seconds}`],
    'time_to_verdict{release:good}': [`max<${1000 * seconds}`],
    dropped_iterations: ['count==0'],
  },
  ...common,
}

/** @returns the deployments. */
export function setup(): Ids {
  callOrFail('PUT', `/api/v1/templates/${template.name}`, template)
  const open = (service: string) => {
    const cohorts = { service, canary: { version: '2' }, baseline: { version: '1' }, template: template.name }
    return callOrFail<{ id: string }>('POST', '/api/v1/deployments', cohorts).id
  }
  return { bad: open('release-bad'), good: open('release-good') }
}

/** A second of one of the four versions. */
export function releasing(): void {
  const writer = protobuf.Writer.create() as Writer
  const release = releases[exec.scenario.iterationInTest % releases.length] as Release
  writeRelease(writer, release, perPod, Date.now(), Math.random)
  // k6 takes the buffer, not a view of it.
  const body = writer.finish().slice().buffer as ArrayBuffer
  const response = postTelemetry('traces', body, { 'content-type': 'application/x-protobuf' })
  check(response, { 'telemetry is taken whole': isTakenWhole })
}

/** One body of spans of other services. */
export function others(): void {
  sendWhole('traces', bodyOf('traces', exec.scenario.iterationInTest))
}

/** One of the two deployments, until it is decided; each decision must be the right one. */
export function watching(ids: Ids): void {
  const isBad = exec.scenario.iterationInTest % 2 === 0
  const started = Date.now()
  let verdict: Verdict = { decision: 'hold', final: false, reason: { code: '' } }
  while (verdict.decision === 'hold' && Date.now() - started < 1000 * seconds) {
    sleep(1)
    const response = callApi('GET', `/api/v1/deployments/${isBad ? ids.bad : ids.good}/verdict`, 'verdict')
    if (response.status === 200) verdict = response.json() as unknown as Verdict
  }
  if (verdict.decision !== 'hold') timeToVerdict.add(Date.now() - started, { release: isBad ? 'bad' : 'good' })
  if (isBad) {
    check(verdict, {
      'the bad release is rolled back, since harm was shown': ({ decision, final, reason }) =>
        decision === 'rollback' && final && reason.code === 'HARM_SHOWN',
    })
    return
  }
  check(verdict, { 'the good release is promoted': ({ decision }) => decision === 'promote' })
}

/** What was right must have stayed so until the end of the load. */
export function teardown(ids: Ids): void {
  const decisionOf = (id: string) => callOrFail<Verdict>('GET', `/api/v1/deployments/${id}/verdict`).decision
  check(ids, {
    'at the end the bad release is still rolled back': ({ bad }) => decisionOf(bad) === 'rollback',
    'at the end the good release is not': ({ good }) => decisionOf(good) !== 'rollback',
  })
}
