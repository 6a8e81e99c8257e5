import type { QueryFault } from '../../domain/metric-source.ts'
import type { MetricSpec } from '../../domain/template.ts'

/** The least severity that is judged, as the lowest number of its range. */
const severities: Readonly<Record<string, number>> = { warn: 13, error: 17, fatal: 21 }

/** The query of a metric of source logs, for people and editors: as {@link checkLogQuery} checks it. */
export const logQuerySchema = {
  type: 'object',
  properties: {
    severity: {
      enum: Object.keys(severities),
      description:
        'the least that counts, error when absent; of records without a severity number the severity text says it, and ' +
        'what has neither does not count',
    },
  },
  additionalProperties: false,
} as const

/** What a metric of source logs asks: `severity`, the least that counts; `error` when it does not say. */
export function severityOf({ query = {} }: Pick<MetricSpec, 'query'>): number {
  return severities[String(query.severity ?? 'error')] ?? (severities.error as number)
}

/** The first fault of a query; null: there is none. */
export function checkLogQuery({ query = {} }: MetricSpec): QueryFault | null {
  const stranger = Object.keys(query).find((key) => key !== 'severity')
  if (stranger !== undefined) return { expected: 'severity and no other key', got: stranger, key: stranger }
  const { severity } = query
  if (severity === undefined || (typeof severity === 'string' && Object.hasOwn(severities, severity))) return null
  return { expected: `one of ${Object.keys(severities).join(', ')}`, got: JSON.stringify(severity), key: 'severity' }
}
