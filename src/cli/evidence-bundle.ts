import { type TSchema, Type } from 'typebox'
import { byWriting } from '../domain/by-writing.ts'
import { type Deployment, strategies } from '../domain/deployment.ts'
import { DavyError } from '../domain/errors.ts'
import { type DeploymentFact, foldDeployment } from '../domain/fold-deployment.ts'
import type { Template } from '../domain/template.ts'
import type { RecordedLook } from '../judges/verdict/replay-looks.ts'
import { checkJson, parseJson } from '../platform/check-json.ts'
import { digestOf } from '../platform/digest.ts'

/** What `GET /api/v1/deployments/{id}/evidence` answers, as far as a replay rests on it. */
export type EvidenceBundle = {
  readonly engine: string
  /** What the deployment was, one after another, as it was opened first. */
  readonly states: readonly Deployment[]
  readonly looks: readonly RecordedLook[]
}

const text = Type.String()
const number = Type.Number()
const counts = { requests: number, errors: number }
const time = Type.String({ format: 'date-time' })
const orNull = <S extends TSchema>(schema: S) => Type.Union([schema, Type.Null()])
const map = <S extends TSchema>(schema: S) => Type.Record(Type.String(), schema)
const histogram = Type.Array(Type.Tuple([Type.Integer(), number]))

const arm = Type.Object({
  ...counts,
  operations: map(Type.Object(counts)),
  pods: map(Type.Object(counts)),
  latency: histogram,
  latencies: Type.Optional(map(histogram)),
  atLeast: Type.Optional(Type.Object({ latency: histogram, latencies: Type.Optional(map(histogram)) })),
  adjusted: Type.Optional(number),
  adjustedErrors: Type.Optional(number),
  callees: Type.Optional(map(Type.Object({ calls: number, failed: number, seconds: number }))),
  gauges: Type.Optional(map(map(Type.Object({ count: number, sum: number, min: number, max: number })))),
  events: Type.Optional(map(map(number))),
})

const slice = Type.Object({
  ...{ from: number, to: number, baseline: arm, canary: arm, closesBlock: Type.Boolean(), step: number },
  pairs: Type.Optional(Type.Object({ pairs: number, canaryWorse: number, baselineWorse: number })),
  plannedWeight: Type.Optional(number),
  late: Type.Optional(Type.Object({ baseline: number, canary: number })),
})

const look = Type.Object({
  look: Type.Integer({ minimum: 0 }),
  at: number,
  evidence: Type.Object({
    slice: orNull(slice),
    reference: Type.Optional(histogram),
    referenceCounts: Type.Optional(Type.Object(counts)),
    gaugeHistories: Type.Optional(map(Type.Object({}))),
    nulls: Type.Optional(map(Type.Object({ tauPod: number, sigb: number, eps: number, phi: number }))),
  }),
  // Whatever else it says is compared and not relied on.
  verdict: Type.Object({
    id: text,
    mode: Type.Enum(['observe', 'enforce']),
    engine: text,
    reportUrl: text,
    template: Type.Object({ digest: text }),
  }),
})

const cohort = Type.Object({
  version: Type.Optional(text),
  match: Type.Optional(map(Type.Array(text))),
})

const mode = Type.Enum(['observe', 'enforce'])
const outcome = Type.Enum(['promoted', 'rolled-back', 'aborted', 'expired', 'superseded'])

const opening = {
  ...{ id: Type.String({ minLength: 1 }), namespace: text, service: text, environment: text },
  ...{ strategy: Type.Enum([...strategies]), attempt: Type.Integer({ minimum: 1 }), mode, startedAt: time },
  ...{ canary: cohort, baseline: orNull(cohort) },
}

const override = Type.Object({
  ...{ at: text, decision: Type.Enum(['promote', 'hold', 'rollback']), reason: text, by: text },
})

const template = Type.Object({
  ...{ name: text, alpha: number, alphaPromote: number, lookSeconds: number, blockSeconds: number },
  ...{ warmUpSeconds: number, deadlineSeconds: number, watermarkSeconds: number },
  minimum: Type.Object({ seconds: number, requests: number }),
  metrics: Type.Array(Type.Object({ name: text, kind: text, weight: number, margin: number, promoteMargin: number }), {
    minItems: 1,
  }),
})

const deployment = Type.Object({
  ...opening,
  ...{ status: Type.Enum(['open', 'closed']), outcome: orNull(outcome), endedAt: orNull(time) },
  ...{ supersededBy: orNull(text), override: orNull(override) },
})

const factOf = <S extends TSchema>(kind: DeploymentFact['kind'], body: S) =>
  Type.Object({ kind: Type.Literal(kind), key: text, subject: text, at: text, body })

const fact = Type.Union([
  factOf('deployment', Type.Object({ ...opening, template })),
  factOf('adopt', Type.Object({ mode, template })),
  factOf('progress', Type.Object({})),
  factOf('override', override),
  factOf('close', Type.Object({ outcome, supersededBy: orNull(text) })),
])

const bundle = Type.Object({
  format: Type.Literal('davy-evidence/1'),
  ...{ engine: text, deployment, template },
  history: Type.Optional(Type.Array(fact, { minItems: 1 })),
  looks: Type.Array(look, { minItems: 1 }),
})

/**
 * A bundle of evidence. Digests of templates are computed anew: a template that was changed since is not the one that a
 * verdict names.
 *
 * @param what it is, for messages: a file's name.
 * @throws DavyError VALIDATION: what was expected, what came, where.
 */
export function readEvidence(json: string, what: string): EvidenceBundle {
  const value = parseJson(json, what)
  checkJson(bundle, value, what)
  const { engine, looks, history, ...opened } = value as Bundle
  for (const [index, { look }] of looks.entries()) {
    if (look === index) continue
    throw new DavyError('VALIDATION', `${what} has not all looks: after look ${index - 1} comes look ${look}.`, {
      ...{ expected: `look ${index}`, got: `look ${look}`, where: `/looks/${index}/look` },
    })
  }
  return { engine, states: statesOf(history ?? historyOf(opened, looks[0]!), what), looks }
}

type Bundle = {
  readonly engine: string
  readonly deployment: Omit<Deployment, 'template' | 'templateDigest'>
  readonly template: Template
  readonly history?: readonly DeploymentFact[]
  readonly looks: readonly RecordedLook[]
}

/** The deployment after each thing that happened to it. */
function statesOf(history: readonly DeploymentFact[], what: string): Deployment[] {
  const facts = history.map(withOwnDigest).sort(byWriting)
  const [first, ...others] = facts.filter(({ kind }) => kind === 'deployment')
  if (first === undefined || others.length > 0) {
    throw new DavyError('VALIDATION', `${what} does not say how the deployment was opened.`, {
      ...{ expected: 'one fact of the kind deployment', got: `${others.length}`, where: '/history' },
    })
  }
  const later = facts.filter(({ kind }) => kind !== 'deployment' && kind !== 'progress')
  return [0, ...later.map((_, index) => index + 1)].map(
    (count) => foldDeployment([first, ...later.slice(0, count)]) as Deployment,
  )
}

/**
 * The facts behind a deployment, for bundles that were made before they were part of them. What happened before the last
 * adoption or override is not known then.
 */
function historyOf({ deployment, template }: Pick<Bundle, 'deployment' | 'template'>, first: RecordedLook) {
  const { id, mode, outcome, endedAt, override, supersededBy } = deployment
  const told = { key: id, subject: id }
  const body = { ...deployment, template, templateDigest: '' }
  const history: DeploymentFact[] = [
    { kind: 'deployment', ...told, at: '0', body: { ...body, mode: first.verdict.mode } },
  ]
  if (mode !== first.verdict.mode) history.push({ kind: 'adopt', ...told, at: '1', body: { ...body, mode } })
  if (override !== null) history.push({ kind: 'override', ...told, at: '2', body: override })
  if (outcome !== null) history.push({ kind: 'close', ...told, at: endedAt ?? '3', body: { outcome, supersededBy } })
  return history
}

function withOwnDigest(fact: DeploymentFact): DeploymentFact {
  if (fact.kind !== 'deployment' && fact.kind !== 'adopt') return fact
  return { ...fact, body: { ...fact.body, templateDigest: digestOf(fact.body.template) } } as DeploymentFact
}
