import { alternatives, exactlyOne, type Literal, type QueryLanguage } from './fill-query.ts'

/**
 * A language whose strings are Go's, as PromQL and LogQL: quotes with escapes, backticks without, and comments from `#`
 * to the end of the line. A string after an operator of patterns is a pattern in RE2's syntax.
 *
 * @param marks the characters that open a string
 * @param patternAfter whether what stands before a string makes it a pattern
 * @param codeAfter whether what stands before a string makes it a language of its own, in which a value could be more
 */
export function goStrings(marks: string, patternAfter: RegExp, codeAfter?: RegExp): QueryLanguage {
  return {
    place: 'within the quotes of a label’s value',
    literalAt(query, at) {
      const mark = query[at]!
      if (mark === '#') return comment
      if (!marks.includes(mark)) return null
      const before = query.slice(0, at)
      const string = stringOf(mark, patternAfter.test(before))
      return codeAfter?.test(before) === true ? { ...string, write: null } : string
    },
  }
}

const comment: Literal = { opens: 1, closes: '\n', escapeAt: () => 0, isPattern: false, write: null }

function stringOf(mark: string, isPattern: boolean): Literal {
  const isRaw = mark === '`'
  const quoted = (text: string) => (isRaw ? text : escapedText(text, mark))
  const write = isPattern
    ? (values: readonly string[]) => quoted(alternatives(values, escapedPattern))
    : exactlyOne(quoted)
  return {
    ...{ opens: 1, closes: mark, isPattern },
    escapeAt: (query, at) => (!isRaw && query[at] === '\\' ? 2 : 0),
    write: (values) =>
      isRaw && values.some((value) => value.includes('`'))
        ? { reason: 'has a backtick, which its quotes do not take' }
        : write(values),
  }
}

function escapedPattern(value: string): string {
  return value.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&')
}

function escapedText(value: string, mark: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll(mark, `\\${mark}`).replaceAll('\n', '\\n')
}
