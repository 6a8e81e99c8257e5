import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { templateDocument } from '../src/engine/template-document.ts'
import { renderConfigReference } from '../src/platform/config-reference.ts'

/** What is generated from the code and committed for people; UPDATE_GENERATED=1 writes it anew. */
const generated: Readonly<Record<string, () => string>> = {
  'deploy/davy.yaml': renderConfigReference,
  'deploy/templates/template.schema.json': () => {
    const schema = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      title: 'Davy template',
      ...templateDocument(),
    }
    return `${JSON.stringify(schema, null, 2)}\n`
  },
}

describe('generated files', () => {
  it.each(Object.keys(generated))('%s is what the code says', (file) => {
    const path = new URL(`../${file}`, import.meta.url)
    const text = generated[file]!()
    if (process.env.UPDATE_GENERATED === '1') writeFileSync(path, text)
    expect(readFileSync(path, 'utf8')).toBe(text)
  })
})
