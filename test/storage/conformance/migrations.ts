import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Facts } from '../../../src/storage/facts.ts'
import { migrate, planMigrations } from '../../../src/storage/migrations.ts'
import { applyRetention } from '../../../src/storage/retention.ts'
import { type Open, type Opened, retention } from '../opened.ts'

/** From an empty storage to all tables; the tests build on each other, in this order. */
export function migrationsConformance(open: Open): void {
  describe('migrations', () => {
    let opened: Opened
    let facts: Facts
    beforeAll(async () => {
      opened = await open()
      facts = new Facts(opened.storage, 'writer')
    })
    afterAll(() => opened.close())

    const plan = () => planMigrations(opened.storage, facts, opened.dialect, retention)
    const run = (as = facts) => migrate(opened.storage, as, opened.dialect, retention)
    const tables = async () => {
      const sql = 'SELECT name FROM system.tables WHERE database = currentDatabase() ORDER BY name'
      return (await opened.storage.query<{ name: string }>(sql)).map(({ name }) => name)
    }
    const forge = (id: number, body: { readonly checksum: string; readonly needs?: number }, at: string) =>
      opened.storage.insertRows(
        'facts',
        [
          {
            Kind: 'migration',
            Key: String(id),
            At: at,
            Writer: 'forger',
            Body: JSON.stringify({ name: 'x', ...body }),
          },
        ],
        `forged ${id} ${at}`,
      )
    const nothing = { applied: [], newer: [] }

    test('a plan for an empty storage shows every statement and writes nothing', async () => {
      const planned = await plan()
      expect(planned.length).toBeGreaterThan(0)
      expect(planned.every(({ state, statements }) => state === 'pending' && statements.length > 0)).toBe(true)
      expect(planned.map(({ id }) => id)).toEqual(planned.map((_, index) => index + 1))
      expect(await tables()).toEqual([])
    })

    test('an empty storage gets all tables, and each migration is on record', async () => {
      const planned = await plan()
      const { applied, newer } = await run()
      expect(newer).toEqual([])
      expect(applied.map(({ id }) => id)).toEqual(planned.map(({ id }) => id))
      expect(await tables()).toEqual(
        expect.arrayContaining(['facts', 'looks', 'otel_logs', 'otel_traces', 'rollup_traces_10s']),
      )
      expect((await facts.list({ kind: 'migration' })).map(({ key }) => Number(key))).toEqual(
        planned.map(({ id }) => id),
      )
    })

    test('each record says which versions can work on with it', async () => {
      const records = await facts.list<{ needs?: number }>({ kind: 'migration' })
      expect(records.map(({ body }) => body.needs)).toEqual((await plan()).map(({ needs }) => needs))
    })

    test('again there is nothing to do, for another process too', async () => {
      const before = await opened.storage.query('SELECT count() AS n FROM facts')
      expect((await plan()).every(({ state }) => state === 'applied')).toBe(true)
      expect(await run(new Facts(opened.storage, 'another process'))).toEqual(nothing)
      expect(await opened.storage.query('SELECT count() AS n FROM facts')).toEqual(before)
    })

    test('other days of retention are no other migration; they are given to the tables that are there', async () => {
      const other = { rawDays: 3, rollupDays: 2, lookDays: 44 }
      expect(await migrate(opened.storage, facts, opened.dialect, other)).toEqual(nothing)
      const changed = await applyRetention(opened.storage, opened.dialect, other)
      expect(changed).toEqual(expect.arrayContaining(['otel_traces', 'otel_metrics_sum', 'rollup_traces_10s', 'looks']))
      const sql = `SELECT name, extract(engine_full, 'toIntervalDay\\((\\d+)\\)') AS days FROM system.tables
        WHERE database = currentDatabase() AND name IN {names:Array(String)} ORDER BY name`
      expect(changed).toContain('facts')
      expect(await opened.storage.query(sql, { names: changed })).toEqual(
        [...changed].sort().map((name) => ({
          name,
          days: name === 'facts' ? '2' : name === 'looks' ? '44' : name.startsWith('rollup_') ? '2' : '3',
        })),
      )
      expect(await applyRetention(opened.storage, opened.dialect, other)).toEqual([])
    })

    test('of facts only runs of canaries end, everything that decisions rest on stays', async () => {
      const kinds = ['canary-run', 'metric-set-pair-list', 'canary-config', 'verdict', 'migration']
      const old = { Key: 'old', Subject: '', At: '2020-01-01 00:00:00.000000', Writer: 'a test', Body: '{}' }
      for (const Kind of kinds) await opened.storage.insertRows('facts', [{ ...old, Kind }], `old/${Kind}`)
      await opened.storage.command('OPTIMIZE TABLE facts FINAL')
      const left = await opened.storage.query<{ kind: string }>(
        "SELECT DISTINCT Kind AS kind FROM facts WHERE Key = 'old' ORDER BY kind",
      )
      expect(left.map(({ kind }) => kind)).toEqual(['canary-config', 'migration', 'verdict'])
      await opened.storage.command("ALTER TABLE facts DELETE WHERE Key = 'old'")
    })

    test('a signal, and a rollup, can have days of its own', async () => {
      const own = {
        ...{ rawDays: 3, traceDays: 11, logDays: 12, metricDays: 13 },
        ...{ rollupDays: 2, traceRollupDays: 21, logRollupDays: 22, logTemplateDays: 23, metricRollupDays: 24 },
        lookDays: 44,
      }
      await applyRetention(opened.storage, opened.dialect, own)
      const sql = `SELECT name, toUInt32(extract(engine_full, 'toIntervalDay\\((\\d+)\\)')) AS days FROM system.tables
        WHERE database = currentDatabase() AND engine LIKE '%MergeTree' AND name != 'facts' ORDER BY name`
      const rows = await opened.storage.query<{ name: string; days: number }>(sql)
      expect(Object.fromEntries(rows.map(({ name, days }) => [name, days]))).toEqual({
        ...{ looks: 44, otel_logs: 12, otel_traces: 11, otel_traces_trace_id_ts: 11 },
        ...{ otel_metrics_gauge: 13, otel_metrics_sum: 13, otel_metrics_histogram: 13 },
        ...{ otel_metrics_exponential_histogram: 13, otel_metrics_summary: 13 },
        ...{ rollup_traces_10s: 21, rollup_logs_10s: 22, rollup_log_templates_10s: 23, rollup_metrics_10s: 24 },
        ...{ rollup_durations_10s: 24, rollup_calls_10s: 21 },
      })
    })

    test('the tables that a segment or a decision goes into are on disk before the INSERT returns', async () => {
      const sql = `SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'
        AND NOT (engine_full LIKE '%fsync_after_insert = 1%' AND engine_full LIKE '%fsync_part_directory = 1%')`
      expect(await opened.storage.query(sql)).toEqual([])
    })

    test('what a newer version added is no reason not to start, for plan and for run', async () => {
      const newest = Math.max(...(await plan()).map(({ id }) => id))
      const at = '2026-01-01 00:00:00.000000'
      await forge(newest + 1, { checksum: 'a', needs: 0 }, at)
      await forge(newest + 2, { checksum: 'b', needs: newest }, at)
      const newer = [
        { id: newest + 1, name: 'x', state: 'newer', statements: [], needs: 0 },
        { id: newest + 2, name: 'x', state: 'newer', statements: [], needs: newest },
      ]
      expect((await plan()).filter(({ state }) => state !== 'applied')).toEqual(newer)
      expect(await run()).toEqual({ applied: [], newer })
    })

    test('a migration that was applied with another text is refused', async () => {
      // Before the real one, so that it is the winner of its key.
      await forge(1, { checksum: 'edited' }, '2000-01-01 00:00:00.000000')
      await expect(plan()).rejects.toThrow(/Migration 1 \(facts\) was applied with checksum edited/)
      await expect(run()).rejects.toThrow(/must not be edited/)
    })

    test('a migration of a newer version that takes away what this one needs is refused', async () => {
      await forge(9998, { checksum: 'c', needs: 9997 }, '2026-01-01 00:00:00.000000')
      await expect(plan()).rejects.toThrow(/migration 9998.*newer Davy.*a version that knows 9997/)
      await expect(run()).rejects.toThrow(/migration 9998/)
    })

    test('so is one that does not say what it needs', async () => {
      await opened.storage.command("ALTER TABLE facts DELETE WHERE Kind = 'migration' AND Key = '9998'")
      await forge(9999, { checksum: 'd' }, '2026-01-01 00:00:00.000000')
      await expect(plan()).rejects.toThrow(/migration 9999.*a version that knows it/)
      await expect(run()).rejects.toThrow(/migration 9999/)
    })
  })
}
