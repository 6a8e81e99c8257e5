/** A JSON Schema as plain data: judges may use no package, and whoever serves them has a validator. */
export type JsonSchema = { readonly [keyword: string]: unknown }

/** An object with these keys and no others; `optional` ones may be absent. */
export function closedObject(
  required: Readonly<Record<string, JsonSchema>>,
  optional: Readonly<Record<string, JsonSchema>> = {},
  description?: string,
): JsonSchema {
  return {
    type: 'object',
    ...(description === undefined ? {} : { description }),
    required: Object.keys(required),
    properties: { ...required, ...optional },
    additionalProperties: false,
  }
}

/** A list of such items, `minItems` at least. */
export function listOf(items: JsonSchema, description?: string, minItems = 0): JsonSchema {
  return { type: 'array', ...(description === undefined ? {} : { description }), items, minItems }
}
