import { describe, expect, test } from 'vitest'
import type { Open } from '../opened.ts'

/** What `close` does to statements before and after it. */
export function closingConformance(open: Open): void {
  describe('closing', () => {
    test('statements in flight finish, later ones get STOPPING, and closing twice is closing once', async () => {
      const opened = await open()
      try {
        const slow = Array.from({ length: 12 }, (_, x) =>
          opened.storage.query<{ x: number }>('SELECT {x:UInt8} AS x, sleepEachRow(0.1) AS s FROM numbers(2)', { x }),
        )
        const settled: number[] = []
        for (const query of slow) void query.then(([row]) => settled.push(row?.x ?? -1))
        const closed = opened.storage.close()
        const again = opened.storage.close()
        await expect(opened.storage.query('SELECT 1')).rejects.toMatchObject({ code: 'STOPPING', status: 503 })
        await expect(opened.storage.insertRows('t', [{ a: 1 }], 'late')).rejects.toMatchObject({ code: 'STOPPING' })
        await Promise.all([again, closed])
        expect(settled.length).toBe(12)
        await expect(opened.storage.command('SELECT 1')).rejects.toMatchObject({ code: 'STOPPING' })
        expect((await Promise.all(slow)).map((rows) => rows.map(({ x }) => x))).toEqual(
          Array.from({ length: 12 }, (_, x) => [x, x]),
        )
      } finally {
        await opened.close()
      }
    })
  })
}
