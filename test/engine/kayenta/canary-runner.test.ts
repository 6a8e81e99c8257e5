import { expect, test } from 'vitest'
import type { SeriesSource } from '../../../src/domain/series-source.ts'
import { Accounts } from '../../../src/engine/kayenta/accounts.ts'
import { canaryRunOf } from '../../../src/engine/kayenta/canary-run.ts'
import { CanaryRunner } from '../../../src/engine/kayenta/canary-runner.ts'
import { CanaryRuns } from '../../../src/engine/kayenta/canary-runs.ts'
import { judgeSeries } from '../../../src/engine/kayenta/judge-series.ts'
import { createLogger } from '../../../src/platform/logger.ts'
import { factsInMemory } from '../facts-in-memory.ts'
import { FakeSource, fakeConfig, requestUntil } from './kayenta-lab.ts'

const hourMs = 3_600_000

test('runs that wait for their time keep none waiting that is due, however many and older they are', async () => {
  const now = Date.parse('2026-11-21T10:00:00Z')
  const runs = new CanaryRuns(factsInMemory(() => now).store)
  const accounts = new Accounts(new Map<string, SeriesSource>([['fake', new FakeSource()]]))
  const names = { application: 'shop', metricsAccountName: 'fake', storageAccountName: 'davy' }
  const ask = (id: string, end: number) => {
    const config = fakeConfig('any') as Parameters<typeof canaryRunOf>[1]
    return runs.askPart(id, canaryRunOf(names, config, requestUntil(end, 'good2'), accounts, now))
  }
  for (let i = 0; i < 500; i += 1) await ask(`later-${i}`, now + hourMs)
  await ask('due', now)
  const log = createLogger('info', { write: () => undefined })
  const runner = new CanaryRunner({ runs, accounts, judge: judgeSeries, log, now: () => now })
  await runner.tick()
  await expect.poll(() => runs.outcome('due')).toMatchObject({ status: 'succeeded' })
  await runner.stop()
})
