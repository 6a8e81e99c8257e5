import type { Static, TSchema } from 'typebox'
import { Value } from 'typebox/value'
import type { QueryFault } from '../domain/metric-source.ts'
import type { MetricSpec } from '../domain/template.ts'
import { schemaFault } from './arm-text.ts'

/** A query with what it left out, or the first thing in it that its schema does not take. */
export function checkedQuery<Schema extends TSchema>(
  schema: Schema,
  query: MetricSpec['query'],
): { readonly query: Static<Schema> } | { readonly fault: QueryFault } {
  const value: unknown = Value.Default(schema, structuredClone(query ?? {}))
  const fault = schemaFault(schema, value)
  return fault === null ? { query: value as Static<Schema> } : { fault }
}

/** What the queries of schemas by kind are. */
export type QueriesOf<Schemas extends Readonly<Record<string, TSchema>>> = {
  readonly [Kind in keyof Schemas]: Static<Schemas[Kind]>
}

/** A query as it is asked: with what it left out. @throws Error for one that does not fit the schema of its kind */
export function completeQuery<Schemas extends Readonly<Record<string, TSchema>>, Kind extends keyof Schemas & string>(
  schemas: Schemas,
  kind: Kind,
  query: MetricSpec['query'],
): QueriesOf<Schemas>[Kind] {
  const checked = checkedQuery(schemas[kind]!, query)
  if ('fault' in checked) throw new Error(`a query of kind ${kind} does not fit its schema`)
  return checked.query as QueriesOf<Schemas>[Kind]
}
