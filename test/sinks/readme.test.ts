import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createSinks } from '../../src/sinks/index.ts'

const readme = readFileSync(new URL('../../src/sinks/README.md', import.meta.url), 'utf8')
const rows = readme.split('\n').filter((line) => line.startsWith('| `'))

test.each([...createSinks({ publicUrl: 'https://davy.example.com' }).values()])(
  'the README has a row of $format with all of its options',
  ({ format, requires }) => {
    const row = rows.findLast((line) => line.split('|')[1]?.trim() === `\`${format}\``) ?? ''
    const named = [...(row.split('|')[3] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name)
    expect([format, ...named.sort()]).toEqual([format, ...Object.keys(requires.options).sort()])
  },
)
