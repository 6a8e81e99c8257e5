import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'

export const repository = join(import.meta.dirname, '../..')

/** The text of a file of this repository. */
export function readText(file: string): string {
  return readFileSync(join(repository, file), 'utf8')
}

/** Files by patterns, relative to the repository, sorted; a pattern that matches nothing is an error. */
export function filesOf(...patterns: readonly string[]): string[] {
  const found = patterns.map((pattern) => globSync(pattern, { cwd: repository }))
  for (const [index, files] of found.entries()) {
    if (files.length === 0) throw new Error(`expected files at ${patterns[index]}, got none`)
  }
  return [...new Set(found.flat())].sort()
}

/** The documents of a YAML file. @throws at the first fault, with its line. */
export function readYaml<Document>(file: string): Document[] {
  return parseAllDocuments(readText(file)).map((document) => {
    if (document.errors.length > 0) throw new Error(`${file}: ${document.errors[0]!.message}`)
    return document.toJS() as Document
  })
}

/** All YAML under deploy/ and .github/ but the chart's templates, which are no YAML before Helm. */
export const yamlFiles = filesOf('deploy/**/*.{yaml,yml}', '.github/**/*.yml', 'test/tools/*.yaml').filter(
  (file) => !file.startsWith('deploy/helm/davy/templates/') && !file.includes('node_modules'),
)

export const version = (JSON.parse(readText('package.json')) as { version: string }).version
