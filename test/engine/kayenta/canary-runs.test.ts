import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Storage } from '../../../src/domain/storage.ts'
import { FakeSource, fakeConfig, type KayentaLab, openKayentaLab, requestUntil, settled } from './kayenta-lab.ts'

/** A machine that is busy is slow. */
const patience = { timeout: 20_000 }

let lab: KayentaLab
beforeAll(async () => {
  lab = await openKayentaLab()
})
afterAll(() => lab.close())
beforeEach(() => {
  lab.source = new FakeSource()
})

const adHoc = (experiment: string, config: object = fakeConfig('any')) => ({
  canaryConfig: config,
  executionRequest: requestUntil(lab.now, experiment),
})

describe('a run', () => {
  test('of a canary like its baseline succeeds with 100', async () => {
    const kayenta = lab.start()
    const id = await kayenta.startAdHoc(adHoc('good2'), {})
    expect(await kayenta.status(id)).toMatchObject({ complete: false, status: 'running', application: 'ad-hoc' })
    const status = await settled(kayenta, () => kayenta.status(id))
    expect(status).toMatchObject({
      status: 'succeeded',
      stageStatus: {
        ...{ setupContext: 'succeeded', fetchControl0: 'succeeded', fetchExperiment0: 'succeeded' },
        ...{ mixMetrics: 'succeeded', judge: 'succeeded' },
      },
      metricsAccountName: 'fake',
      result: { canaryDuration: 'PT1H', judgeResult: { score: { score: 100, classification: 'Pass' } } },
    })
    const pairs = await kayenta.lists.get('metric-set-pair-list', String(status.metricSetPairListId))
    expect(pairs).toMatchObject([{ name: 'level', attributes: { control: { query: 'fake(good)' } } }])
  })

  test('of a canary that is worse succeeds too, with 0: that it broke would be terminal', async () => {
    const kayenta = lab.start()
    const id = await kayenta.startAdHoc(adHoc('bad'), { application: 'shop' })
    const status = await settled(kayenta, () => kayenta.status(id))
    expect(status).toMatchObject({ status: 'succeeded', result: { judgeResult: { score: { score: 0 } } } })
    expect(status.exception).toBeUndefined()
  })

  test('without any data is judged as Nodata, and fails', async () => {
    const kayenta = lab.start()
    const id = await kayenta.startAdHoc(adHoc('silent'), {})
    const { result } = (await settled(kayenta, () => kayenta.status(id))) as { result: { judgeResult: object } }
    expect(result.judgeResult).toMatchObject({
      results: [{ classification: 'Nodata', experimentMetadata: { stats: { count: 0 } } }],
      score: { score: 0, classification: 'Fail' },
    })
  })

  test('waits until its window is over and the source has all of it', async () => {
    const kayenta = lab.start()
    lab.source.completeAfterMs = 20_000
    const id = await kayenta.startAdHoc(adHoc('good2'), {})
    await kayenta.tick()
    expect(await kayenta.status(id)).toMatchObject({ complete: false })
    expect(lab.source.asked).toEqual([])
    lab.now += 20_000
    expect(await settled(kayenta, () => kayenta.status(id))).toMatchObject({ status: 'succeeded' })
  })

  test('whose telemetry cannot be stored for ten minutes is terminal and has no score', async () => {
    const kayenta = lab.start()
    lab.source.completeAfterMs = null
    const id = await kayenta.startAdHoc(adHoc('good2'), {})
    await kayenta.tick()
    expect(await kayenta.status(id)).toMatchObject({ complete: false })
    lab.now += 600_001
    const status = await settled(kayenta, () => kayenta.status(id))
    expect(status).toMatchObject({ status: 'terminal', exception: { exceptionType: 'STORAGE_DOWN' } })
    expect(status.result).toBeUndefined()
  })
})

describe('a source that fails', () => {
  test('for a while is asked again', async () => {
    const kayenta = lab.start()
    lab.source.failures = ['STORAGE_DOWN', 'OVERLOADED', 'STORAGE_DOWN']
    const id = await kayenta.startAdHoc(adHoc('good2'), {})
    expect(await settled(kayenta, () => kayenta.status(id))).toMatchObject({ status: 'succeeded' })
    expect(lab.source.asked).toHaveLength(5)
  })

  test('for good makes the run terminal with an exception, never a score', async () => {
    const kayenta = lab.start()
    lab.source.failures = Array.from({ length: 11 }, () => 'STORAGE_DOWN')
    const id = await kayenta.startAdHoc(adHoc('good2'), {})
    const status = await settled(kayenta, () => kayenta.status(id))
    expect(status).toMatchObject({
      status: 'terminal',
      exception: { operation: 'fetchControl0', exceptionType: 'STORAGE_DOWN', details: { error: expect.any(String) } },
      stageStatus: { setupContext: 'succeeded', fetchControl0: 'terminal', judge: 'not_started' },
    })
    expect(status.result).toBeUndefined()
    expect(lab.source.asked).toHaveLength(11)
  })

  test('with a fault of the query is asked once', async () => {
    const kayenta = lab.start()
    lab.source.failures = ['VALIDATION']
    const id = await kayenta.startAdHoc(adHoc('good2'), {})
    expect(await settled(kayenta, () => kayenta.status(id))).toMatchObject({ status: 'terminal' })
    expect(lab.source.asked).toHaveLength(1)
  })

  test('in a way that nobody foresaw says nothing of its words', async () => {
    const kayenta = lab.start()
    lab.source.fetch = async () => {
      throw new Error('password=hunter2')
    }
    const id = await kayenta.startAdHoc(adHoc('good2'), {})
    const status = await settled(kayenta, () => kayenta.status(id))
    expect(status).toMatchObject({ status: 'terminal', exception: { exceptionType: 'INTERNAL' } })
    expect(JSON.stringify(status)).not.toContain('hunter2')
  })

  test('an account that is gone after a restart makes the run terminal', async () => {
    const before = lab.start()
    const id = await before.startAdHoc(adHoc('good2'), {})
    const kayenta = lab.start(new Map([['other', lab.source]]))
    expect(await settled(kayenta, () => kayenta.status(id))).toMatchObject({
      status: 'terminal',
      exception: { details: { error: expect.stringContaining("'fake'") } },
    })
  })
})

describe('a process that ends', () => {
  test('while it reads leaves the run to the next one, with the same answer', async () => {
    const first = lab.start()
    lab.source.failures = ['hang']
    const id = await first.startAdHoc(adHoc('good2'), {})
    await first.tick()
    await expect.poll(() => lab.source.asked.length, patience).toBe(1)
    expect(await first.status(id)).toMatchObject({ stageStatus: { fetchControl0: 'running' } })
    await first.stop()
    expect(await first.status(id)).toMatchObject({ complete: false })
    const second = lab.start()
    const status = await settled(second, () => second.status(id))
    expect(status).toMatchObject({ status: 'succeeded', result: { judgeResult: { score: { score: 100 } } } })
    expect(await lab.start().status(id)).toEqual(status)
  })

  test('before its result is written leaves pairs that are not read again', async () => {
    const { storage } = lab
    const cutOff: Storage = {
      kind: storage.kind,
      query: (sql, params, signal) => storage.query(sql, params, signal),
      command: (sql, params) => storage.command(sql, params),
      insertsInto: (table) => storage.insertsInto(table),
      insertFile: (insert) => storage.insertFile(insert),
      close: () => storage.close(),
      async insertRows(table, rows, token) {
        if ((rows[0] as { Kind?: string }).Kind === 'canary-result') throw new Error('the process ends here')
        await storage.insertRows(table, rows, token)
      },
    }
    const first = lab.start(null, cutOff)
    const id = await first.startAdHoc(adHoc('bad'), {})
    await first.tick()
    await expect
      .poll(() => lab.logged.some((line) => line.includes('could not be recorded') && line.includes(id)), patience)
      .toBe(true)
    const read = lab.source.asked.length
    const next = lab.start()
    const status = await settled(next, () => next.status(id))
    expect(status).toMatchObject({ status: 'succeeded', result: { judgeResult: { score: { score: 0 } } } })
    expect([read, lab.source.asked.length]).toEqual([2, 2])
  })

  test('two at once say the same', async () => {
    const [one, two] = [lab.start(), lab.start()]
    const id = await one.startAdHoc(adHoc('good2'), {})
    const [a, b] = await Promise.all([settled(one, () => one.status(id)), settled(two, () => two.status(id))])
    expect(b).toEqual(a)
  })
})

describe('cancelling', () => {
  test('ends a run, and what it would have said is not recorded', async () => {
    const kayenta = lab.start()
    lab.source.failures = ['hang']
    const id = await kayenta.startAdHoc(adHoc('bad'), {})
    await kayenta.tick()
    await expect.poll(() => lab.source.asked.length, patience).toBe(1)
    await kayenta.cancel(id)
    expect(await kayenta.status(id)).toMatchObject({ complete: true, status: 'canceled' })
    await kayenta.tick()
    expect(await kayenta.status(id)).toMatchObject({ status: 'canceled' })
  })

  test('changes nothing about a run that has ended', async () => {
    const kayenta = lab.start()
    const id = await kayenta.startAdHoc(adHoc('good2'), {})
    await settled(kayenta, () => kayenta.status(id))
    await kayenta.cancel(id)
    expect(await kayenta.status(id)).toMatchObject({ status: 'succeeded' })
  })
})

test('a page of runs by how they stand goes past all those that stand otherwise', { timeout: 120_000 }, async () => {
  const kayenta = lab.start()
  const start = () => kayenta.startAdHoc(adHoc('good2'), { application: 'listed' })
  const canceled = [await start(), await start()]
  for (const id of canceled) await kayenta.cancel(id)
  const running: string[] = []
  for (let runs = 0; runs < 101; runs += 1) running.unshift(await start())
  const page = async (statuses: readonly string[], limit: number, number: number) => {
    const filter = { application: 'listed', statuses, limit, page: number }
    const found = (await kayenta.executions(filter, new AbortController().signal)) as { readonly pipelineId: string }[]
    return found.map(({ pipelineId }) => pipelineId)
  }
  expect(await page(['canceled'], 1, 1)).toEqual([canceled[1]])
  expect(await page(['canceled'], 1, 2)).toEqual([canceled[0]])
  expect(await page(['canceled'], 1, 3)).toEqual([])
  expect(await page(['running'], 50, 3)).toEqual(running.slice(100))
  expect(await page(['running', 'canceled'], 102, 1)).toEqual([...running, canceled[1]])
})
