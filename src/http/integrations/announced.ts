import { type Static, type TSchema, Type } from 'typebox'
import { Value } from 'typebox/value'
import type { Deployment, Outcome } from '../../domain/deployment.ts'
import { strategies } from '../../domain/deployment.ts'
import { DavyError } from '../../domain/errors.ts'
import type { Registration } from '../../engine/registration.ts'
import { schemaFaults } from '../../platform/schema-faults.ts'
import { present } from '../schemas.ts'

const name = (description: string) => Type.Optional(Type.String({ minLength: 1, maxLength: 253, description }))

const told = {
  service: name('service.name, where the platform calls it otherwise'),
  namespace: Type.Optional(Type.String({ maxLength: 253, description: 'service.namespace' })),
  environment: name('deployment.environment.name, where the platform calls it otherwise'),
  template: name('a template by name'),
  strategy: Type.Optional(Type.Enum([...strategies])),
}

/** What the address of a webhook may say of what it announces; `version` and `judge` as their platforms need them. */
export const announcedQuery = Type.Object(
  {
    ...told,
    version: name('how the version is made: {sha}, {sha7}, {sha8}, {ref}, or {tag}, the ref without a leading v'),
    judge: Type.Optional(
      Type.Enum(['during', 'after'], {
        description:
          "during (default): the platform's success ends the rollout, as promoted. after: it is when the rollout begins to be judged",
      }),
    ),
  },
  { additionalProperties: false },
)

export type Told = Static<typeof announcedQuery>

const payloadSchema = Type.Object({ ...told, version: name('service.version'), judge: announcedQuery.properties.judge })

/** The part `davy` of what a deployment carries along, when it has one that fits; more exact than an address. */
export function toldIn(payload: unknown): Told {
  const own = typeof payload === 'object' && payload !== null ? (payload as { davy?: unknown }).davy : undefined
  if (own === undefined) return {}
  return fitting(payloadSchema, own, '/deployment/payload/davy')
}

/** A commit, and the branch or tag that it was deployed by. */
export type Revision = { readonly sha: string; readonly ref: string }

/** The version as an address says that it is made of the revision; the full hash when it says nothing. */
export function versionOf(pattern: string | undefined, { sha, ref }: Revision): string {
  const parts: Readonly<Record<string, string>> = {
    sha,
    ref,
    sha7: sha.slice(0, 7),
    sha8: sha.slice(0, 8),
    tag: ref.replace(/^refs\/(?:tags|heads)\//, '').replace(/^v(?=\d)/, ''),
  }
  return (pattern ?? '{sha}').replace(/\{(\w+)\}/g, (whole, part: string) =>
    Object.hasOwn(parts, part) ? parts[part]! : whole,
  )
}

/** Every name that telemetry may have for a revision. */
export function versionsOf(revision: Revision): readonly string[] {
  const made = ['{sha}', '{sha7}', '{sha8}', '{ref}', '{tag}'].map((pattern) => versionOf(pattern, revision))
  return [...new Set(made)].filter((version) => version !== '')
}

/** What is registered; a more exact source comes first in `sources`. */
export function registrationOf(service: string, version: string, told: Told): Registration {
  const { namespace, environment, template, strategy } = told
  return present({
    service: told.service ?? service,
    canary: { version },
    ...{ namespace, environment, template, strategy },
  })
}

/** Of how a job ended: what it means for the rollout; null: that it goes on, and is judged from now. */
export function outcomeOf(isSuccess: boolean, { judge }: Told): Outcome | null {
  if (!isSuccess) return 'aborted'
  return judge === 'after' ? null : 'promoted'
}

/**
 * What a platform sent, when it fits.
 * @param at where it stands in the body. @throws DavyError VALIDATION with the first thing that does not.
 */
export function fitting<S extends TSchema>(schema: S, value: unknown, at = ''): Static<S> {
  if (Value.Check(schema, value)) return value as Static<S>
  const [fault] = schemaFaults(schema, Value.Errors(schema, value), value)
  const where = `${at}${fault?.pointer ?? ''}` || 'body'
  throw new DavyError('VALIDATION', `The body does not fit: ${where} should be ${fault?.expected ?? 'otherwise'}.`, {
    ...(fault === undefined ? {} : { expected: fault.expected, got: fault.got }),
    where,
  })
}

/** The answer to what was taken in; the platform does nothing with it, people read it in its log. */
export function taken(deployment: Deployment | null, otherwise = 'Davy knows no deployment that this is about') {
  if (deployment === null) return ignored(otherwise)
  return { deploymentId: deployment.id, status: deployment.status, outcome: deployment.outcome }
}

/** The answer to what changes nothing. */
export function ignored(why: string) {
  return { deploymentId: null, ignored: why }
}
