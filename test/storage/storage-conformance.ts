import { afterAll, beforeAll, describe } from 'vitest'
import { Facts } from '../../src/storage/facts.ts'
import { migrate } from '../../src/storage/migrations.ts'
import { callRollupsConformance } from './conformance/call-rollups.ts'
import { closingConformance } from './conformance/closing.ts'
import { durationRollupsConformance } from './conformance/duration-rollups.ts'
import { factsConformance } from './conformance/facts.ts'
import { insertsConformance } from './conformance/inserts.ts'
import { logAttributesConformance } from './conformance/log-attributes.ts'
import { logRollupsConformance } from './conformance/log-rollups.ts'
import { looksConformance } from './conformance/looks.ts'
import { metricAttributesConformance } from './conformance/metric-attributes.ts'
import { metricRollupsConformance } from './conformance/metric-rollups.ts'
import { migrationsConformance } from './conformance/migrations.ts'
import { placedCallsConformance } from './conformance/placed-calls.ts'
import { rollupsConformance } from './conformance/rollups.ts'
import { spanAttributesConformance } from './conformance/span-attributes.ts'
import { statementsConformance } from './conformance/statements.ts'
import { upgradeConformance } from './conformance/upgrade.ts'
import { type Open, type Opened, retention } from './opened.ts'

/**
 * What every storage must do, and what the readers and writers on top of it must do over every storage. A kind of
 * storage has a test file of its own: the embedded engine opens one directory per process.
 * @param open an empty storage; called again after the one before was closed.
 */
export function storageConformance(name: string, open: Open): void {
  describe(name, () => {
    describe('with all tables', () => {
      let opened: Opened
      beforeAll(async () => {
        opened = await open()
        await migrate(opened.storage, new Facts(opened.storage, 'writer'), opened.dialect, retention)
      })
      afterAll(() => opened.close())
      const current = () => opened
      statementsConformance(current)
      insertsConformance(current)
      factsConformance(current)
      looksConformance(current)
      rollupsConformance(current)
      logRollupsConformance(current)
      metricRollupsConformance(current)
      durationRollupsConformance(current)
      callRollupsConformance(current)
      placedCallsConformance(current)
      spanAttributesConformance(current)
      logAttributesConformance(current)
      metricAttributesConformance(current)
    })
    closingConformance(open)
    migrationsConformance(open)
    upgradeConformance(open)
  })
}
