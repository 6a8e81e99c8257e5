import { randomUUID } from 'node:crypto'
import type { Config } from './platform/config.ts'
import { Facts } from './storage/facts.ts'
import { migrate, planMigrations } from './storage/migrations.ts'
import { openStorage } from './storage/open-storage.ts'
import { applyRetention } from './storage/retention.ts'

/** `davy migrate`: prints each migration and whether it is, was or would be applied; with `plan` also its SQL. */
export async function runMigrate(config: Config, plan: boolean): Promise<void> {
  const { storage, dialect } = await openStorage(config.storageUrl)
  try {
    const facts = new Facts(storage, randomUUID())
    const planned = await planMigrations(storage, facts, dialect, config.retention)
    if (!plan) {
      await migrate(storage, facts, dialect, config.retention)
      await applyRetention(storage, dialect, config.retention)
    }
    for (const { id, name, state, statements } of planned) {
      const now = plan ? 'would be applied' : 'applied'
      const said = { applied: 'already applied', newer: 'applied by a newer version', pending: now }[state]
      process.stdout.write(`${id} ${name}: ${said}\n`)
      if (plan && state === 'pending') process.stdout.write(`${statements.join(';\n')};\n\n`)
    }
  } finally {
    await storage.close()
  }
}
