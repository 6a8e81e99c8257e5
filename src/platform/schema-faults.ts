import { hideCredentials } from './hide-credentials.ts'
import { nearest } from './nearest.ts'

/** The part of a JSON Schema that can be put into words. */
type SchemaNode = {
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly SchemaNode[]
  readonly oneOf?: readonly SchemaNode[]
  readonly allOf?: readonly SchemaNode[]
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly exclusiveMaximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly pattern?: string
  readonly format?: string
  readonly items?: SchemaNode
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly additionalProperties?: boolean | SchemaNode
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>
}

/** One error of ajv or of typebox: both use these fields. */
export type SchemaError = {
  readonly keyword: string
  readonly instancePath: string
  readonly schemaPath: string
  readonly params: Readonly<Record<string, unknown>>
  readonly message?: string | undefined
}

/** One thing that is wrong with a value: where as a JSON pointer, what would fit, what came (never a secret). */
export type SchemaFault = { readonly pointer: string; readonly expected: string; readonly got: string }

const secretName = /secret|token|passw|authorization|credential|cookie/i
const shownCharacters = 60

function range(low: number | undefined, high: number | undefined, unit = ''): string {
  if (low !== undefined && high !== undefined) return ` from ${low} to ${high}${unit}`
  if (low !== undefined) return ` of at least ${low}${unit}`
  return high === undefined ? '' : ` of at most ${high}${unit}`
}

function stringWords(node: SchemaNode): string {
  if (node.format !== undefined) return `a string in the form ${node.format}`
  if (node.pattern !== undefined) return `a string that matches ${node.pattern}`
  if (node.minLength === 1 && node.maxLength === undefined) return 'a non-empty string'
  return `a string${range(node.minLength, node.maxLength, ' characters')}`
}

function numberWords(node: SchemaNode, noun: string): string {
  if (node.exclusiveMinimum !== undefined) {
    const upper =
      node.exclusiveMaximum === undefined ? range(undefined, node.maximum) : ` below ${node.exclusiveMaximum}`
    return `${noun} above ${node.exclusiveMinimum}${upper === '' ? '' : ` and${upper}`}`
  }
  if (node.exclusiveMaximum !== undefined)
    return `${noun}${range(node.minimum, undefined)} below ${node.exclusiveMaximum}`
  return noun + range(node.minimum, node.maximum)
}

function typeWords(type: string, node: SchemaNode): string | null {
  if (type === 'string') return stringWords(node)
  if (type === 'integer') return numberWords(node, 'an integer')
  if (type === 'number') return numberWords(node, 'a number')
  if (type === 'boolean') return 'true or false'
  if (type === 'null') return 'null'
  if (type === 'array') return `a list${range(node.minItems, node.maxItems, ' items')}`
  return type === 'object' ? 'an object' : null
}

/** What a schema asks for, in words: "an integer from 0 to 65535"; null when it has none. */
export function schemaWords(schema: unknown): string | null {
  if (typeof schema !== 'object' || schema === null) return null
  const node = schema as SchemaNode
  if (node.const !== undefined) return JSON.stringify(node.const)
  if (node.enum !== undefined) return `one of ${node.enum.map((value) => JSON.stringify(value)).join(', ')}`
  const branches = node.anyOf ?? node.oneOf
  if (branches !== undefined) {
    const words = branches.map(schemaWords)
    if (words.includes(null)) return null
    return branches.every((branch) => branch.const !== undefined) ? `one of ${words.join(', ')}` : words.join(' or ')
  }
  const types = typeof node.type === 'string' ? [node.type] : (node.type ?? [])
  const words = types.map((type) => typeWords(type, node)).filter((word) => word !== null)
  return words.length === 0 ? null : words.join(' or ')
}

/** A value for an error message: shortened, without the contents of objects, and without secrets. */
export function shownValue(value: unknown, name = ''): string {
  if (value === undefined) return 'nothing'
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  if (typeof value !== 'string') return String(value)
  if (secretName.test(name)) return `a string of ${value.length} characters`
  const safe = hideCredentials(value).replace(/whsec_\S*/g, 'whsec_[redacted]')
  return JSON.stringify(safe.length > shownCharacters ? `${safe.slice(0, shownCharacters)}…` : safe)
}

function segments(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function child(node: SchemaNode, key: string): SchemaNode | undefined {
  if (node.properties !== undefined && Object.hasOwn(node.properties, key)) return node.properties[key]
  if (node.items !== undefined && /^\d+$/.test(key)) return node.items
  for (const [pattern, schema] of Object.entries(node.patternProperties ?? {})) {
    if (new RegExp(pattern).test(key)) return schema
  }
  if (typeof node.additionalProperties === 'object') return node.additionalProperties
  for (const branch of node.anyOf ?? node.oneOf ?? node.allOf ?? []) {
    const found = child(branch, key)
    if (found !== undefined) return found
  }
  return undefined
}

function schemaAt(schema: unknown, pointer: string): SchemaNode | undefined {
  let node = schema as SchemaNode | undefined
  for (const key of segments(pointer)) node = node === undefined ? undefined : child(node, key)
  return node
}

function valueAt(value: unknown, pointer: string): unknown {
  let here = value
  for (const key of segments(pointer)) here = (here as Record<string, unknown> | null | undefined)?.[key]
  return here
}

function names(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(String)
  return typeof value === 'string' ? [value] : []
}

function pointerTo(parent: string, key: string): string {
  return `${parent}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
}

function knownKeys(node: SchemaNode | undefined): string[] {
  if (node === undefined) return []
  const branches = [...(node.anyOf ?? []), ...(node.oneOf ?? []), ...(node.allOf ?? [])]
  return [...Object.keys(node.properties ?? {}), ...branches.flatMap(knownKeys)]
}

/** What to say of a key that does not exist: the one that was meant, or all that there are. */
function expectedKey(key: string, known: readonly string[]): string {
  const meant = nearest(key, known)
  return meant === null ? `one of the keys ${known.join(', ')}` : `a known key, perhaps ${meant}`
}

function faultsOf(error: SchemaError, schema: unknown, value: unknown): SchemaFault[] {
  const node = schemaAt(schema, error.instancePath)
  if (error.keyword === 'additionalProperties') {
    const unknown = names(error.params.additionalProperties ?? error.params.additionalProperty)
    return unknown.map((key) => ({
      pointer: pointerTo(error.instancePath, key),
      expected: expectedKey(key, knownKeys(node)),
      got: `the unknown key ${JSON.stringify(key)}`,
    }))
  }
  if (error.keyword === 'required') {
    return names(error.params.requiredProperties ?? error.params.missingProperty).map((key) => {
      const pointer = pointerTo(error.instancePath, key)
      return { pointer, expected: schemaWords(schemaAt(schema, pointer)) ?? 'a value', got: 'nothing' }
    })
  }
  const got = shownValue(valueAt(value, error.instancePath), error.instancePath)
  return [{ pointer: error.instancePath, expected: schemaWords(node) ?? error.message ?? 'another value', got }]
}

function isUnion(error: SchemaError): boolean {
  return error.keyword === 'anyOf' || error.keyword === 'oneOf'
}

/** An error inside the union's value that names a key: it says more than that no branch fits. */
function isInside(error: SchemaError, union: SchemaError): boolean {
  if (isUnion(error) || error.keyword === 'boolean') return false
  if (error.instancePath.startsWith(`${union.instancePath}/`)) return true
  const namesKey = error.keyword === 'additionalProperties' || error.keyword === 'required'
  return namesKey && error.instancePath === union.instancePath && /\/(anyOf|oneOf)\//.test(error.schemaPath)
}

/** A union of plain values is one error, not one a branch; of a union of objects only the inner errors are kept. */
function isTelling(error: SchemaError, all: readonly SchemaError[]): boolean {
  if (error.keyword === 'boolean' && error.schemaPath.endsWith('/additionalProperties')) return false
  if (isUnion(error)) return !all.some((other) => isInside(other, error))
  if (!/\/(anyOf|oneOf)\//.test(error.schemaPath)) return true
  const union = all.find((other) => isUnion(other) && other.instancePath === error.instancePath)
  return union === undefined || isInside(error, union)
}

/**
 * What the errors of ajv or typebox mean: each place once, in the words of its schema. As long as there are errors
 * there is at least one fault.
 * @param value The checked value, to show what came.
 */
export function schemaFaults(schema: unknown, errors: readonly SchemaError[], value: unknown): SchemaFault[] {
  const telling = errors.filter((each) => isTelling(each, errors))
  const faults = new Map<string, SchemaFault>()
  for (const error of telling.length === 0 ? errors : telling) {
    for (const fault of faultsOf(error, schema, value)) {
      if (!faults.has(fault.pointer)) faults.set(fault.pointer, fault)
    }
  }
  return [...faults.values()]
}
