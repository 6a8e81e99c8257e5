import { existsSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

type Entry = {
  readonly license?: string
  readonly dev?: boolean
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const root = new URL('../', import.meta.url)
const lock = JSON.parse(readFileSync(new URL('package-lock.json', root), 'utf8')) as {
  readonly packages: Readonly<Record<string, Entry>>
}
const packages = Object.entries(lock.packages).filter(([path]) => path !== '')

/** What may go out with Davy, under Apache-2.0: permissive licences alone. */
const shipped = new Set(['Apache-2.0', 'MIT', 'MIT-0', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'BlueOak-1.0.0'])
/** Tools that only run here may ask for more, as long as nothing of theirs goes out. */
const used = new Set([...shipped, 'MPL-2.0', 'PSF-2.0', 'Python-2.0', 'Unlicense', 'CC0-1.0'])

function stated(path: string, entry: Entry): string | null {
  const manifest = new URL(`${path}/package.json`, root)
  if (!existsSync(manifest)) return entry.license ?? null
  const { license } = JSON.parse(readFileSync(manifest, 'utf8')) as { readonly license?: string | { type?: string } }
  return (typeof license === 'object' ? license.type : license) ?? entry.license ?? null
}

/**
 * Builds for other platforms are not installed here, and some registries tell no licence of theirs: they have that of the
 * build for this platform, if all builds that are known agree.
 */
function ofSiblings(path: string): string | null {
  const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
  const parents = packages.filter(([, entry]) => entry.optionalDependencies?.[name] !== undefined)
  const siblings = parents.flatMap(([parent, entry]) => [
    ...Object.keys(entry.optionalDependencies ?? {}).flatMap((sibling) =>
      packages.filter(([at]) => at.endsWith(`node_modules/${sibling}`)),
    ),
    [parent, entry] as const,
  ])
  const known = new Set(siblings.map(([at, entry]) => stated(at, entry)).filter((licence) => licence !== null))
  return known.size === 1 ? [...known][0]! : null
}

/** true when one of the alternatives of `A OR B`, with all of its `AND`, is allowed. */
function isAllowed(expression: string, allowed: ReadonlySet<string>): boolean {
  const bare = expression.replaceAll(/[()]/g, ' ')
  return bare.split(' OR ').some((choice) => choice.split(' AND ').every((licence) => allowed.has(licence.trim())))
}

it('uses only packages whose licence is known and allowed', () => {
  expect(packages.length).toBeGreaterThan(300)
  const faults = packages.flatMap(([path, entry]) => {
    const licence = stated(path, entry) ?? ofSiblings(path)
    if (licence === null) return [`${path}: expected a licence, got none`]
    return isAllowed(licence, entry.dev === true ? used : shipped) ? [] : [`${path}: ${licence} is not allowed`]
  })
  expect(faults).toEqual([])
})

it('reads expressions of licences', () => {
  expect(isAllowed('(MIT OR GPL-3.0)', shipped)).toBe(true)
  expect(isAllowed('MIT AND GPL-3.0', shipped)).toBe(false)
  expect(isAllowed('MPL-2.0', shipped)).toBe(false)
  expect(isAllowed('UNLICENSED', used)).toBe(false)
})
