import { expect, test } from 'vitest'
import { chartsOf, csvOf } from '../../load/summary/course.ts'
import type { Resources } from '../../load/summary/resources.ts'

const first: Resources = {
  ...{ at: 5000, rssMiB: 512.4, openFiles: 80, acceptedSpans: 0 },
  ...{ parts: 40, freshParts: 10, partitions: 8 },
}
const samples: readonly Resources[] = [first, { ...first, at: 125_000, rssMiB: 1024.6, parts: 20 }]

test('a line of the file has one look', () => {
  expect(csvOf(samples)).toBe(`seconds,"resident memory, MiB","open files","parts","parts never merged","partitions"
0,512,80,40,10,8
120,1025,80,20,10,8
`)
})

test('a chart reaches from zero to the highest value, and from the first look to the last one', () => {
  const charts = chartsOf(samples)
  expect(charts).toContain('resident memory, MiB: at most 1025, over 2 min')
  expect(charts).toContain('<polyline points="0.0,60.1 860.0,0.0"/>')
  expect(charts).toContain('<polyline points="0.0,0.0 860.0,60.0"/>')
  expect(chartsOf([first])).toBe('')
})
