import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'

/**
 * Makes the schemas by which kubeconform checks manifests, from the sources that Kubernetes and the operators publish:
 * kubeconform would download them from a mirror otherwise. Unknown keys are errors, as with `kubeconform -strict`.
 * Usage: node test/tools/kubernetes-schemas.ts <output> <swagger.json of Kubernetes> <folder of CRDs>...
 */

type Schema = Record<string, unknown> & { properties?: Record<string, unknown> }
type Definition = Schema & {
  readonly 'x-kubernetes-group-version-kind'?: readonly { group: string; version: string; kind: string }[]
}

/** The schema with every object closed that names its properties, unless it says that it is open. */
export function strict(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(strict)
  if (schema === null || typeof schema !== 'object') return schema
  const given = schema as Schema
  // Kubernetes takes both for these; its schema says string.
  if (given.format === 'int-or-string' || given['x-kubernetes-int-or-string'] === true) {
    return { type: ['integer', 'string'] }
  }
  const made = Object.fromEntries(
    Object.entries(given)
      .filter(([key]) => key !== 'format' && !(key === 'pattern' && given.type !== 'string'))
      .map(([key, value]) => [key, key === 'properties' ? strictValues(value as Schema) : strict(value)]),
  )
  const isOpen = given['x-kubernetes-preserve-unknown-fields'] === true || given.additionalProperties !== undefined
  return given.properties === undefined || isOpen ? made : { ...made, additionalProperties: false }
}

function strictValues(properties: Schema): Schema {
  return Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, strict(value)]))
}

function fileName(group: string, version: string, kind: string): string {
  const prefix = group === '' ? '' : `${group.split('.')[0]}-`
  return `${kind}-${prefix}${version}.json`.toLowerCase()
}

function writeCore(output: string, swagger: string): number {
  const { definitions } = JSON.parse(readFileSync(swagger, 'utf8')) as { definitions: Record<string, Definition> }
  const closed = strictValues(definitions as Schema) as Record<string, Definition>
  closed['io.k8s.apimachinery.pkg.api.resource.Quantity'] = { type: ['string', 'number'] }
  closed['io.k8s.apimachinery.pkg.util.intstr.IntOrString'] = { type: ['string', 'integer'] }
  writeFileSync(join(output, '_definitions.json'), JSON.stringify({ definitions: closed }))
  let written = 0
  for (const [name, definition] of Object.entries(definitions)) {
    for (const { group, version, kind } of definition['x-kubernetes-group-version-kind'] ?? []) {
      const reference = { $ref: `_definitions.json#/definitions/${name}` }
      writeFileSync(join(output, fileName(group, version, kind)), JSON.stringify(reference))
      written++
    }
  }
  return written
}

type Crd = {
  readonly kind: string
  readonly spec: {
    readonly group: string
    readonly names: { readonly kind: string }
    readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: Schema } }[]
  }
}

function writeCrds(output: string, folder: string): number {
  let written = 0
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.yaml'))) {
    for (const document of parseAllDocuments(readFileSync(join(folder, file), 'utf8'))) {
      const crd = document.toJS() as Crd | null
      if (crd?.kind !== 'CustomResourceDefinition') continue
      for (const { name, schema } of crd.spec.versions) {
        const path = join(output, fileName(crd.spec.group, name, crd.spec.names.kind))
        writeFileSync(path, JSON.stringify(strict({ ...schema.openAPIV3Schema })))
        written++
      }
    }
  }
  return written
}

// Node 22 has no import.meta.main.
if (process.argv[1] === import.meta.filename) {
  const [output, swagger, ...crdFolders] = process.argv.slice(2)
  if (output === undefined || swagger === undefined) {
    throw new Error('expected <output> <swagger.json> <folder of CRDs>...')
  }
  mkdirSync(output, { recursive: true })
  const core = writeCore(output, swagger)
  const custom = crdFolders.reduce((sum, folder) => sum + writeCrds(output, folder), 0)
  process.stdout.write(`${core} schemas of Kubernetes and ${custom} of operators in ${output}\n`)
}
