import { dirname, join, relative } from 'node:path'
import { expect, it } from 'vitest'
import { readText, repository } from './read-deploy.ts'

/** Everything that is loaded as soon as these files are: what is imported when it is asked for, and types, are not. */
function loadedWith(entries: readonly string[]): {
  readonly files: readonly string[]
  readonly packages: ReadonlySet<string>
} {
  const files = [...entries]
  const packages = new Set<string>()
  for (const file of files) {
    const imports = readText(file).matchAll(/^(?:import|export)(?! type\b)[^'()]*? from '([^']+)'|^import '([^']+)'/gms)
    for (const [, from, bare] of imports) {
      const specifier = from ?? bare!
      const path = relative(repository, join(repository, dirname(file), specifier))
      if (!specifier.startsWith('.')) packages.add(specifier)
      else if (!files.includes(path)) files.push(path)
    }
  }
  return { files, packages }
}

it('a Davy on a ClickHouse server loads no chDB, which the slim image has not', () => {
  const roof = ['main', 'run-serve', 'run-migrate', 'run-backup', 'run-healthcheck'].map((name) => `src/${name}.ts`)
  const { files, packages } = loadedWith(roof)
  expect(files).toContain('src/storage/server.ts')
  expect(files.length).toBeGreaterThan(150)
  expect(packages).toContain('@clickhouse/client')
  expect(files).not.toContain('src/storage/embedded.ts')
  expect([...packages].filter((name) => /chdb/.test(name))).toEqual([])
})

it('it would be noticed', () => {
  expect(loadedWith(['src/storage/embedded.ts']).packages).toContain('chdb')
})
