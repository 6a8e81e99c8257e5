import { DavyError } from '../domain/errors.ts'

/** What takes an answer of JSON apart; each throws SOURCE_DOWN for what is something else. */
export type AnswerParts = {
  readonly record: (value: unknown) => Readonly<Record<string, unknown>>
  readonly list: (value: unknown) => readonly unknown[]
  /** As `list`; what is not there is empty. */
  readonly anyList: (value: unknown) => readonly unknown[]
  /** That something else was expected. */
  readonly unreadable: (expected: string, value: unknown) => DavyError
}

/** @param sentence what is wrong then, as `The answer of InfluxDB cannot be read` */
export function answerParts(sentence: string): AnswerParts {
  const unreadable: AnswerParts['unreadable'] = (expected, value) => {
    const got = JSON.stringify(value)?.slice(0, 80) ?? 'nothing'
    return new DavyError('SOURCE_DOWN', `${sentence}: expected ${expected}, got ${got}.`, { expected, got })
  }
  const list: AnswerParts['list'] = (value) => {
    if (!Array.isArray(value)) throw unreadable('a list', value)
    return value
  }
  return {
    ...{ unreadable, list },
    anyList: (value) => (value === undefined ? [] : list(value)),
    record(value) {
      if (typeof value !== 'object' || value === null) throw unreadable('an object', value)
      return value as Readonly<Record<string, unknown>>
    },
  }
}
