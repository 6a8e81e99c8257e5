import { DavyError } from '../domain/errors.ts'
import type { Decision } from '../domain/verdict.ts'
import type { JsonSchema } from './json-schema.ts'

/** What every judge of measured series says, beside its numbers: why, as a stable code and as a sentence for people. */
export type SeriesJudgement = {
  /** What to do with a release; absent where the question was another one. */
  readonly decision?: Decision
  readonly reason: { readonly code: string; readonly summary: string }
}

/** A judge that sees series whole, as JSON, and answers with JSON. It is a pure function, like every judge. */
export type SeriesJudge<Input, Judgement extends SeriesJudgement> = {
  /** What it answers, in a sentence. */
  readonly question: string
  /** What fits this fits `Input`. */
  readonly input: JsonSchema
  /** @throws DavyError UNPROCESSABLE with a JSON pointer, for what a schema cannot say. */
  judge(input: Input): Judgement
  /** The numbers for people, a head first; [] when the sentence says all. */
  table(judgement: Judgement): readonly (readonly string[])[]
}

/**
 * A judge's answer.
 * @param input fits the judge's schema.
 * @throws DavyError UNPROCESSABLE for what cannot be judged: what was expected, what came, where as a JSON pointer.
 */
export function judgeSeries<Input, Judgement extends SeriesJudgement>(
  { judge }: Pick<SeriesJudge<Input, Judgement>, 'judge'>,
  input: Input,
): Judgement {
  let judgement: Judgement
  try {
    judgement = judge(input)
  } catch (error) {
    // What the mathematics refuses, in its own words.
    if (error instanceof RangeError) throw new DavyError('UNPROCESSABLE', error.message, { where: '', cause: error })
    throw error
  }
  const pointer = firstNotFinite(judgement, '')
  if (pointer === null) return judgement
  // As JSON it would become null, and a comparison with it is always false: nothing may be promoted on that.
  throw new DavyError('UNPROCESSABLE', `The values are too large or too small to be judged: ${pointer} is no number.`, {
    ...{ expected: 'values whose squares and sums are finite', where: '' },
  })
}

/** The error for an input that fits its schema and cannot be judged. @param where JSON pointer. */
export function inputFault(where: string, expected: string, got: string): DavyError {
  return new DavyError('UNPROCESSABLE', `The input cannot be judged: ${where} should be ${expected}, got ${got}.`, {
    ...{ where, expected, got },
  })
}

function firstNotFinite(value: unknown, pointer: string): string | null {
  if (typeof value === 'number') return Number.isFinite(value) ? null : pointer
  if (typeof value !== 'object' || value === null) return null
  for (const [key, inner] of Object.entries(value)) {
    const found = firstNotFinite(inner, `${pointer}/${key}`)
    if (found !== null) return found
  }
  return null
}
