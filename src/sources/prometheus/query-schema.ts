import { Type } from 'typebox'
import type { MetricKind } from '../../domain/template.ts'
import { armText } from '../arm-text.ts'
import type { QueriesOf } from '../checked-query.ts'

const closed = { additionalProperties: false }

const counters = 'A selector of counters: their raw samples are read, so no rate() around it.'

const common = {
  account: Type.Optional(Type.String({ description: 'a name of sources.prometheus.accounts; absent: default' })),
  podLabel: Type.String({ minLength: 1, default: 'pod', description: 'the label that names the pod' }),
  delaySeconds: Type.Integer({
    minimum: 0,
    maximum: 3600,
    default: 0,
    description:
      'Samples come so late: each look is told what was so long before it. For what is written remotely or exported ' +
      'late; scraping itself needs none.',
  }),
}

const temporality = Type.Enum(['cumulative', 'sums'], {
  default: 'cumulative',
  description: 'cumulative: counters; sums: each sample counts what happened since the one before (CloudWatch)',
})

const operationLabel = Type.Optional(
  Type.String({ minLength: 1, description: 'the label by which like is compared with like, as route or handler' }),
)

/** What the `query` of a metric may say, by the metric's kind. */
export const querySchemas = {
  proportion: Type.Object(
    {
      errors: armText(`The requests that failed. ${counters}`),
      total: armText(`All requests, the failed ones too. ${counters}`),
      ...{ operationLabel, temporality },
      ...common,
    },
    closed,
  ),
  distribution: Type.Object(
    {
      durations: armText(
        'A selector of histograms of durations: of the series with _bucket for classic ones, or of native histograms.',
      ),
      unit: Type.Enum(['s', 'ms'], { default: 's', description: 'of the histogram’s bounds' }),
      operationLabel,
      ...common,
    },
    closed,
  ),
  gauge: Type.Object(
    { level: armText('Any expression that gives one series per pod; it is evaluated every 10 s.'), ...common },
    closed,
  ),
  count: Type.Object({ events: armText(`What happened, by pod. ${counters}`), temporality, ...common }, closed),
} as const

export type PrometheusQuery = QueriesOf<typeof querySchemas>

export function isPrometheusKind(kind: MetricKind): kind is keyof PrometheusQuery {
  return Object.hasOwn(querySchemas, kind)
}
