import { expect, test } from 'vitest'
import { dataSets } from '../../load/accuracy/index.ts'

test('lines of systems that nobody runs are grouped as their statements are, and need no folder', () => {
  const set = dataSets.find(({ name }) => name === 'invented-logs')!
  const noFolder = {
    has: () => false,
    list: () => [],
    text: () => {
      throw new Error('there is no file')
    },
    json: () => {
      throw new Error('there is no file')
    },
    jsonLines: () => [],
  }
  const { 'invented-logs': all, ...systems } = set.score(
    set.judge(noFolder, () => {}),
    noFolder,
  )
  expect(Object.keys(systems)).toHaveLength(8)
  expect(all!.groupingAccuracy, JSON.stringify(systems)).toBeGreaterThanOrEqual(0.95)
})
