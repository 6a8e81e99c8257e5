import { type Static, Type } from 'typebox'

/*
 * What Kayenta reads of its bodies. Other properties are allowed, as there; nulls are taken out before, since there they
 * are as good as absent.
 */

const name = Type.String({ minLength: 1, maxLength: 500 })
const object = Type.Record(Type.String(), Type.Unknown())
const thresholds = Type.Object({ pass: Type.Number(), marginal: Type.Number() })
const parameters = Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()]))
const stepSeconds = Type.Integer({ minimum: 1, maximum: 86_400 })
const minutes = Type.Integer({ minimum: 0, maximum: 527_040 })
const time = Type.String({ minLength: 1, maxLength: 40 })

const metricSchema = Type.Object({
  name: Type.String({ maxLength: 500 }),
  query: Type.Object({ type: name }),
  groups: Type.Optional(Type.Array(Type.String(), { maxItems: 50 })),
  analysisConfigurations: Type.Optional(object),
  scopeName: Type.Optional(Type.String()),
})

export const configSchema = Type.Object({
  id: Type.Optional(Type.String({ maxLength: 200 })),
  name: Type.Optional(Type.String({ maxLength: 200 })),
  description: Type.Optional(Type.String()),
  configVersion: Type.Optional(Type.Union([Type.String(), Type.Number()])),
  applications: Type.Optional(Type.Array(name, { maxItems: 200 })),
  judge: Type.Optional(Type.Object({ name: Type.Optional(Type.String()), judgeConfigurations: Type.Optional(object) })),
  metrics: Type.Optional(Type.Array(metricSchema, { maxItems: 200 })),
  templates: Type.Optional(Type.Record(Type.String(), Type.String())),
  classifier: Type.Optional(
    Type.Object({
      groupWeights: Type.Optional(Type.Record(Type.String(), Type.Number())),
      scoreThresholds: Type.Optional(Type.Partial(thresholds)),
    }),
  ),
  createdTimestamp: Type.Optional(Type.Integer({ minimum: 0, maximum: 4_102_444_800_000 })),
  updatedTimestamp: Type.Optional(Type.Integer({ minimum: 0, maximum: 4_102_444_800_000 })),
})

/** A canary config as Kayenta has it. */
export type CanaryConfig = Static<typeof configSchema>

const scopeSchema = Type.Object({
  scope: Type.Optional(Type.String({ maxLength: 1000 })),
  location: Type.Optional(Type.String({ maxLength: 500 })),
  start: time,
  end: time,
  step: stepSeconds,
  extendedScopeParams: Type.Optional(parameters),
})

export const executionRequestSchema = Type.Object({
  scopes: Type.Optional(
    Type.Record(
      Type.String(),
      Type.Object({ controlScope: Type.Optional(scopeSchema), experimentScope: Type.Optional(scopeSchema) }),
    ),
  ),
  thresholds: Type.Optional(thresholds),
})

/** What `POST /canary` asks for. */
export type ExecutionRequest = Static<typeof executionRequestSchema>

export const analysisRequestSchema = Type.Object({
  scopes: Type.Array(
    Type.Object({
      scopeName: Type.Optional(name),
      controlScope: Type.Optional(Type.String({ maxLength: 1000 })),
      controlLocation: Type.Optional(Type.String({ maxLength: 500 })),
      controlOffsetInMinutes: Type.Optional(minutes),
      experimentScope: Type.Optional(Type.String({ maxLength: 1000 })),
      experimentLocation: Type.Optional(Type.String({ maxLength: 500 })),
      startTimeIso: Type.Optional(time),
      endTimeIso: Type.Optional(time),
      step: Type.Optional(stepSeconds),
      extendedScopeParams: Type.Optional(parameters),
    }),
    { minItems: 1, maxItems: 20 },
  ),
  thresholds: Type.Optional(thresholds),
  lifetimeDurationMins: Type.Optional(minutes),
  beginAfterMins: Type.Optional(minutes),
  lookbackMins: Type.Optional(minutes),
  analysisIntervalMins: Type.Optional(minutes),
})

/** What `POST /standalone_canary_analysis` asks for. */
export type AnalysisRequest = Static<typeof analysisRequestSchema>

const point = Type.Union([Type.Number(), Type.Enum(['NaN', 'Infinity', '-Infinity']), Type.Null()])

export const pairListSchema = Type.Array(
  Type.Object({
    name: Type.String(),
    id: Type.Optional(Type.String()),
    tags: Type.Optional(Type.Record(Type.String(), Type.String())),
    values: Type.Object({ control: Type.Array(point), experiment: Type.Array(point) }),
  }),
  { maxItems: 10_000 },
)

export const judgeRequestSchema = Type.Object({
  canaryConfig: configSchema,
  scoreThresholds: thresholds,
  metricSetPairList: pairListSchema,
})

export type JudgeRequest = Static<typeof judgeRequestSchema>
