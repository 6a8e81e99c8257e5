import { type Static, type TSchema, Type } from 'typebox'
import { type CohortMatch, type CohortSelector, type Dimension, dimensions } from '../domain/cohort.ts'
import { strategies } from '../domain/deployment.ts'
import { DavyError } from '../domain/errors.ts'
import { partialTemplateSchema } from '../engine/template-schema.ts'

const closed = { additionalProperties: false }
const name = (description: string) => Type.String({ minLength: 1, maxLength: 253, description })
const time = (description: string) => Type.String({ format: 'date-time', description })

const matchSchema = Type.Record(
  Type.String(),
  Type.Union([Type.String(), Type.Array(Type.String(), { minItems: 1 })]),
  {
    description: `Attribute values by dimension: ${dimensions.join(', ')}, or the OpenTelemetry name of one.`,
  },
)

const cohort = { version: Type.Optional(name('service.version of the cohort')), match: Type.Optional(matchSchema) }
const cohortSchema = Type.Object(cohort, closed)
const pastCohortSchema = Type.Object(
  { ...cohort, from: Type.Optional(time('inclusive')), to: Type.Optional(time('exclusive')) },
  closed,
)

const unit = {
  namespace: Type.Optional(
    Type.String({ maxLength: 253, description: 'service.namespace; absent: the only one seen' }),
  ),
  service: name('service.name'),
  environment: Type.Optional(name('deployment.environment.name; `default` when absent')),
  strategy: Type.Optional(Type.Enum([...strategies])),
}

export const registrationSchema = Type.Object(
  {
    ...unit,
    canary: cohortSchema,
    baseline: Type.Optional(cohortSchema),
    template: Type.Optional(name('a template by name; `default` when absent')),
    startedAt: Type.Optional(time('when the canary got its first traffic; now when absent')),
    plannedWeight: Type.Optional(Type.Number({ minimum: 0, maximum: 100, description: 'per cent of the traffic' })),
  },
  closed,
)

export const analysisSchema = Type.Object(
  {
    ...unit,
    canary: pastCohortSchema,
    baseline: pastCohortSchema,
    from: time('start of the analysis, inclusive'),
    to: time('end of the analysis, exclusive'),
    template: Type.Optional(Type.Union([name('a template by name'), partialTemplateSchema])),
  },
  closed,
)

/** The unit and the policy of a calibration; no body at all means the defaults. */
export const calibrationSchema = Type.Union([
  Type.Object(
    {
      namespace: unit.namespace,
      environment: unit.environment,
      template: Type.Optional(name('a template by name; `default` when absent')),
    },
    closed,
  ),
  Type.Null(),
])

export const calibrationQuery = Type.Object(
  { environment: Type.Optional(name('only this one')), template: Type.Optional(name('only this one')) },
  closed,
)

const planNames = {
  namespace: unit.namespace,
  service: Type.Optional(name('service.name; what is not given is taken from its last hour')),
  environment: unit.environment,
  template: Type.Optional(name('a template by name; `default` when absent')),
}
const several = { minItems: 1, maxItems: 20 }

export const planSchema = Type.Object(
  {
    ...planNames,
    requestsPerSecond: Type.Optional(
      Type.Number({ exclusiveMinimum: 0, maximum: 1e9, description: 'of canary and baseline together' }),
    ),
    errorRate: Type.Optional(
      Type.Number({ minimum: 0, exclusiveMaximum: 1, description: "the baseline's, a share: 0.01 is 1%" }),
    ),
    pods: Type.Optional(Type.Integer({ minimum: 2, maximum: 100_000, description: 'of both arms together' })),
    weights: Type.Optional(
      Type.Array(Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 100 }), {
        ...several,
        description: 'per cent of the traffic that the canary gets',
      }),
    ),
    ratios: Type.Optional(
      Type.Array(Type.Number({ exclusiveMinimum: 1, maximum: 1000 }), {
        ...several,
        description: "harm to be found: the canary's error rate over the baseline's",
      }),
    ),
    increases: Type.Optional(
      Type.Array(Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 1 }), {
        ...several,
        description: 'harm to be found: by how much the error rate rises, as a share',
      }),
    ),
  },
  closed,
)

const decimal = '(0|[1-9][0-9]{0,8})(\\.[0-9]{1,9})?'
const oneNumber = (description: string) => Type.Optional(Type.String({ pattern: `^${decimal}$`, description }))
const someNumbers = (description: string) =>
  Type.Optional(Type.String({ pattern: `^${decimal}(,${decimal}){0,19}$`, description }))

/** The same in a query; the numbers are checked once more as a body's are. */
export const planQuery = Type.Object(
  {
    ...planNames,
    requestsPerSecond: oneNumber('of canary and baseline together'),
    errorRate: oneNumber("the baseline's, a share: 0.01 is 1%"),
    pods: oneNumber('of both arms together'),
    weights: someNumbers('per cent of the traffic that the canary gets, with commas between them'),
    ratios: someNumbers("harm to be found: the canary's error rate over the baseline's"),
    increases: someNumbers('harm to be found: by how much the error rate rises, as a share'),
  },
  closed,
)

export const overrideSchema = Type.Object(
  { decision: Type.Enum(['promote', 'hold', 'rollback']), reason: Type.String({ minLength: 3, maxLength: 1000 }) },
  closed,
)

export const finishSchema = Type.Object({ outcome: Type.Enum(['promoted', 'rolled-back', 'aborted']) }, closed)

export const feedbackSchema = Type.Object(
  {
    verdictWas: Type.Enum(['right', 'false-alarm', 'missed', 'expected']),
    note: Type.Optional(Type.String({ maxLength: 4000 })),
  },
  closed,
)

/** With nothing in it, it says that a step was taken now. */
export const progressSchema = Type.Object(
  {
    weight: Type.Optional(Type.Number({ minimum: 0, maximum: 100 })),
    step: Type.Optional(name('the step as the controller calls it')),
    at: Type.Optional(time('when the step was taken; now when absent')),
  },
  closed,
)

export const killSwitchSchema = Type.Object(
  { on: Type.Boolean(), reason: Type.String({ minLength: 3, maxLength: 1000 }) },
  closed,
)

export const idParams = Type.Object({ id: name('an id') })
export const nameParams = Type.Object({ name: name('a name') })

/** A page of a list: at most `limit` items after `cursor`. */
export const pageQuery = {
  limit: Type.Optional(Type.String({ pattern: '^[1-9][0-9]{0,2}$', description: '1 to 999; 50 when absent' })),
  cursor: Type.Optional(Type.String({ maxLength: 64, description: '`nextCursor` of the page before' })),
}

const attributeNames: Readonly<Record<string, Dimension>> = {
  'service.namespace': 'namespace',
  'service.name': 'service',
  'deployment.environment.name': 'environment',
  'deployment.environment': 'environment',
  'service.version': 'version',
  'deployment.cohort': 'cohort',
  'k8s.replicaset.name': 'replicaSet',
  'k8s.pod.label.pod-template-hash': 'replicaSet',
  'k8s.pod.name': 'pod',
  'service.instance.id': 'pod',
}

/**
 * A cohort of a request as the domain has it.
 * @param where its JSON pointer, for the error.
 * @throws DavyError UNPROCESSABLE when it matches by something that is no dimension.
 */
export function toSelector(cohort: Static<typeof cohortSchema>, where: string): CohortSelector {
  const match: Partial<Record<Dimension, readonly string[]>> = {}
  for (const [key, value] of Object.entries(cohort.match ?? {})) {
    const dimension = dimensionOf(key)
    if (dimension === undefined) {
      throw new DavyError('UNPROCESSABLE', `A cohort cannot be matched by ${JSON.stringify(key.slice(0, 64))}.`, {
        expected: `one of ${dimensions.join(', ')}`,
        got: key.slice(0, 64),
        where: `${where}/match`,
      })
    }
    const accepted = typeof value === 'string' ? [value] : value
    match[dimension] = dimension === 'replicaSet' ? accepted.map(podTemplateHash) : accepted
  }
  return {
    ...(cohort.version === undefined ? {} : { version: cohort.version }),
    ...(cohort.match === undefined || Object.keys(match).length === 0 ? {} : { match: match satisfies CohortMatch }),
  }
}

/** The dimension of that name, or of that OpenTelemetry name; undefined: none. */
function dimensionOf(name: string): Dimension | undefined {
  return (
    dimensions.find((each) => each === name) ?? (Object.hasOwn(attributeNames, name) ? attributeNames[name] : undefined)
  )
}

/** Replica sets are stored by their hash, which is the last part of their name and holds no dash. */
function podTemplateHash(name: string): string {
  return name.slice(name.lastIndexOf('-') + 1)
}

/**
 * A time of a request in Unix milliseconds. RFC 3339 allows what no clock here shows, the leap second.
 * @param where its JSON pointer, for the error.
 * @throws DavyError VALIDATION
 */
export function readTime(text: string, where: string): number {
  const at = Date.parse(text)
  if (!Number.isNaN(at)) return at
  throw new DavyError('VALIDATION', `The body does not fit: ${where} is no time that a clock shows.`, {
    expected: 'a time as 2026-11-21T10:00:00Z',
    got: JSON.stringify(text.slice(0, 64)),
    where,
  })
}

/** Leaves out what is undefined: an absent property and an undefined one are not the same to the domain. */
export function present<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as never
}

export type Body<S extends TSchema> = Static<S>
