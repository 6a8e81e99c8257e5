import { type Static, type TSchema, Type } from 'typebox'
import { Value } from 'typebox/value'
import { DavyError } from '../domain/errors.ts'
import { isQueried, type MetricSpec, querySources, type Template } from '../domain/template.ts'
import { schemaFaults } from '../platform/schema-faults.ts'
import { packs } from '../sources/prometheus/packs/packs.ts'
import { expandPacks } from './expand-packs.ts'
import type { CheckQuery } from './sources.ts'
import { checkTemplate, noSource } from './templates.ts'

const closed = { additionalProperties: false }
const share = { exclusiveMinimum: 0, exclusiveMaximum: 1 }
const seconds = (description: string, minimum = 0) => Type.Integer({ minimum, maximum: 30 * 86_400, description })

const metricSchema = Type.Object(
  {
    name: Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,62}$' }),
    kind: Type.Enum(['proportion', 'distribution', 'gauge', 'count', 'paired', 'signatures', 'edges'], {
      description:
        'proportion: failed requests among all; distribution: request durations; gauge: levels by pod; ' +
        'count: events per pod and time; paired: answers of both arms to the same, mirrored requests; ' +
        'signatures: requests that log errors or warnings, by what they log; ' +
        'edges: calls that a version begins to make, or no longer makes',
    }),
    source: Type.Enum(['spans', 'metrics', ...querySources], {
      description:
        'spans of kind SERVER and CONSUMER; metrics: the points of an instrument, for proportion and distribution those ' +
        'of a histogram of durations in s or ms; of these two all metrics of requests have one. Any other is a system ' +
        'that is asked for this metric alone, by its query',
    }),
    query: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), {
        description: 'what a source is asked that is queried; which keys there are depends on the source and the kind',
      }),
    ),
    instruments: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 255 }), {
        minItems: 1,
        maxItems: 20,
        uniqueItems: true,
        description:
          'source metrics: names of instruments; the first one that the baseline reports is judged; proportion and ' +
          'distribution: absent for http.server.request.duration, http.server.duration, rpc.server.duration',
      }),
    ),
    reading: Type.Optional(
      Type.Enum(['level', 'growth', 'new', 'vanished'], {
        description:
          'gauge: its level, or the growth of its floor (a leak), which harms when it reaches margin in a day; ' +
          'edges: those that nobody but the canary had called, or those that it calls no more, of which margin says how ' +
          'many times more often the baseline calls them',
      }),
    ),
    direction: Type.Enum(['increase'], { description: 'the harmful direction' }),
    weight: Type.Number({ minimum: 0, maximum: 1, description: 'share of the error budget; all together at most 1' }),
    group: Type.String({ minLength: 1, maxLength: 63 }),
    margin: Type.Number({
      minimum: 1,
      maximum: 100,
      description: 'rollback when harm beyond this ratio is shown; at least 1.05 except for counts and pairs',
    }),
    promoteMargin: Type.Number({
      minimum: 1.05,
      maximum: 100,
      description: 'promote when harm beyond this ratio is ruled out; at least margin',
    }),
    promoteFloor: Type.Optional(
      Type.Number({ ...share, description: 'proportion: a rate proven below this share counts as harmless' }),
    ),
    rollbackFloor: Type.Optional(
      Type.Number({ minimum: 0, exclusiveMaximum: 1, description: 'proportion: no rollback for a smaller difference' }),
    ),
    quantiles: Type.Optional(
      Type.Array(Type.Number(share), { minItems: 1, maxItems: 8, uniqueItems: true, description: 'distribution only' }),
    ),
    critical: Type.Boolean({ description: 'must be proven harmless before a promote' }),
  },
  closed,
)

/** A template as JSON Schema, with every key's meaning. */
export const templateSchema = Type.Object(
  {
    name: Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,62}$' }),
    mode: Type.Optional(
      Type.Enum(['observe', 'enforce'], {
        description: 'absent: registered deployments are enforced, detected ones observed',
      }),
    ),
    alpha: Type.Number({ exclusiveMinimum: 0, maximum: 0.2, description: 'false-rollback budget of a deployment' }),
    alphaPromote: Type.Number({
      exclusiveMinimum: 0,
      maximum: 0.2,
      description: 'false-promote budget of each critical metric at its promoteMargin',
    }),
    lookSeconds: seconds('from look to look; a multiple of 10', 10),
    blockSeconds: seconds('a burst within one block cannot decide; a multiple of lookSeconds', 10),
    watermarkSeconds: seconds('data younger than this is not judged yet'),
    warmUpSeconds: seconds('the first seconds after the start are not judged'),
    minimum: Type.Object(
      {
        seconds: seconds('no promote earlier than this after the start'),
        requests: Type.Integer({ minimum: 0, description: 'no promote with fewer requests to the canary' }),
      },
      closed,
    ),
    exposureMode: Type.Boolean({
      description: 'promote on `minimum` without a sign of harm, although none is ruled out',
    }),
    deadlineSeconds: seconds('without a decision by then, onDeadline answers', 10),
    onDeadline: Type.Enum(['hold', 'promote', 'rollback']),
    onSilence: Type.Enum(['hold', 'rollback'], {
      description: 'when a weight was announced and the canary has reported next to nothing for five minutes',
    }),
    metrics: Type.Array(metricSchema, { minItems: 1, maxItems: 100 }),
  },
  closed,
)

/** What may be sent: whatever is left out comes from the template `default`, of a metric from its metric of that kind. */
export const partialTemplateSchema = Type.Object(
  {
    ...Type.Partial(templateSchema).properties,
    packs: Type.Optional(
      Type.Array(Type.Enum(packs.map(({ name }) => name)), {
        uniqueItems: true,
        maxItems: 20,
        description:
          'Ready-made metrics of Prometheus. Packs that count requests stand instead of the metrics of `default`, others ' +
          'beside them; their weights are made smaller until all fit into 1.',
      }),
    ),
    metrics: Type.Optional(
      Type.Array(
        Type.Object(
          { ...Type.Partial(metricSchema).properties, ...Type.Pick(metricSchema, ['name', 'kind']).properties },
          closed,
        ),
        { minItems: 1, maxItems: 100 },
      ),
    ),
  },
  closed,
)

/**
 * A template from somewhere outside, completed and checked.
 * @param where the file or request that it came from.
 * @param base where absent keys come from; null: none may be absent.
 * @param checkQuery what sources say of the queries.
 * @throws DavyError UNPROCESSABLE with the first fault's place.
 */
export function parseTemplate(
  value: unknown,
  where: string,
  base: Template | null,
  checkQuery: CheckQuery = noSource,
): Template {
  if (base === null) return checked(value, where, checkQuery)
  check(partialTemplateSchema, value, where)
  const partial = value as Static<typeof partialTemplateSchema>
  const { packs = [], metrics: given, ...policy } = partial
  // Whether what is given makes whole metrics is checked below, with their places.
  const own = given?.map((metric) => completed(metric, base) as MetricSpec) ?? null
  const metrics = packs.length === 0 ? (own ?? base.metrics) : expandPacks(packs, own, base.metrics, where)
  return checked({ ...base, mode: undefined, ...policy, metrics }, where, checkQuery)
}

type PartialMetric = NonNullable<Static<typeof partialTemplateSchema>['metrics']>[number]

/** A metric with what it leaves out; what is queried has no instruments, whatever the base's metric has. */
function completed(metric: PartialMetric, base: Template): object {
  const { instruments, ...known } = base.metrics.find(({ kind }) => kind === metric.kind) ?? {}
  const isOwn = metric.source !== undefined && isQueried({ source: metric.source })
  return { ...known, ...(instruments === undefined || isOwn ? {} : { instruments }), ...metric }
}

function checked(value: unknown, where: string, checkQuery: CheckQuery): Template {
  // JSON drops what is undefined, which is not the same as absent to the schema.
  const template = JSON.parse(JSON.stringify(value)) as Template
  check(templateSchema, template, where)
  checkTemplate(template, where, checkQuery)
  return template
}

function check(schema: TSchema, value: unknown, where: string): void {
  if (Value.Check(schema, value)) return
  const [fault] = schemaFaults(schema, Value.Errors(schema, value), value)
  throw new DavyError('UNPROCESSABLE', 'The template does not fit its schema.', {
    expected: fault?.expected ?? 'a template',
    got: fault?.got ?? 'something else',
    where: `${where}${fault?.pointer ?? ''}`,
  })
}
