import { closedObject, type JsonSchema, listOf } from '../json-schema.ts'

const name: JsonSchema = { type: 'string', minLength: 1 }
const seconds: JsonSchema = { type: 'number', description: 'seconds, on one clock for the whole rollout' }
const share: JsonSchema = { type: 'number', minimum: 0, maximum: 1 }
const positive: JsonSchema = { type: 'number', exclusiveMinimum: 0 }
const atLeastZero: JsonSchema = { type: 'number', minimum: 0 }

const edge = closedObject({ from: name, to: name }, {}, 'who calls whom')
const sharePoints = listOf(
  closedObject({ at: seconds, value: { ...share, type: ['number', 'null'] } }),
  'ascending in time; value null: there was nothing to measure',
)
const gaugePoints = listOf(
  closedObject({ at: seconds, value: { type: ['number', 'null'] } }),
  'ascending in time; value null: there was nothing to measure',
)

const pod = closedObject(
  {
    name,
    role: { enum: ['baseline', 'canary'] },
    readyAt: { ...seconds, description: 'when it became ready; if nobody saw that, its first observation' },
  },
  {
    removedAt: {
      type: ['number', 'null'],
      description: 'from here on the name is not this pod’s any more; null: it stays',
    },
  },
)

const ofPod = {
  pod: { ...name, description: 'the name of one of `pods`' },
  metric: { ...name, description: 'a name that the policy has' },
  direction: { enum: ['increase', 'decrease'], description: 'which way harm lies' },
}

const series: JsonSchema = {
  anyOf: [
    closedObject(
      { kind: { const: 'proportion' }, ...ofPod, edge, points: sharePoints },
      {},
      'a share of the requests on one edge, seen at this pod',
    ),
    closedObject(
      { kind: { const: 'gauge' }, ...ofPod, points: gaugePoints },
      {},
      'a level of the pod: seconds, percent, bytes; only values above 0 count',
    ),
  ],
}

/** One rollout, without what is known of others. */
export const rolloutFields = {
  required: {
    service: name,
    changeStart: seconds,
    intervalSeconds: { ...positive, description: 'time between two observations of a series' },
    pods: listOf(pod, 'of both versions', 1),
    series: listOf(series),
  },
  optional: {
    mesh: listOf(
      closedObject({ edge, points: sharePoints }),
      'the success share of all requests on an edge, both versions together; edges of the service and its neighbours',
    ),
  },
} as const

const policy = closedObject(
  {},
  {
    alpha: { ...positive, maximum: 0.5, description: 'probability of rolling back a harmless release; 0.01' },
    onSilence: { enum: ['hold', 'rollback'], description: 'what a silent canary pod leads to; hold' },
    metrics: {
      type: 'object',
      minProperties: 1,
      additionalProperties: closedObject({ weight: positive, margin: positive }),
      description:
        'instead of the defaults: share of the error budget and tolerated relative worsening (0.25: a quarter)',
    },
    proportions: closedObject({}, { blockSeconds: positive, pseudoRequestsPerMinute: positive }),
    gauges: closedObject(
      {},
      {
        ...{ warmUpSeconds: atLeastZero, minimumPoints: { type: 'integer', minimum: 1 }, rho: positive },
        spreadConfidence: { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 },
      },
    ),
    silence: closedObject(
      {},
      {
        ...{ graceSeconds: atLeastZero, minimumExpected: positive, mostDelivered: share },
        history: closedObject({ share: { ...share, exclusiveMinimum: 0 }, pods: positive }),
      },
    ),
    outage: closedObject(
      {},
      { healthyShare: share, brokenShare: share, intervals: { type: 'integer', minimum: 1, maximum: 1000 } },
    ),
    ...{ minimumSoakSeconds: atLeastZero, minimumComparedShare: share },
  },
  'what is left out keeps its default',
)

/** What is known beside the rollouts. */
export const rolloutKnowledge = {
  history: listOf(
    closedObject({ service: name, metric: name, squares: atLeastZero, freedom: { ...positive } }),
    'scatter between baseline pods: `scatter` of earlier judgements, never of these rollouts; without it no gauge is compared',
  ),
  policy,
} as const
