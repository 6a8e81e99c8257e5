import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

type Entry = { readonly version?: string; readonly optionalDependencies?: Readonly<Record<string, string>> }

const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8')) as {
  readonly packages: Readonly<Record<string, Entry>>
}

/** Where npm would find a package that `from` asks for: beside it, or in any folder above. */
function find(from: string, name: string): Entry | undefined {
  for (let directory = from; ; ) {
    const entry = lock.packages[`${directory === '' ? '' : `${directory}/`}node_modules/${name}`]
    if (entry !== undefined || directory === '') return entry
    directory = directory.slice(0, Math.max(0, directory.lastIndexOf('node_modules/') - 1))
  }
}

it('locks the native libraries of every platform, so that npm ci works on all of them', () => {
  const optional = Object.entries(lock.packages).flatMap(([from, entry]) =>
    Object.keys(entry.optionalDependencies ?? {}).map((name) => ({ from, name })),
  )
  expect(optional.length).toBeGreaterThan(20)
  expect(optional.filter(({ from, name }) => find(from, name) === undefined)).toEqual([])
})

it('names no registry host, so that the lock file works behind any mirror', () => {
  expect(JSON.stringify(lock)).not.toContain('"resolved"')
})

it('pins chDB exactly, since it is young', () => {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  expect(manifest.dependencies.chdb).toMatch(/^\d+\.\d+\.\d+$/)
})
