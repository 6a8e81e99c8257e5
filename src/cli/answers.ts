import { type Static, type TSchema, Type } from 'typebox'
import { Value } from 'typebox/value'
import { CommandEnd } from './command-end.ts'

/** What the commands rely on in a verdict; a later server may say more. */
export const verdictAnswer = Type.Object({
  id: Type.String({ minLength: 1 }),
  deploymentId: Type.String(),
  decision: Type.Enum(['promote', 'hold', 'rollback']),
  final: Type.Boolean(),
  look: Type.Integer(),
  mode: Type.Enum(['observe', 'enforce']),
  reason: Type.Object({ code: Type.String(), summary: Type.String(), detail: Type.String() }),
  decidedAt: Type.String({ format: 'date-time' }),
  validUntil: Type.String({ format: 'date-time' }),
  expectedDecisionAt: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
  reportUrl: Type.String(),
})

const number = Type.Number()
const effect = Type.Object({
  ratio: Type.Union([number, Type.Null()]),
  low: number,
  high: Type.Union([number, Type.Null()]),
})

/** A verdict's metrics, for those who show them. */
export const metricsAnswer = Type.Object({
  metrics: Type.Array(Type.Object({ name: Type.String(), finding: Type.String(), effect })),
})

export const gateAnswer = Type.Object({
  verdict: Type.Enum(['promote', 'wait', 'rollback']),
  reason: Type.String(),
  url: Type.String(),
  deploymentId: Type.String(),
})

const cohort = Type.Object({ version: Type.Optional(Type.String()) })

export const deploymentAnswer = Type.Object({
  id: Type.String({ minLength: 1 }),
  namespace: Type.String(),
  service: Type.String(),
  environment: Type.String(),
  canary: cohort,
  baseline: Type.Union([cohort, Type.Null()]),
  mode: Type.String(),
  status: Type.Enum(['open', 'closed']),
  outcome: Type.Union([Type.String(), Type.Null()]),
  startedAt: Type.String(),
  reportUrl: Type.String(),
})

export const pageAnswer = Type.Object({
  items: Type.Array(deploymentAnswer),
  nextCursor: Type.Union([Type.String(), Type.Null()]),
})

export const sourcesAnswer = Type.Object({
  sources: Type.Array(Type.String()),
  prometheus: Type.Array(
    Type.Object({
      account: Type.String(),
      fault: Type.Union([Type.String(), Type.Null()]),
      packs: Type.Array(Type.Object({ pack: Type.String(), state: Type.String(), missing: Type.Array(Type.String()) })),
    }),
  ),
})

export const planAnswer = Type.Object({ weights: Type.Array(Type.Object({ weight: number, summary: Type.String() })) })

const fault = Type.Union([Type.Object({ code: Type.Integer(), message: Type.String() }), Type.Null()])
const quarantined = {
  id: Type.String({ minLength: 1 }),
  signal: Type.String(),
  kinds: Type.Array(Type.String()),
  bytes: Type.Integer(),
  quarantinedAt: Type.String(),
  error: fault,
  why: Type.String(),
  retries: Type.Integer(),
  state: Type.String(),
}

/** What the storage would not take. */
export const quarantinePageAnswer = Type.Object({
  items: Type.Array(Type.Object(quarantined)),
  nextCursor: Type.Union([Type.String(), Type.Null()]),
})

export const quarantinedAnswer = Type.Object({
  ...quarantined,
  previews: Type.Array(
    Type.Object({
      fields: Type.Record(Type.String(), Type.Unknown()),
      isCut: Type.Boolean(),
      fault: Type.Union([Type.String(), Type.Null()]),
    }),
  ),
})

export const retryAnswer = Type.Object({
  outcome: Type.Enum(['stored', 'quarantined', 'waiting']),
  error: Type.Optional(fault),
  why: Type.Optional(Type.String()),
})

const muted = Type.Union([Type.Object({ expiresAt: Type.String() }), Type.Null()])
const logTemplate = {
  hash: Type.String(),
  text: Type.String(),
  severity: Type.Union([Type.String(), Type.Null()]),
  muted,
}
const armCounts = Type.Object({ lines: number, requests: number, of: number })

export const logTemplatesAnswer = Type.Object({
  items: Type.Array(
    Type.Object({
      ...logTemplate,
      lines: number,
      requests: number,
      firstVersion: Type.String(),
      versions: Type.Array(Type.Object({ version: Type.String(), lines: number })),
    }),
  ),
  more: number,
})

export const comparedLogsAnswer = Type.Object({
  items: Type.Array(
    Type.Object({
      ...logTemplate,
      change: Type.Enum(['new', 'increased', 'vanished', 'same']),
      firstSeen: Type.String(),
      firstVersion: Type.String(),
      baseline: armCounts,
      canary: armCounts,
    }),
  ),
})

export const logFeedbackAnswer = Type.Object({ hash: Type.String(), text: Type.String(), expiresAt: Type.String() })

export type LogTemplatesAnswer = Static<typeof logTemplatesAnswer>
export type ComparedLogsAnswer = Static<typeof comparedLogsAnswer>
export type VerdictAnswer = Static<typeof verdictAnswer>
export type GateAnswer = Static<typeof gateAnswer>
export type QuarantinePageAnswer = Static<typeof quarantinePageAnswer>
export type QuarantinedAnswer = Static<typeof quarantinedAnswer>
export type DeploymentAnswer = Static<typeof deploymentAnswer>

/** The value of an answer that fits `schema`, or null: a proxy's page with status 200 is no verdict. */
export function readAnswer<S extends TSchema>(schema: S, text: string): Static<S> | null {
  try {
    const value: unknown = JSON.parse(text)
    return Value.Check(schema, value) ? value : null
  } catch {
    return null
  }
}

/**
 * The same, wanted.
 * @param what that is expected, for the message.
 * @throws CommandEnd 1
 */
export function mustRead<S extends TSchema>(schema: S, text: string, what: string): Static<S> {
  const value = readAnswer(schema, text)
  if (value !== null) return value
  throw new CommandEnd(1, notAnAnswer(what))
}

/** Why an answer with a good status is of no use. */
export function notAnAnswer(what: string): string {
  return `expected ${what}, got something else with a good status; is --url a Davy of this version?`
}
