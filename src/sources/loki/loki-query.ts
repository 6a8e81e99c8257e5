import { Type } from 'typebox'
import type { QueryFault } from '../../domain/metric-source.ts'
import type { MetricSpec } from '../../domain/template.ts'
import { type ArmText, armText } from '../arm-text.ts'
import { completeQuery, type QueriesOf, queryFault } from '../checked-query.ts'
import { bareText } from '../fill-query.ts'
import { goStrings } from '../go-strings.ts'

const string = '(?:"(?:[^"\\\\]|\\\\.)*"|`[^`]*`)'
const othersBefore = `\\s*(?:${string}\\s*or\\s*)*`

/**
 * How LogQL takes values: as strings, and as patterns after `=~`, `!~` and `|~`, also in further strings after `or`. The
 * strings of stages that are patterns or templates of other kinds take none, since a value could be more than one there.
 */
export const logql = goStrings(
  '"`',
  new RegExp(`[=!|]~${othersBefore}$`),
  new RegExp(`[|!]>${othersBefore}$|\\|\\s*(?:regexp|pattern|line_format|label_format)\\b(?:[^|"\`]|${string})*$`),
)

const closed = { additionalProperties: false }

/** What stands for a name of a label may stand in a query as it is. */
const labelName = (description: string) =>
  Type.String({ pattern: '^[a-zA-Z_][a-zA-Z0-9_]*$', maxLength: 100, description })

const lines = (description: string) =>
  armText(`${description} A selector of streams and what filters and parses their lines; Davy counts them.`)

const common = {
  podLabel: Type.String({
    ...labelName('the label that names the pod, of the stream or parsed'),
    default: 'pod',
  }),
  delaySeconds: Type.Integer({
    minimum: 0,
    maximum: 3600,
    multipleOf: 10,
    default: 0,
    description: 'Lines come so late: each look is told what was so long before it.',
  }),
}

const operationLabel = Type.Optional(labelName('the label by which like is compared with like, as route'))

/** What the `query` of a metric may say, by the metric's kind. */
export const lokiQuerySchemas = {
  proportion: Type.Object(
    {
      errors: lines('The lines of requests that failed.'),
      total: lines('The lines of all requests, one each, the failed ones too.'),
      operationLabel,
      ...common,
    },
    closed,
  ),
  distribution: Type.Object(
    {
      durations: lines('The lines of requests, one each, that have a duration in the label `value`.'),
      value: labelName('the label that holds the duration, parsed from the line'),
      unit: Type.Enum(['s', 'ms', 'us', 'ns'], { default: 's', description: 'of the duration, a number' }),
      operationLabel,
      ...common,
    },
    closed,
  ),
  gauge: Type.Object(
    {
      level: armText(
        'A metric query that gives one series per pod, as of unwrapped values; it is evaluated every 10 s.',
      ),
      ...common,
    },
    closed,
  ),
  count: Type.Object(
    {
      events: lines('The lines of what happened, one each.'),
      running: lines('Lines that every pod writes: one that has them and none of events had no events.'),
      ...common,
    },
    closed,
  ),
} as const

export type LokiQuery = QueriesOf<typeof lokiQuerySchemas>
export type LokiKind = keyof LokiQuery

export const lokiKinds = Object.keys(lokiQuerySchemas) as readonly LokiKind[]

/** The keys that hold LogQL. */
const logqlKeys: Readonly<Record<LokiKind, readonly string[]>> = {
  proportion: ['errors', 'total'],
  distribution: ['durations'],
  gauge: ['level'],
  count: ['events', 'running'],
}

/** A query as it is asked: with what it left out. @throws Error for one that {@link checkLokiQuery} finds fault with */
export function completeLokiQuery<K extends LokiKind>(kind: K, query: MetricSpec['query']): LokiQuery[K] {
  return completeQuery(lokiQuerySchemas, kind, query)
}

/** The LogQL of a metric's query, by its keys. */
export function logqlOf({ kind, query }: MetricSpec): readonly (readonly [key: string, text: ArmText])[] {
  return (logqlKeys[kind as LokiKind] ?? []).map((key) => [key, query?.[key] as ArmText] as const)
}

/** The first fault of a metric's query. */
export function checkLokiQuery(metric: MetricSpec): QueryFault | null {
  return queryFault(lokiQuerySchemas, metric, {
    texts: () => logqlOf(metric).map(([key, text]) => [`/${key}`, text] as const),
    language: logql,
    ...(metric.kind === 'gauge' ? {} : { textFault: linesFault }),
  })
}

/** Lines are counted over 10 s by Davy, so a query must not do so itself. */
function linesFault(text: string): Omit<QueryFault, 'key'> | null {
  const bare = bareText(text, logql)
  if (bare !== null && /^\s*\{/.test(bare) && !/[[\]]/.test(bare)) return null
  return {
    expected: 'a selector of streams and a pipeline, as {app="shop"} | json | status >= 500, without a range',
    got: text.slice(0, 200),
  }
}
