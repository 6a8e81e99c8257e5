import { beforeAll, describe, expect, test } from 'vitest'
import type { Look } from '../../../src/domain/look.ts'
import type { Storage } from '../../../src/domain/storage.ts'
import type { Verdict } from '../../../src/domain/verdict.ts'
import { Looks } from '../../../src/storage/looks.ts'
import type { Opened } from '../opened.ts'

const at = Date.UTC(2026, 10, 21, 10, 0, 0, 123)

/** A look of which only what the table knows of it matters; the rest of a verdict is its writer's business. */
function look(deploymentId: string, number: number, summary: string): Look {
  const verdict = {
    id: `${deploymentId}-${number}`,
    look: number,
    decision: 'hold',
    reason: { code: 'WARMING_UP', summary },
    confidence: { eValue: 1.5, promoteEValue: 0.5 },
  } as unknown as Verdict
  const moment = at + number * 10_000
  return { deploymentId, look: number, at: moment, watermark: moment - 20_001, evidence: { slice: null }, verdict }
}

/** Looks: batches, order, and one row a look whatever was written twice. */
export function looksConformance(current: () => Opened): void {
  describe('looks', () => {
    let opened: Opened
    let looks: Looks
    beforeAll(() => {
      opened = current()
      looks = new Looks(opened.storage, 'a')
    })

    test('a batch comes back in the order of its looks, to the millisecond', async () => {
      const written = [look('d1', 2, 'two'), look('d1', 0, 'zero'), look('d2', 5, "it's\nfive"), look('d1', 1, 'one')]
      await looks.write(written, 'batch 1')
      expect(await looks.list('d1')).toEqual([written[1], written[3], written[0]])
      expect(await looks.list('d1', 2)).toEqual([written[0]])
      expect(await looks.list('nobody')).toEqual([])
      await looks.write([], 'nothing')
    })

    test('the same batch again is written once', async () => {
      await looks.write([look('again', 1, 'x')], 'batch again')
      await looks.write([look('again', 1, 'x')], 'batch again')
      const sql = "SELECT count() AS n FROM looks WHERE DeploymentId = 'again'"
      expect(await opened.storage.query(sql)).toEqual([{ n: 1 }])
    })

    test('a look that two processes wrote is the earlier one, for every reader', async () => {
      await looks.write([look('both', 1, 'first'), look('both', 2, 'newest first')], 'process a')
      const later = new Looks(opened.storage, 'A')
      await later.write([look('both', 1, 'second'), look('both', 2, 'newest second')], 'process b')
      const summaries = (verdicts: readonly Verdict[]) => verdicts.map(({ reason }) => reason.summary)
      expect(summaries((await looks.list('both')).map(({ verdict }) => verdict))).toEqual(['first', 'newest first'])
      expect(summaries(await looks.verdicts('both'))).toEqual(['first', 'newest first'])
      expect(summaries([...(await looks.newest(['both', 'd2', 'nobody'])).values()]).sort()).toEqual([
        "it's\nfive",
        'newest first',
      ])
    })

    test('looks written in the same microsecond have one winner for the list and for the newest', async () => {
      const row = { DeploymentId: 'tie', Look: 3, At: '2026-01-01 00:00:00.000', Watermark: '2026-01-01 00:00:00.000' }
      const rows = ['m', 'b', 'x'].map((writer) => ({
        ...row,
        WrittenAt: '2026-01-01 00:00:00.000001',
        Writer: writer,
        Evidence: '{"slice":null}',
        Verdict: JSON.stringify({ id: writer }),
      }))
      await opened.storage.insertRows('looks', rows, 'ties')
      expect((await looks.list('tie')).map(({ verdict }) => verdict.id)).toEqual(['b'])
      expect((await looks.verdicts('tie')).map(({ id }) => id)).toEqual(['b'])
      expect((await looks.newest(['tie'])).get('tie')?.id).toBe('b')
    })

    test('the newest is the newest whoever wrote it, and whatever was asked before', async () => {
      const newest = async (id: string) => (await looks.newest([id])).get(id)?.id
      await looks.write([look('kept', 0, 'zero')], 'kept 0')
      expect([await newest('kept'), await newest('kept')]).toEqual(['kept-0', 'kept-0'])
      await looks.write([look('kept', 2, 'two'), look('kept', 1, 'one')], 'kept 1 and 2')
      expect(await newest('kept')).toBe('kept-2')
      await new Looks(opened.storage, 'b').write([look('kept', 3, 'of another')], 'kept 3')
      expect(await newest('kept')).toBe('kept-3')
      const lost = [look('kept', 3, 'too late'), look('kept', 4, 'four')]
      expect(await looks.write(lost, 'kept 3 and 4')).toEqual(new Set(['kept']))
      expect(await newest('kept')).toBe('kept-4')
      await Promise.all([5, 6, 7].map((number) => looks.write([look('kept', number, 'at once')], `kept ${number}`)))
      expect(await newest('kept')).toBe('kept-7')
      await looks.write([look('kept', 2, 'two')], 'kept 2 again')
      expect(await newest('kept')).toBe('kept-7')
    })

    test.each([
      { name: 'a rollback', what: { decision: 'rollback' } },
      { name: 'the last word of what was closed', what: { decision: 'hold', watermark: 4 } },
    ] as const)(
      'nothing comes after a final look, $name, not even what a slower process wrote',
      async ({ name, what }) => {
        const final = (id: string, number: number): Look => {
          const row = look(id, number, 'final')
          const watermark = 'watermark' in what ? look(id, what.watermark, '').watermark : row.watermark
          return { ...row, watermark, verdict: { ...row.verdict, decision: what.decision, final: true } }
        }
        const [own, slower] = [new Looks(opened.storage, 'quick'), new Looks(opened.storage, 'slow')]
        const several = [0, 1, 2, 3, 4].map((number) => look(name, number, 'both'))
        await own.write(several, `${name} 0 to 4`)
        expect([...(await own.newest([name])).values()].map(({ look }) => look)).toEqual([4])
        await own.write([final(name, 5)], `${name} 5`)
        const lost = [look(name, 5, 'slower'), look(name, 6, 'slower'), look(name, 7, 'slower')]
        expect(await slower.write(lost, `${name} 5 to 7`)).toEqual(new Set([name]))
        for (const looks of [own, slower, new Looks(opened.storage, 'later')]) {
          expect((await looks.newest([name, 'kept'])).get(name)).toMatchObject({ look: 5, final: true })
          expect((await looks.newest(['kept'])).get('kept')?.look).toBe(7)
          expect((await looks.verdicts(name)).map(({ look }) => look)).toEqual([0, 1, 2, 3, 4, 5])
          expect((await looks.list(name, 4)).map(({ look }) => look)).toEqual([4, 5])
        }
      },
    )

    test('a final look that lost to another one ends nothing', async () => {
      await looks.write([look('went on', 0, 'zero'), look('went on', 1, 'one')], 'went on 0 and 1')
      const lost = look('went on', 1, 'late')
      const rollback = { ...lost, verdict: { ...lost.verdict, decision: 'rollback' as const, final: true } }
      await new Looks(opened.storage, 'b').write([rollback], 'went on 1 late')
      await looks.write([look('went on', 2, 'two')], 'went on 2')
      expect((await new Looks(opened.storage, 'c').newest(['went on'])).get('went on')?.look).toBe(2)
      expect((await looks.list('went on')).map(({ look }) => look)).toEqual([0, 1, 2])
    })

    test('questions and looks at the same time never leave an old verdict behind', async () => {
      for (let number = 0; number < 20; number++) {
        const asked = Array.from({ length: 5 }, () => looks.newest(['busy', 'kept']))
        await looks.write([look('busy', number, 'new')], `busy ${number}`)
        await Promise.all(asked)
        expect((await looks.newest(['busy'])).get('busy')?.look).toBe(number)
      }
    })

    test('where nobody else can write, who asks again does not ask the table', async () => {
      const { storage } = opened
      let queries = 0
      const counted: Storage = {
        kind: storage.kind,
        query: (sql, params, signal) => {
          queries += 1
          return storage.query(sql, params, signal)
        },
        command: (sql, params) => storage.command(sql, params),
        insertRows: (table, rows, token) => storage.insertRows(table, rows, token),
        insertsInto: (table) => storage.insertsInto(table),
        insertFile: (insert) => storage.insertFile(insert),
        close: () => storage.close(),
      }
      const own = new Looks(counted, 'own')
      await own.write([look('own', 0, 'zero')], 'own 0')
      await own.newest(['own'])
      await own.write([look('own', 1, 'one')], 'own 1')
      queries = 0
      expect((await own.newest(['own'])).get('own')?.look).toBe(1)
      expect(queries).toBe(storage.kind === 'embedded' ? 0 : 1)
    })

    test('nobody asked is nobody answered', async () => {
      expect(await looks.newest([])).toEqual(new Map())
    })
  })
}
