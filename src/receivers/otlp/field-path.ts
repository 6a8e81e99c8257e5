import type { Field, Message } from './schema.ts'
import { readTag, skipValue } from './wire.ts'

/** Where a walk is: inside `field`, whose tag stands at `tag`, of a message whose content starts at `parent`. */
export type Step = { field: Field; parent: number; tag: number }

/** How paths are spelt: as the .proto files do (`resource_spans[0]`), or as OTLP/JSON does (`resourceSpans[0]`). */
export type Naming = 'proto' | 'json'

/** A field's name in the .proto files. */
function protoName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** How many fields of this number stand between `parent` and `tag`; those bytes have been walked without a fault. */
function occurrencesBefore(bytes: Uint8Array, { field, parent, tag }: Step): number {
  const cursor = { bytes, position: parent }
  let count = 0
  while (cursor.position < tag) {
    const next = readTag(cursor, tag)
    if (next >>> 3 === field.number) count++
    skipValue(cursor, next & 7, tag)
  }
  return count
}

/** The steps as a path. Indexes are counted here, once something is to be told, and not during the walk. */
export function pathText(bytes: Uint8Array, steps: readonly Step[], root: Message, naming: Naming): string {
  if (steps.length === 0) return root.name
  return steps
    .map((step) => {
      const name = naming === 'proto' ? protoName(step.field.name) : step.field.name
      return step.field.repeated ? `${name}[${occurrencesBefore(bytes, step)}]` : name
    })
    .join('.')
}
