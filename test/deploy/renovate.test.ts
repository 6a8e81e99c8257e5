import { expect, it } from 'vitest'
import { filesOf, readText } from './read-deploy.ts'

type Manager = {
  readonly description: string
  readonly managerFilePatterns: readonly string[]
  readonly matchStrings: readonly string[]
}

const { customManagers } = JSON.parse(readText('renovate.json')) as { readonly customManagers: readonly Manager[] }
const files = filesOf('deploy/**/Dockerfile', 'test/tools/*')

/** What a manager would keep up to date: `name version`, without the name where that is fixed. */
function found({ managerFilePatterns, matchStrings }: Manager): string[] {
  const isOf = (file: string) => managerFilePatterns.some((pattern) => new RegExp(pattern.slice(1, -1)).test(file))
  return files
    .filter(isOf)
    .flatMap((file) =>
      matchStrings.flatMap((pattern) =>
        [...readText(file).matchAll(new RegExp(pattern, 'g'))].map(({ groups }) =>
          `${groups!.depName ?? ''} ${groups!.currentValue}`.trim(),
        ),
      ),
    )
}

it.each(customManagers)('Renovate finds versions: $description', (manager) => {
  const versions = found(manager)
  expect(versions.length).toBeGreaterThan(0)
  expect(versions.filter((each) => !/^(?:[\w./-]+ )?v?\d+\.\d+\.\d+/.test(each))).toEqual([])
})

it('Renovate knows modules of Go by their own names', () => {
  const programs = found(customManagers.find(({ description }) => description.startsWith('Programs of Go'))!)
  const lines = readText('test/tools/install-deploy.sh').match(/^go_tool .*$/gm)!
  expect(programs).toHaveLength(lines.length)
  expect(programs.map((each) => each.split(' ')[0])).toContain('helm.sh/helm/v4')
})
