import { goStrings } from '../go-strings.ts'

/** How PromQL takes values: as strings, and as patterns after `=~` and `!~`. */
export const promql = goStrings('"\'`', /[=!]~\s*$/)

/** Whether it names series and does nothing with them, so that their raw samples can be read. */
export function isSelector(query: string): boolean {
  const bare = query.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`/g, '""').trim()
  return /^(?:[A-Za-z_:][\w:]*\s*(?:\{[^{}]*\})?|\{[^{}]*\})$/.test(bare)
}
