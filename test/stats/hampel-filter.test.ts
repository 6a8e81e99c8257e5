import { expect, test } from 'vitest'
import { hampelFilter } from '../../src/stats/hampel-filter.ts'

test.each([
  ['one outlier and two side by side go', [1, 2, 50, 1, 2, 1, 60, 70, 1, 2], [1, 2, 2, 1, 2, 1, 2, 2, 1, 2]],
  ['a step stays where it is', [1, 1, 1, 1, 30, 30, 30, 30], [1, 1, 1, 1, 30, 30, 30, 30]],
  ['a slope stays, however steep', [0, 20, 40, 60, 80], [0, 20, 40, 60, 80]],
  ['what was not measured is no neighbour', [1, null, 2, 50, null, null, 2, 1], [1, null, 2, 2, null, null, 2, 1]],
  ['the ends stay', [90, 1, 1, 1, 90], [90, 1, 1, 1, 90]],
  ['nothing', [], []],
])('%s', (_, values, filtered) => {
  expect(hampelFilter(values, 10)).toEqual(filtered)
})
