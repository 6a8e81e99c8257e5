/** One place where two JSON values differ; `undefined` where one of them has nothing. */
export type JsonDifference = { readonly pointer: string; readonly recorded: unknown; readonly computed: unknown }

/**
 * Where two JSON values differ, as JSON pointers, in the order of the recorded one's keys. Objects that differ in the
 * order of their keys alone differ as a whole: their bytes do.
 */
export function jsonDifferences(recorded: unknown, computed: unknown, pointer = ''): JsonDifference[] {
  if (JSON.stringify(recorded) === JSON.stringify(computed)) return []
  if (!isNode(recorded) || !isNode(computed) || Array.isArray(recorded) !== Array.isArray(computed)) {
    return [{ pointer, recorded, computed }]
  }
  const inside = [...new Set([...Object.keys(recorded), ...Object.keys(computed)])].flatMap((key) =>
    jsonDifferences(recorded[key], computed[key], `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`),
  )
  return inside.length > 0 ? inside : [{ pointer, recorded, computed }]
}

function isNode(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
