import { type TSchema, Type } from 'typebox'
import { Value } from 'typebox/value'
import type { Arm } from '../domain/cohort.ts'
import { DavyError } from '../domain/errors.ts'
import type { QueryFault, SourceQuestion } from '../domain/metric-source.ts'
import { schemaFaults } from '../platform/schema-faults.ts'
import { checkVariables, fillQuery, type QueryLanguage, tellsArmsApart } from './fill-query.ts'
import { armVariables, lacksOnlyPods, valuesOf } from './query-values.ts'

/** A text of a query: one for both arms, which its variables tell apart, or one for each. */
export type ArmText = string | Readonly<Record<Arm, string>>

/** A text as it is asked of one arm; null: of this arm nothing can be asked yet. @throws DavyError SOURCE_DOWN */
export type FillText = (text: ArmText) => string | null

/** The schema of an {@link ArmText}. */
export function armText(description: string) {
  return Type.Union(
    [
      Type.String({ minLength: 1, maxLength: 4096 }),
      Type.Object(
        { baseline: Type.String({ minLength: 1 }), canary: Type.String({ minLength: 1 }) },
        { additionalProperties: false, description: 'one for each arm' },
      ),
    ],
    { description },
  )
}

/** Where a query does not fit its schema; null: it does. */
export function schemaFault(schema: TSchema, value: unknown): QueryFault | null {
  if (Value.Check(schema, value)) return null
  const [fault] = schemaFaults(schema, Value.Errors(schema, value), value)
  return { expected: fault?.expected ?? 'a query', got: fault?.got ?? 'another', key: fault?.pointer ?? '' }
}

/**
 * The first fault of a text at a place of a query (a JSON pointer): of its variables, of what a language says of it, or
 * that both arms would be asked the same.
 */
export function armTextFault(
  text: ArmText,
  key: string,
  language: QueryLanguage,
  check: (text: string) => Omit<QueryFault, 'key'> | null = () => null,
): QueryFault | null {
  const texts = typeof text === 'string' ? [['', text] as const] : Object.entries(text)
  for (const [arm, each] of texts) {
    const fault = checkVariables(each, language) ?? check(each)
    if (fault !== null) return { ...fault, key: arm === '' ? key : `${key}/${arm}` }
  }
  if (typeof text !== 'string' || tellsArmsApart(text, language)) return null
  const names = armVariables.map((name) => `\${${name}}`).join(', ')
  return {
    expected: `a query that tells the arms apart by ${names}, or one for each arm`,
    got: text.slice(0, 200),
    key,
  }
}

/** A text with something around it, of each arm where there is one for each. */
export function aroundText(text: ArmText, around: (text: string) => string): ArmText {
  if (typeof text === 'string') return around(text)
  return { baseline: around(text.baseline), canary: around(text.canary) }
}

/** What fills texts in for one arm of a question. @param system for people, as `Loki` */
export function filling(question: SourceQuestion, arm: Arm, language: QueryLanguage, system: string): FillText {
  const values = valuesOf(question, arm)
  return (text) => {
    const filled = fillQuery(typeof text === 'string' ? text : text[arm], values, language)
    if (typeof filled === 'string') return filled
    if (lacksOnlyPods(filled, question.pods)) return null
    throw unasked(system, question.metric.name, `its query cannot be filled in for the ${arm}: ${filled.reason}`)
  }
}

/** Texts by their keys as each arm is asked them, for people; unfilled where a value is not known. */
export function shownTexts(
  question: Omit<SourceQuestion, 'windows'>,
  texts: readonly (readonly [key: string, text: ArmText])[],
  language: QueryLanguage,
): readonly string[] {
  return texts.flatMap(([key, text]) =>
    (['baseline', 'canary'] as const).map((arm) => {
      const own = typeof text === 'string' ? text : text[arm]
      const filled = fillQuery(own, valuesOf({ ...question, windows: [] }, arm), language)
      return `${key} of the ${arm}: ${typeof filled === 'string' ? filled : own}`
    }),
  )
}

/** That a metric cannot be asked for, and why: a reason without a full stop. */
export function unasked(system: string, metric: string, reason: string): DavyError {
  return new DavyError('SOURCE_DOWN', `${system} could not be asked for ${metric}: ${reason}.`, {
    expected: 'a query that can be asked',
    got: reason,
  })
}
