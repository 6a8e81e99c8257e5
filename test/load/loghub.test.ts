import { expect, test } from 'vitest'
import type { DataFolder } from '../../load/accuracy/data-folder.ts'
import { csvColumns, groupingAccuracy, loghub } from '../../load/accuracy/sets/loghub.ts'

test.each([
  ['the same groups under other names', [7, 7, 3], ['a', 'a', 'b'], 1],
  ['one line too many in a group', [1, 1, 1], ['a', 'a', 'b'], 0],
  ['one group of three torn', [1, 1, 2, 3, 3], ['a', 'a', 'b', 'b', 'c'], 0.4],
])('grouping accuracy counts lines of whole groups only: %s', (_, groups, labels, accuracy) => {
  expect(groupingAccuracy(groups, labels)).toBeCloseTo(accuracy, 12)
})

test('groups of another length are an error', () => {
  expect(() => groupingAccuracy([1], ['a', 'b'])).toThrow('got 1 and 2')
})

test('a CSV field may hold commas, quotes and line ends', () => {
  const text = 'line,content,label\n1,"a, ""b""\nc",E1\n2,,E2\n'
  expect(csvColumns(text, ['content', 'label'], 'x.csv')).toEqual([
    ['a, "b"\nc', ''],
    ['E1', 'E2'],
  ])
  expect(() => csvColumns('line\n1\n', ['content', 'label'], 'x.csv')).toThrow('x.csv: expected columns')
  expect(() => csvColumns('a,b\n1\n', ['a', 'b'], 'x.csv')).toThrow('record 2: expected 2 fields, got 1')
})

test('scores each system and their mean', () => {
  const rows = ['1,lamp 12 is on,E1', '2,lamp 17 is on,E1', '3,door is open,E2', '4,door is shut,E2']
  const folder: DataFolder = {
    has: () => true,
    list: () => ['Lamps.log.gz', 'Lamps.truth.csv.gz', 'index.json'],
    text: () => `line,content,event_original\n${rows.join('\n')}\n`,
    json: () => {
      throw new Error('no JSON is needed')
    },
    jsonLines: () => [],
  }
  expect(
    loghub.score(
      loghub.judge(folder, () => {}),
      folder,
    ),
  ).toEqual({
    loghub: { cases: 1, groupingAccuracy: 0.5 },
    'loghub/Lamps': { cases: 4, groupingAccuracy: 0.5 },
  })
})
