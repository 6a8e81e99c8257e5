import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { openDataFolder } from '../../load/accuracy/data-folder.ts'
import { areaUnderRoc, decisionScore } from '../../load/accuracy/scores.ts'

it('only a rollback counts as positive; a hold is reported beside it', () => {
  expect(
    decisionScore([
      { isBad: true, decision: 'rollback', harm: 9 },
      { isBad: true, decision: 'hold', harm: 3 },
      { isBad: false, decision: 'rollback', harm: 4 },
      { isBad: false, decision: 'promote', harm: 1 },
      { isBad: false, decision: 'hold', harm: 2 },
    ]),
  ).toEqual({
    cases: 5,
    precision: 1 / 2,
    recall: 1 / 2,
    f1: 1 / 2,
    falsePositiveRate: 1 / 3,
    auc: 5 / 6,
    holdShare: 2 / 5,
  })
})

it('the area under the curve counts ties half and is unknown without both kinds', () => {
  expect(areaUnderRoc([1, 2], [1, 0])).toBe(7 / 8)
  expect(areaUnderRoc([], [1])).toBeUndefined()
})

it('a blind folder opens cases, and no truth', () => {
  const path = mkdtempSync(join(tmpdir(), 'davy-data-'))
  writeFileSync(join(path, 'cases.jsonl.gz'), gzipSync('{"id":1}\n\n{"id":2}\n'))
  writeFileSync(join(path, 'truth.jsonl'), '{"id":1}\n')
  expect(openDataFolder(path, true).jsonLines('cases.jsonl.gz')).toEqual([{ id: 1 }, { id: 2 }])
  expect(() => openDataFolder(path, true).text('truth.jsonl')).toThrow('truth')
  expect(openDataFolder(path, false).jsonLines('truth.jsonl')).toEqual([{ id: 1 }])
})
