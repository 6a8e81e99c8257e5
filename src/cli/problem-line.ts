import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { oneLine } from './terminal.ts'

const fault = { expected: Type.Optional(Type.String()), got: Type.Optional(Type.String()) }
const problemSchema = Type.Object({
  code: Type.String(),
  detail: Type.String(),
  ...fault,
  where: Type.Optional(Type.String()),
  errors: Type.Optional(Type.Array(Type.Object({ where: Type.String(), ...fault }))),
})

/** A problem+json body as one line: detail, expected, got, where, further faults, code; null when it is none. */
export function problemLine(text: string): string | null {
  const problem = parsed(text)
  if (!Value.Check(problemSchema, problem)) return null
  const { detail, code, errors = [] } = problem
  // The detail of one fault often has its parts already.
  const isNew = (part: string | undefined): part is string => part !== undefined && !detail.includes(part)
  const parts = [
    isNew(problem.expected) ? `expected ${problem.expected}` : null,
    isNew(problem.got) ? `got ${problem.got}` : null,
    isNew(problem.where) ? `at ${problem.where}` : null,
    ...errors.slice(1).map(({ where, expected, got }) => `${where}: expected ${expected}, got ${got}`),
  ].filter((part) => part !== null)
  const sentence = parts.length === 0 ? detail : detail.replace(/\.$/, '')
  return oneLine(`${[sentence, ...parts].join('; ')} (${code})`)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
