import { expect, test } from 'vitest'
import { dataSet, goal } from '../../load/accuracy/data-set.ts'
import { goalTable } from '../../load/accuracy/goal-table.ts'
import { halvesOf } from '../../load/accuracy/halves.ts'

const set = dataSet<null>({
  name: 'shop',
  references: [],
  goals: [
    goal('AUC', 'auc', { least: 0.9 }, 'shop'),
    goal('alarms', 'falsePositiveRate', { most: 0.05 }, 'shop'),
    goal('AUC', 'auc', { least: 0.9 }, 'shop/other'),
  ],
  judge: () => null,
  score: () => ({}),
})

test('a goal is reached at its limit, missed beyond it, and says when nothing was measured', () => {
  const half = { shop: { cases: 1, auc: 1 } }
  const scores = { shop: { cases: 2, auc: 0.9, falsePositiveRate: 0.051 } }
  expect(goalTable([{ set, scores, halves: [half, {}] }])).toBe(
    `
goal               limit  measured (cases)     half 1  half 2       reached
shop: AUC         >= 0.9         0.900 (2)  1.000 (1)                   yes
shop: alarms     <= 0.05         0.051 (2)                               NO
shop/other: AUC   >= 0.9                                       not measured
`.trim(),
  )
})

test('sets without goals have no table', () => {
  expect(goalTable([])).toBe('')
})

test('halves are told by the name alone, share nothing and lose nothing', () => {
  const names = Array.from({ length: 200 }, (_, at) => `case-${at}`)
  const [first, second] = halvesOf(names, (name) => name)
  expect([...first, ...second].sort()).toEqual(names.toSorted())
  expect(Math.min(first.length, second.length)).toBeGreaterThan(70)
  expect(halvesOf(names.toReversed(), (name) => name)[0].toReversed()).toEqual(first)
})
