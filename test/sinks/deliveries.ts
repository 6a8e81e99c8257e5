import type { Delivery, DeploymentNotice, Endpoint, Message, Receipt } from '../../src/domain/sink.ts'
import type { Verdict } from '../../src/domain/verdict.ts'
import { createSinks } from '../../src/sinks/index.ts'
import { reportInput, type Variant } from '../report/fixtures.ts'

const publicUrl = 'https://davy.example.com'

const sinks = createSinks({ publicUrl })

/** The sink of a format. */
export function sinkOf(format: string) {
  const sink = sinks.get(format)
  if (sink === undefined) throw new Error(`there is no sink ${format}`)
  return sink
}

/** A verdict of the pages' fixtures as it would be in a server at {@link publicUrl}. */
export function verdict(variant: Variant, changes: Partial<Verdict> = {}): Verdict {
  const made = reportInput(variant).verdict
  return { ...made, reportUrl: `${publicUrl}/deployments/${made.deploymentId}`, ...changes }
}

/** The deployment of a verdict, as messages tell about it. */
export function deployment(of: Verdict, changes: Partial<DeploymentNotice> = {}): DeploymentNotice {
  const { attempt, plannedWeight, startedAt, progress, override, supersededBy } = reportInput('rollback').deployment
  return {
    ...{ id: of.deploymentId, status: 'open', outcome: null, endedAt: null },
    ...{ attempt, plannedWeight, startedAt, progress, override, supersededBy },
    ...{ namespace: of.namespace, service: of.service, environment: of.environment },
    ...{ strategy: of.strategy as DeploymentNotice['strategy'], mode: of.mode },
    ...{ canary: { version: of.canary.version ?? '' }, baseline: { version: of.baseline.version ?? '' } },
    reportUrl: of.reportUrl,
    ...changes,
  }
}

/** The message of a verdict. */
export function told(
  of: Verdict,
  id = `msg-${of.decision}-${of.reason.code}-${of.mode}${of.final ? '-final' : ''}`,
): Message {
  const type = of.decision !== 'hold' || of.final ? 'verdict.decided' : 'verdict.changed'
  return { id, type, time: of.decidedAt, subject: of.deploymentId, data: of }
}

/** The message of a deployment's start or end. */
export function lifecycle(type: 'deployment.started' | 'deployment.finished', of: DeploymentNotice): Message {
  const time = type === 'deployment.started' ? of.startedAt : (of.endedAt ?? of.startedAt)
  return { id: `msg-${type}`, type, time, subject: of.id, data: of }
}

export const testMessage: Message = {
  id: 'msg-test',
  type: 'endpoint.test',
  time: '2026-11-21T10:00:00.000Z',
  subject: '01JD8Q4V7W3N5T9XKZ0000ENDP',
  data: { note: 'Davy reaches this endpoint.' },
}

const ended = { status: 'closed', endedAt: '2026-11-21T10:25:00.000Z' } as const
const rollback = verdict('rollback')
const promote = verdict('promote')
const hold = verdict('hold')
const waits = verdict('hold', {
  reason: {
    code: 'DEADLINE',
    summary: '2 h of checkout 2.4.1 were too few requests to rule harm out.',
    detail:
      'Errors are 0.54% against 0.50% for 2.4.0: 0.39 to 3.6 times as much. At the deadline the template says: hold.',
  },
  expectedDecisionAt: null,
})
const sourceDown = verdict('no-data', {
  reason: {
    code: 'SOURCE_DOWN',
    summary: 'prometheus has not answered since 09:58; checkout 2.4.1 is not judged meanwhile.',
    detail: 'The last good look was at 09:57:40. It is asked again every 30 s.',
  },
})
const silent = verdict('no-data', {
  reason: {
    code: 'CANARY_SILENT',
    summary: 'checkout 2.4.1 is silent: 3 of about 1,204 requests have been reported since 09:55.',
    detail: 'Traffic is announced for it, and the baseline reports its own. Look whether it serves at all.',
  },
})
const overridden = verdict('overridden', {
  reason: {
    code: 'OVERRIDDEN',
    summary: 'A. Kim promoted checkout 2.4.1; Davy said hold.',
    detail:
      "The declines are a bank's. Davy's own word: No harm seen in checkout 2.4.1, but too few requests to rule it out.",
  },
})

/** Names that break out of whatever they stand in. */
const hostile = {
  service: '<script>alert(1)</script>*bold*|@channel<!here>',
  environment: 'prod\n\u202e<b>&amp;_it_`x`',
  version: '2.4.1](http://evil.example)"\'--<!channel>|~~x~~',
} as const

const hostileVerdict = verdict('rollback', {
  service: hostile.service,
  environment: hostile.environment,
  canary: { version: hostile.version },
  reason: {
    code: 'HARM_SHOWN',
    summary: `${hostile.service} ${hostile.version} fails 3.1% of requests against 0.50% for 2.4.0, nearly all on GET /a|<img src=x>.`,
    detail: 'About 165 requests failed that 2.4.0\u0000 would have served.\nSee *this*.',
  },
})

const longVerdict = verdict('rollback', {
  service: 's'.repeat(5000),
  environment: 'é💥'.repeat(2000),
  namespace: 'n'.repeat(5000),
  canary: { version: `1.0.1-${'b'.repeat(5000)}` },
  reason: { code: 'HARM_SHOWN', summary: '💥'.repeat(5000), detail: '<&"'.repeat(20_000) },
  metrics: rollback.metrics.map((metric) => ({ ...metric, name: 'm'.repeat(5000) })),
})

export type Case = { readonly message: Message; readonly deployment: DeploymentNotice | null }

/** Every situation that messages tell of. */
export const cases = {
  started: { message: lifecycle('deployment.started', deployment(hold)), deployment: deployment(hold) },
  hold: { message: told(hold), deployment: deployment(hold) },
  waits: { message: told(waits), deployment: deployment(waits) },
  silent: { message: told(silent), deployment: deployment(silent) },
  'source-down': { message: told(sourceDown), deployment: deployment(sourceDown) },
  rollback: { message: told(rollback), deployment: deployment(rollback) },
  'latency-rollback': {
    message: told(verdict('latency-rollback')),
    deployment: deployment(verdict('latency-rollback')),
  },
  'all-kinds': { message: told(verdict('all-kinds')), deployment: deployment(verdict('all-kinds')) },
  promote: { message: told(promote), deployment: deployment(promote) },
  'final-promote': {
    message: told({ ...promote, final: true }),
    deployment: deployment(promote, { ...ended, outcome: 'promoted' }),
  },
  override: { message: told(overridden), deployment: deployment(overridden) },
  observed: {
    message: told({ ...rollback, mode: 'observe' }),
    deployment: deployment(rollback, { mode: 'observe' }),
  },
  'finished-promoted': finished('promoted'),
  'finished-rolled-back': finished('rolled-back'),
  'finished-aborted': finished('aborted'),
  hostile: { message: told(hostileVerdict), deployment: deployment(hostileVerdict) },
  long: { message: told(longVerdict), deployment: deployment(longVerdict) },
  test: { message: testMessage, deployment: null },
} as const satisfies Readonly<Record<string, Case>>

export type CaseName = keyof typeof cases

function finished(outcome: NonNullable<DeploymentNotice['outcome']>): Case {
  const of = deployment(promote, { ...ended, outcome })
  return { message: lifecycle('deployment.finished', of), deployment: of }
}

/** An endpoint of a format, as it is after its defaults are filled in. */
export function endpointOf(format: string, changes: Partial<Endpoint> = {}): Endpoint {
  const { requires } = sinkOf(format)
  return {
    ...{ id: '01JD8Q4V7W3N5T9XKZ0000ENDP', format, url: requires.defaultUrl ?? 'https://end.example/hook' },
    ...{ events: requires.events, services: [], environments: [], decisions: [], options: {}, act: false },
    ...{ disabled: false, disabledBecause: null, createdAt: '2026-11-21T09:00:00Z', origin: 'api' },
    ...changes,
  }
}

/** A case on its way to an endpoint. */
export function deliveryTo(
  endpoint: Endpoint,
  { message, deployment: of }: Case,
  changes: Partial<Delivery> & { readonly receipts?: readonly Receipt[] } = {},
): Delivery {
  const at = new Date('2026-11-21T10:00:11Z')
  return { endpoint, secrets: [], message, deployment: of, receipts: [], isOvertaken: false, at, ...changes }
}
