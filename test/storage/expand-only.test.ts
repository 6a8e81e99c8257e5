import { expect, test } from 'vitest'
import type { Storage } from '../../src/domain/storage.ts'
import { singleNode } from '../../src/storage/dialect.ts'
import { Facts } from '../../src/storage/facts.ts'
import { planMigrations } from '../../src/storage/migrations.ts'
import { retention } from './opened.ts'

/*
 * While replicas are replaced, and after somebody went back to it, the older version works on a storage that the newer one has
 * brought up to date. So a migration only adds: what the older one writes and reads stays as it was. What is to go goes with a
 * later version, by a migration that says since which one nobody has used it (`needs`); versions from before that one refuse to
 * start then. `npm run test:rolling` and test/system/going-back.test.ts show it with two real versions; this keeps the next
 * migration from breaking it. Migration 5 makes a view anew: whoever comes from before it stops every replica first.
 */
const firstThatOnlyAdds = 6

const adds = [
  /^CREATE (TABLE|MATERIALIZED VIEW) IF NOT EXISTS \S+/,
  /^ALTER TABLE \S+\s+(ADD (COLUMN|INDEX) IF NOT EXISTS (?:(?!,\s*[A-Z]+ )[\s\S])+(,\s*)?)+$/,
]

function onlyAdds(statement: string): boolean {
  return adds.some((pattern) => pattern.test(statement.trim()))
}

const emptyStorage = { query: async () => [] } as unknown as Storage

test('no migration takes away or alters what the version before it writes and reads', async () => {
  const planned = await planMigrations(emptyStorage, new Facts(emptyStorage, 'a test'), singleNode, retention)
  const adding = planned.filter(({ id, needs }) => id >= firstThatOnlyAdds && needs === 0)
  expect(adding.length).toBeGreaterThan(4)
  const others = adding.flatMap(({ id, statements }) =>
    statements.filter((sql) => !onlyAdds(sql)).map((sql) => [id, sql]),
  )
  expect(others).toEqual([])
})

test('a migration that takes something away leaves at least the version before it able to work', async () => {
  const planned = await planMigrations(emptyStorage, new Facts(emptyStorage, 'a test'), singleNode, retention)
  expect(planned.filter(({ id, needs }) => needs >= id)).toEqual([])
})

test.each([
  'DROP VIEW IF EXISTS a_mv',
  'ALTER TABLE a DROP COLUMN b',
  'ALTER TABLE a MODIFY COLUMN b String',
  'ALTER TABLE a ADD COLUMN IF NOT EXISTS b String, DROP COLUMN c',
  'ALTER TABLE a ADD COLUMN IF NOT EXISTS b String,\n    MODIFY ORDER BY (a, b)',
  'ALTER TABLE a RENAME COLUMN b TO c',
  'CREATE TABLE a (b String) ENGINE = MergeTree',
])('%s would be found', (sql) => {
  expect(onlyAdds(sql)).toBe(false)
})

test.each([
  'ALTER TABLE a ADD COLUMN IF NOT EXISTS b SimpleAggregateFunction(sum, UInt64) AFTER N',
  "ALTER TABLE a ON CLUSTER 'main'\n ADD COLUMN IF NOT EXISTS b String DEFAULT '',\n ADD INDEX IF NOT EXISTS i b TYPE minmax",
])('%s is an addition', (sql) => {
  expect(onlyAdds(sql.replace(" ON CLUSTER 'main'", ''))).toBe(true)
})
