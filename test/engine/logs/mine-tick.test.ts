import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { countTick } from '../../../src/engine/logs/mine-tick.ts'
import { openServiceMiner } from '../../../src/engine/logs/service-miner.ts'
import type { LogLines } from '../../../src/storage/log-lines-reader.ts'

const line = (i: number): LogLines => ({
  ...{
    at: 0,
    namespace: '',
    service: 'shop',
    environment: 'default',
    version: '1',
    cohort: '',
    replicaSet: '',
    pod: '',
  },
  ...{
    region: '',
    severity: 9,
    body: `order ${i} done ${'so it is said '.repeat(300)}`,
    template: '',
    exceptionType: '',
  },
  ...{
    exceptionMessage: '',
    stacktrace: '',
    traceId: '',
    lines: 1,
    firstSeen: 0,
    lastSeen: 0,
    traces: [],
    untraced: 0,
  },
})

test('others have their turn while many lines are counted', async () => {
  const count = countTick(await openServiceMiner([]))
  let isCounting = true
  const counting = count
    .add(
      Array.from({ length: 1000 }, (_, i) => line(i)),
      new Map(),
    )
    .then(() => {
      isCounting = false
    })
  let turns = 0
  while (isCounting) {
    await setImmediate()
    turns += 1
  }
  await counting
  expect(turns).toBeGreaterThan(10)
  expect((await count.rows()).map(({ lines }) => lines)).toEqual([1000])
})
