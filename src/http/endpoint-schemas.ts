import { type TSchema, Type } from 'typebox'
import { eventTypes } from '../domain/sink.ts'
import { pageQuery } from './schemas.ts'

const closed = { additionalProperties: false }

const names = (description: string) =>
  Type.Array(Type.String({ minLength: 1, maxLength: 256 }), { maxItems: 1000, description })

const secret = Type.String({
  minLength: 1,
  maxLength: 8192,
  description: 'the secret or token of the format; it is never shown again',
})

const signature = Type.Enum(['hmac', 'ed25519'], {
  description: 'which kind of secret is made when none is given, for formats that are signed by Standard Webhooks',
})

const settings = {
  url: Type.String({ maxLength: 2000, description: 'without user name and password; some formats know it themselves' }),
  format: Type.String({ minLength: 1, maxLength: 64, description: 'as GET /api/v1/formats lists them; cloudevents' }),
  events: Type.Array(Type.Enum([...eventTypes]), { minItems: 1, description: 'what the format is about when absent' }),
  services: names('only of these services; empty: of all'),
  environments: names('only of these environments; empty: of all'),
  decisions: Type.Array(Type.Enum(['promote', 'hold', 'rollback']), {
    maxItems: 3,
    description: 'only verdicts with these decisions; empty: all',
  }),
  options: Type.Record(Type.String(), Type.String({ maxLength: 1000 }), {
    description: 'settings of the format, such as a channel',
  }),
  act: Type.Boolean({ description: 'whether a format that can change something does' }),
  secret,
  signature,
}

function optional<Properties extends Record<string, TSchema>>(properties: Properties) {
  return Type.Partial(Type.Object(properties), closed)
}

/** A whole endpoint, to make one or to put in place of one. What is left out has its default. */
export const endpointSchema = optional(settings)

/** Of an endpoint that is there, what is to be another. */
export const endpointPatchSchema = Type.Partial(
  Type.Object({
    ...settings,
    disabled: Type.Boolean({ description: 'true: nothing is sent to it; false: again, but not what came meanwhile' }),
  }),
  { ...closed, minProperties: 1 },
)

export const rotationSchema = optional({
  secret,
  signature,
  overlapHours: Type.Number({ minimum: 0, maximum: 720, description: 'the old secret signs too for so long; 24' }),
})

export const deliveriesQuery = Type.Object(
  {
    deploymentId: Type.Optional(Type.String()),
    endpoint: Type.Optional(Type.String()),
    state: Type.Optional(Type.Enum(['pending', 'delivered', 'skipped', 'failed'])),
    ...pageQuery,
  },
  closed,
)
