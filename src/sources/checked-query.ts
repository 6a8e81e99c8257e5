import type { Static, TSchema } from 'typebox'
import { Value } from 'typebox/value'
import type { QueryFault } from '../domain/metric-source.ts'
import type { MetricSpec } from '../domain/template.ts'
import { type ArmText, armTextFault, schemaFault } from './arm-text.ts'
import type { QueryLanguage } from './fill-query.ts'

/** A query with what it left out, or the first thing in it that its schema does not take. */
export function checkedQuery<Schema extends TSchema>(
  schema: Schema,
  query: MetricSpec['query'],
): { readonly query: Static<Schema> } | { readonly fault: QueryFault } {
  const value: unknown = Value.Default(schema, structuredClone(query ?? {}))
  const fault = schemaFault(schema, value)
  return fault === null ? { query: value as Static<Schema> } : { fault }
}

/** What is particular about the queries of a system. */
export type QueryRules = {
  /** What else may be wrong with a query that fits its schema, before its texts are looked at. */
  readonly wholeFault?: (query: Readonly<Record<string, unknown>>) => QueryFault | null
  /** The texts of a query that fits its schema, by their places (JSON pointers). */
  readonly texts: () => readonly (readonly [place: string, text: ArmText])[]
  readonly language: QueryLanguage
  /** What is wrong with a text beside its variables. */
  readonly textFault?: (text: string) => Omit<QueryFault, 'key'> | null
}

/** The first fault of a metric's query: of its kind, of the schema of that, of the whole, of its texts; null: none. */
export function queryFault(
  schemas: Readonly<Record<string, TSchema>>,
  { kind, query }: Pick<MetricSpec, 'kind' | 'query'>,
  { wholeFault, texts, language, textFault }: QueryRules,
): QueryFault | null {
  if (!Object.hasOwn(schemas, kind)) {
    return { expected: `a metric of kind ${Object.keys(schemas).join(', ')}`, got: kind, key: '' }
  }
  const checked = checkedQuery(schemas[kind]!, query)
  if ('fault' in checked) return checked.fault
  const fault = wholeFault?.(checked.query as Readonly<Record<string, unknown>>) ?? null
  if (fault !== null) return fault
  for (const [place, text] of texts()) {
    const found = armTextFault(text, place, language, textFault)
    if (found !== null) return found
  }
  return null
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
