import { expect, test } from 'vitest'
import { groupOrder } from '../../../src/judges/kayenta/group-order.ts'

test.each([
  [
    ['g1', 'g2'],
    ['g2', 'g1'],
  ],
  [
    ['g2', 'g1'],
    ['g2', 'g1'],
  ],
  [
    ['group-1', 'group-2'],
    ['group-1', 'group-2'],
  ],
  [
    ['group1', 'group2'],
    ['group2', 'group1'],
  ],
  [
    ['test-group-pass', 'test-group-nodata'],
    ['test-group-nodata', 'test-group-pass'],
  ],
])("%j come in the original's order", (names, ordered) => {
  expect(groupOrder(names)).toEqual(ordered)
})

test('every group comes once, whatever the order of its metrics', () => {
  const names = ['errors', 'latency', 'system', 'errors', 'saturation', 'traffic', 'system', 'cost']
  const ordered = groupOrder(names)
  expect([...ordered].sort()).toEqual(['cost', 'errors', 'latency', 'saturation', 'system', 'traffic'])
  expect(groupOrder(names.toReversed())).toEqual(ordered)
})
