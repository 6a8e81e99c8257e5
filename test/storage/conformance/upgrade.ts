import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Facts } from '../../../src/storage/facts.ts'
import { migrate, planMigrations } from '../../../src/storage/migrations.ts'
import { RollupReader } from '../../../src/storage/rollup-reader.ts'
import { inOrder } from '../in-order.ts'
import { type Open, type Opened, retention, temporaryDirectory } from '../opened.ts'
import { type SpanInput, storeSpans } from '../spans.ts'

type Released = {
  readonly id: number
  readonly name: string
  readonly checksum: string
  readonly statements: readonly string[]
}

/** What version 0.1.0 did to an empty storage, as it was released. */
const released = JSON.parse(
  readFileSync(new URL('../schema-0.1.0.json', import.meta.url), 'utf8'),
) as readonly Released[]

const tick = Math.floor(Date.now() / 10_000) * 10_000 - 3_600_000
const span: SpanInput = { start: BigInt(tick) * 1_000_000n, end: BigInt(tick + 1) * 1_000_000n }
const sampled: SpanInput = { ...span, traceState: 'ot=th:8', resource: { 'cloud.region': 'eu-north-1' } }

/** A storage that version 0.1.0 made and filled, taken over by this one; the tests build on each other, in this order. */
export function upgradeConformance(open: Open): void {
  describe('a storage of version 0.1.0', () => {
    const [directory, remove] = temporaryDirectory()
    let opened: Opened
    let rollups: RollupReader
    beforeAll(async () => {
      opened = await open()
      rollups = new RollupReader(opened.storage)
      const facts = new Facts(opened.storage, 'version 0.1.0')
      for (const { id, name, checksum, statements } of released) {
        for (const statement of statements) await opened.storage.command(statement)
        await facts.putOnce('migration', String(id), '', { name, checksum })
      }
      await storeSpans(opened.storage, directory, [sampled, sampled, span], 'stored before')
    })
    afterAll(async () => {
      await opened.close()
      remove()
    })

    const rows = async () =>
      inOrder(await rollups.requests(['checkout'], tick, tick + 10_000)).map((row) => [
        ...[row.region, row.requests, row.adjusted, row.withThreshold],
      ])

    test('what is missing is applied, and again where a start died before it wrote that down', async () => {
      const facts = new Facts(opened.storage, 'now')
      const planned = await planMigrations(opened.storage, facts, opened.dialect, retention)
      const pending = planned.filter(({ state }) => state === 'pending')
      expect(pending.map(({ id }) => id)).toEqual([5, 6, 7, 8, 9, 10])
      for (const { statements } of pending) for (const sql of statements) await opened.storage.command(sql)
      const { applied } = await migrate(opened.storage, facts, opened.dialect, retention)
      expect(applied.map(({ id }) => id)).toEqual([5, 6, 7, 8, 9, 10])
    })

    test('rows of before count each request as one, of no region', async () => {
      expect(await rows()).toEqual([['', 3, 3, 0]])
    })

    test('a segment that the version before had stored and not yet deleted adds nothing', async () => {
      await storeSpans(opened.storage, directory, [sampled, sampled, span], 'stored before')
      expect(await rows()).toEqual([['', 3, 3, 0]])
    })

    test('new rows stand beside them, also when parts are merged', async () => {
      await storeSpans(opened.storage, directory, [sampled, span], 'stored after')
      const expected = [
        ['', 4, 4, 0],
        ['eu-north-1', 1, 2, 1],
      ]
      expect(await rows()).toEqual(expected)
      await storeSpans(opened.storage, directory, [sampled, span], 'stored after')
      await opened.storage.command('OPTIMIZE TABLE rollup_traces_10s FINAL')
      expect(await rows()).toEqual(expected)
    })
  })
}
