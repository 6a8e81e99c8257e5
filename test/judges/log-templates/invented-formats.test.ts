import { expect, test } from 'vitest'
import { groupingAccuracy } from '../../../load/accuracy/sets/loghub.ts'
import { mineTemplates } from '../../../src/judges/log-templates/mine-templates.ts'
import { random } from '../../stats/random.ts'
import { inventedFormats, inventedLines } from './invented-formats.ts'

function accuracyOf(format: (typeof inventedFormats)[number], seed: number): number {
  const { lines, truth } = inventedLines(format, 2000, random(seed))
  return groupingAccuracy(mineTemplates(lines).ids, truth)
}

/** Written after the miner, of systems that it was not made for. */
test('lines of formats that nobody thought of are grouped as their statements are', () => {
  const accuracies = inventedFormats.map((format) => [format.name, accuracyOf(format, 7)] as const)
  const mean = accuracies.reduce((sum, [, accuracy]) => sum + accuracy, 0) / accuracies.length
  expect(mean, JSON.stringify(Object.fromEntries(accuracies))).toBeGreaterThanOrEqual(0.95)
})
