import type { FastifyReply } from 'fastify'
import { type Static, Type } from 'typebox'
import type { Deployment } from '../../domain/deployment.ts'
import { DavyError } from '../../domain/errors.ts'
import type { Rollout } from '../../engine/workloads/rollout-notes.ts'
import type { Hints, Unidentified, Workload } from '../../engine/workloads/workload.ts'
import type { GateAnswer } from '../gate.ts'
import type { Answers } from '../openapi.ts'
import { present } from '../schemas.ts'
import type { App, Services } from '../services.ts'
import { readFlaggerEvent } from './flagger-events.ts'
import { waitBecause, workloadGate } from './workload-gate.ts'

/** What Flagger sends to every hook. Newer versions may send more. */
const hookSchema = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 253, description: 'of the Canary' }),
  namespace: Type.String({ minLength: 1, maxLength: 253 }),
  phase: Type.Optional(Type.String({ maxLength: 64 })),
  checksum: Type.Optional(Type.String({ maxLength: 253, description: 'of a spec, not of a run; not used' })),
  metadata: Type.Optional(
    Type.Record(Type.String(), Type.String(), {
      description:
        'service, serviceNamespace, environment, template, target: what cannot be learnt; token: for who cannot have it in the URL',
    }),
  ),
})

type Hook = Static<typeof hookSchema>
type Asked = { readonly workload: Workload; readonly target: string; readonly hints: Hints; readonly phase: string }
type Found = Deployment | Unidentified
/** A yes with what it says yes to, or a no with the reason why. */
type Answer =
  | { readonly status: 200 | 202; readonly body: { readonly verdict?: 'promote' | 'rollback' } }
  | { readonly status: 403 | 409; readonly text: string }

type Answerer = (services: Services, asked: Asked, hook: Hook) => Promise<Answer>

const whyNot = { text: 'No; the text says why.', types: ['text/plain'] }
const yes = { 200: 'Yes.' }
const yesOrNo = { ...yes, 403: whyNot }
const noted = { 202: 'It is noted.' }

/** The answers by hook. Flagger takes 200, 201 and 202 for yes, and the text of a 4xx for the reason why not. */
const hooks: Readonly<Record<string, readonly [Answerer, Answers]>> = {
  'confirm-rollout': [confirmRollout, yesOrNo],
  'pre-rollout': [preRollout, yes],
  rollout: [async () => passed, yes],
  'confirm-traffic-increase': [confirmTrafficIncrease, yesOrNo],
  'confirm-promotion': [confirmPromotion, yesOrNo],
  rollback: [rollback, { ...yes, 409: whyNot }],
  'post-rollout': [postRollout, noted],
  event: [takeEvent, noted],
}

const passed: Answer = { status: 200, body: { verdict: 'promote' } }
const back: Answer = { status: 200, body: { verdict: 'rollback' } }
const taken: Answer = { status: 202, body: {} }

/** Flagger's webhooks, each on a path of its own. */
export function flaggerRoutes(app: App, services: Services): void {
  for (const [hook, [answer, answers]] of Object.entries(hooks)) {
    app.post(
      `/integrations/flagger/${hook}`,
      {
        config: { role: 'gate', bodyToken: tokenOf, answers },
        bodyLimit: 2 ** 16,
        schema: { tags: ['integrations'], body: hookSchema },
        // Flagger would wait for it, and with it the whole canary.
        onSend: async (_request, reply: FastifyReply) => void reply.removeHeader('retry-after'),
      },
      async ({ body }, reply) => {
        const given = await answer(services, askedBy(body), body)
        reply.code(given.status)
        return 'body' in given ? given.body : reply.type('text/plain; charset=utf-8').send(given.text)
      },
    )
  }
}

/** Before a canary is scaled up: it may begin, unless everything has to wait. */
async function confirmRollout(services: Services, { workload, phase }: Asked): Promise<Answer> {
  await newRun(services, workload, phase)
  const killSwitch = services.killSwitch()
  return killSwitch === null ? passed : no(`waiting: the kill switch is on, set by ${killSwitch.by}`)
}

/** What fails here counts against the release, so no fault of Davy's may. */
async function preRollout({ workloads, log, metrics }: Services, { workload }: Asked): Promise<Answer> {
  try {
    await workloads.begin(workload, isWithoutTraffic)
  } catch (error) {
    log.error({ err: error, workload }, 'the begin of a Flagger run could not be noted; its gates will wait')
    metrics.requestErrors.inc({ code: error instanceof DavyError ? error.code : 'INTERNAL' })
  }
  return passed
}

async function confirmTrafficIncrease(services: Services, asked: Asked): Promise<Answer> {
  const { workload } = asked
  const found = await services.workloads.ofRun(asked)
  const run = await services.workloads.rollout(workload)
  if (isWithoutTraffic(run)) return letIn(services, asked, found)
  const step = run.weight !== null && run.weight > 0 ? `weight ${run.weight}` : `traffic-increase ${increases(found)}`
  const answer = await confirm(services, asked, found, step)
  // Where no event tells of the weight, the next question is about the next one.
  if (answer === passed && !step.startsWith('weight') && !('question' in found)) {
    await services.workloads.openStep(found.id, `traffic-increase ${increases(found) + 1}`, null)
  }
  return answer
}

async function confirmPromotion(services: Services, asked: Asked): Promise<Answer> {
  return confirm(services, asked, await services.workloads.ofRun(asked), 'promotion')
}

/** Yes means: roll back now. Everything else, our own faults included, means: do not. */
async function rollback(services: Services, asked: Asked): Promise<Answer> {
  const found = await services.workloads.ofRun(asked)
  const gate = await workloadGate(services, asked.workload, found, null)
  if (gate.verdict !== 'rollback' || 'question' in found) return notBack(gate)
  const currency = await services.workloads.currency(asked, found)
  return currency.is === 'replaced' ? notBack(waitBecause(currency.why, services)) : back
}

async function postRollout(services: Services, { workload, phase }: Asked): Promise<Answer> {
  await endByPhase(services, workload, phase)
  return taken
}

async function takeEvent(services: Services, { workload, phase }: Asked, { metadata }: Hook): Promise<Answer> {
  const event = readFlaggerEvent(metadata?.eventMessage ?? '')
  const { workloads } = services
  switch (event?.type) {
    case 'revision':
      await newRun(services, workload, phase)
      break
    case 'start':
      await workloads.begin(workload, isWithoutTraffic)
      break
    case 'weight':
      await workloads.weigh(workload, event.weight, `weight ${event.weight}`)
      break
    case 'iteration':
      await workloads.step(workload, `iteration ${event.iteration}`)
      break
    case 'ended':
      await workloads.end(workload, event.outcome)
      break
    case undefined:
      await endByPhase(services, workload, phase)
  }
  return taken
}

/** A canary that has no traffic yet can have no evidence: its first share is let through, once in a run. */
async function letIn(services: Services, asked: Asked, found: Found) {
  const { workload, hints } = asked
  const killSwitch = services.killSwitch()
  if (killSwitch !== null) return no(`waiting: the kill switch is on, set by ${killSwitch.by}`)
  const isObserved = 'question' in found ? services.workloads.isObserved(hints) : found.mode === 'observe'
  if (isObserved) return no('waiting: only observed, not enforced')
  if (!('question' in found)) {
    const gate = await workloadGate(services, workload, found, null)
    if (gate.verdict === 'rollback') return no(waiting(gate))
  }
  await services.workloads.letIn(workload)
  return passed
}

/** Yes only to a promote of this very canary that holds for this very step. */
async function confirm(services: Services, asked: Asked, found: Found, step: string): Promise<Answer> {
  const gate = await workloadGate(services, asked.workload, found, { name: step, weight: null })
  if (gate.verdict === 'rollback' || 'question' in found) return no(waiting(gate))
  const currency = await services.workloads.currency(asked, found)
  if (currency.is !== 'current') return no(waiting(waitBecause(currency.why, services)))
  return gate.verdict === 'promote' ? passed : no(waiting(gate))
}

/** What ran before under this name is over, as the phase says or because it was replaced; what comes is another release. */
async function newRun(services: Services, workload: Workload, phase: string): Promise<void> {
  const { workloads } = services
  await endByPhase(services, workload, phase)
  const isFresh = (run: Rollout) => isWithoutTraffic(run) && run.deploymentId === null
  const run = await workloads.rollout(workload)
  if (!isFresh(run)) await workloads.end(workload, 'superseded')
  await workloads.begin(workload, isFresh)
}

/** A phase at which a run is over ends it; not one that has hardly begun, of which that phase is the one before. */
async function endByPhase({ workloads }: Services, workload: Workload, phase: string): Promise<void> {
  if (phase !== 'Succeeded' && phase !== 'Failed') return
  const run = await workloads.rollout(workload)
  if (isWithoutTraffic(run) && run.deploymentId === null) return
  await workloads.end(workload, phase === 'Succeeded' ? 'promoted' : 'rolled-back')
}

function isWithoutTraffic({ isLetIn, weight }: Rollout): boolean {
  return !isLetIn && (weight ?? 0) === 0
}

/** The number of the newest increase that was asked about, from 1. */
function increases(found: Found): number {
  if ('question' in found) return 1
  const numbers = found.progress.map(({ step }) => Number(/^traffic-increase (\d+)$/.exec(step ?? '')?.[1] ?? 1))
  return Math.max(1, ...numbers)
}

function askedBy({ name, namespace, phase, metadata = {} }: Hook): Asked {
  const given = (key: string): string | undefined => (metadata[key] === '' ? undefined : metadata[key])
  const hints = present({
    service: given('service'),
    serviceNamespace: given('serviceNamespace'),
    environment: given('environment'),
    template: given('template') ?? given('policy'),
  })
  return {
    workload: { controller: 'flagger', namespace, name },
    target: given('target') ?? name,
    hints,
    phase: phase ?? '',
  }
}

function tokenOf(body: unknown): string | undefined {
  const token = (body as Partial<Hook> | null | undefined)?.metadata?.token
  return typeof token === 'string' ? token : undefined
}

function no(text: string): Answer {
  return { status: 403, text }
}

function notBack(gate: GateAnswer): Answer {
  return { status: 409, text: `no rollback: ${gate.reason} (score ${score(gate)})` }
}

function waiting(gate: GateAnswer): string {
  return `${gate.verdict === 'rollback' ? 'rollback' : 'waiting'}: ${gate.reason} (score ${score(gate)})`
}

function score(gate: GateAnswer): number {
  return Math.round(gate.score)
}
