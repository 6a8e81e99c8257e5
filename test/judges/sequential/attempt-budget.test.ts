import { expect, test } from 'vitest'
import { attemptBudget } from '../../../src/judges/sequential/attempt-budget.ts'

const template = { alpha: 0.01, alphaPromote: 0.05 }

test('the first attempt has the whole budget', () => {
  expect(attemptBudget(template, 1)).toEqual(template)
})

test('all later attempts together have as much again', () => {
  let sum = 0
  for (let attempt = 2; attempt < 20_000; attempt++) sum += attemptBudget(template, attempt).alpha
  expect(sum).toBeLessThan(0.01)
  expect(sum).toBeGreaterThan(0.00999)
})
