import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Storage } from '../../../src/domain/storage.ts'
import { type LogLab, openLogLab } from './log-lab.ts'

const tick = Math.floor(Date.now() / 10_000) * 10_000 - 3_600_000
const now = () => tick + 60_000

let lab: LogLab
beforeAll(async () => {
  lab = await openLogLab()
})
afterAll(() => lab.close())

type Counted = { version: string; severity: number; lines: number; requests: number; example: string }

/** What is counted of a service, by version and skeleton. */
function counted(service: string) {
  return lab.query<Counted>(
    `SELECT Version AS version, max(SeverityNumber) AS severity, sum(N) AS lines, sum(Requests) AS requests,
       max(Example) AS example
     FROM rollup_log_templates_10s WHERE Service = '${service}' GROUP BY Version, Skeleton ORDER BY lines DESC, example`,
  )
}

async function total(service: string): Promise<number> {
  return (await counted(service)).reduce((sum, { lines }) => sum + lines, 0)
}

describe('the job that counts log lines', () => {
  test('counts lines by skeleton, cohort and severity, warnings by request', async () => {
    await lab.store([
      ...Array.from({ length: 7 }, (_, i) => ({ at: tick + i, service: 'a', version: '1', body: `order ${i} done` })),
      ...['t1', 't1', 't2', ''].map((traceId, i) => ({
        ...{ at: tick + i, service: 'a', version: '2', severity: 17, traceId, body: `card ${i} refused` },
      })),
    ])
    await lab.miner(now).tick()
    expect(await counted('a')).toEqual([
      { version: '1', severity: 9, lines: 7, requests: 0, example: 'order 0 done' },
      { version: '2', severity: 17, lines: 4, requests: 3, example: 'card 0 refused' },
    ])
  })

  test('adds late lines and counts nothing twice, whoever asks again', async () => {
    const line = (i: number) => ({ at: tick + i, service: 'b', version: '1', severity: 13, body: `slow query ${i} ms` })
    await lab.store([line(1), line(2)])
    await lab.miner(now).tick()
    await lab.miner(now).tick()
    expect(await total('b')).toBe(2)
    await lab.store([line(3), { ...line(4), body: 'late and new' }])
    await lab.miner(now).tick()
    await lab.miner(now).tick()
    expect(await counted('b')).toMatchObject([{ lines: 3 }, { lines: 1, example: 'late and new' }])
  })

  test('processes that count the same lines at the same time are heard once', async () => {
    await lab.store(
      Array.from({ length: 200 }, (_, i) => ({
        at: tick + 20_000 + i,
        service: `c${i % 5}`,
        version: '1',
        body: `message ${i}`,
      })),
    )
    await Promise.all([0, 0.5].map((offset) => lab.miner(now, { offset }).tick()))
    const totals = await Promise.all([0, 1, 2, 3, 4].map((i) => total(`c${i}`)))
    expect(totals).toEqual([40, 40, 40, 40, 40])
  })

  test('a process that dies in the middle leaves nothing half counted', async () => {
    await lab.store(
      Array.from({ length: 30 }, (_, i) => ({ at: tick + i, service: 'd', version: '1', body: `step ${i}` })),
    )
    const dying: Storage = {
      ...methodsOf(lab.storage),
      insertRows: async (table, rows, token) => {
        await lab.storage.insertRows(table, rows, token)
        throw new Error('the answer never came')
      },
    }
    await lab.miner(now, { over: dying }).tick()
    expect(lab.logged.some(({ msg }) => String(msg).includes('could not be counted'))).toBe(true)
    await lab.miner(now).tick()
    expect(await total('d')).toBe(30)
  })

  test('lines without a version lie where their trace or nobody says', async () => {
    await lab.storeSpans([{ at: tick, service: 'e', version: '2.0', pod: 'e-2', traceId: 'aa'.repeat(16) }])
    await lab.store([
      { at: tick + 5, service: 'e', severity: 17, body: 'boom 1', traceId: 'aa'.repeat(16) },
      { at: tick + 6, service: 'e', severity: 17, body: 'boom 2', traceId: 'bb'.repeat(16) },
    ])
    await lab.miner(now).tick()
    expect((await counted('e')).map(({ version, lines }) => [version, lines]).sort()).toEqual([
      ['', 1],
      ['2.0', 1],
    ])
  })

  test('a soup of words fills a limit and not the storage', async () => {
    const words = 'ka lo mi ru te po sa ni ve du'.split(' ')
    const soup = (i: number) =>
      Array.from(
        { length: 8 },
        (_, at) => words[Math.floor(i / 10 ** (at % 5)) % 10]! + words[(i * 7 + at * 3) % 10]!,
      ).join(' ')
    await lab.store(
      Array.from({ length: 8000 }, (_, i) => ({
        at: tick + (i % 1000),
        service: 'f',
        version: '1',
        body: `${soup(i)} ${words[i % 7]}`,
      })),
    )
    await lab.miner(now).tick()
    const rows = await counted('f')
    expect(rows.reduce((sum, { lines }) => sum + lines, 0)).toBe(8000)
    expect(rows.length).toBeLessThan(7100)
  })

  test('lines that cannot be read yet are missing for a minute, however often looks ask', async () => {
    const seconds = tick / 1000
    await lab.storage.insertRows('rollup_logs_10s', [{ Service: 'h', T: seconds, SeverityNumber: 17, N: 2 }], 'h')
    let at = tick + 60_000
    const miner = lab.miner(() => at)
    for (let look = 0; look < 3; look += 1) expect(await miner.mineNow('h', tick, tick + 10_000)).toBe(false)
    for (let round = 0; round < 6; round += 1) {
      at += 60_000
      await miner.mineNow('h', tick, tick + 10_000)
    }
    expect(await miner.mineNow('h', tick, tick + 10_000)).toBe(true)
    expect(lab.logged.filter(({ msg }) => String(msg).includes('cannot be read any more'))).toHaveLength(1)
  })

  test('who was slow and finds the minute changed adds nothing', async () => {
    await lab.store([{ at: tick, service: 'i', version: '1', body: 'once' }])
    let at = tick + 60_000
    const inserted: string[] = []
    const slow: Storage = {
      ...methodsOf(lab.storage),
      query: async (sql, ...rest) => {
        if (sql.includes('FROM otel_logs')) {
          await lab.miner(now).mineNow('i', tick, tick + 10_000)
          at += 30_000
        }
        return lab.storage.query(sql, ...rest)
      },
      insertRows: (table, rows, token) => {
        inserted.push(table)
        return lab.storage.insertRows(table, rows, token)
      },
    }
    expect(await lab.miner(() => at, { over: slow }).mineNow('i', tick, tick + 10_000)).toBe(true)
    expect(inserted).toEqual([])
    expect(await total('i')).toBe(1)
  })

  test('the tick that is not over is left alone, unless it is asked for', async () => {
    await lab.store([{ at: tick + 50_000, service: 'g', version: '1', body: 'just now' }])
    const early = lab.miner(() => tick + 61_000)
    await early.tick()
    expect(await total('g')).toBe(0)
    expect(await early.mineNow('g', tick, tick + 60_000)).toBe(true)
    expect(await total('g')).toBe(1)
  })
})

function methodsOf(storage: Storage): Storage {
  return {
    kind: storage.kind,
    query: (...args) => storage.query(...args),
    command: (...args) => storage.command(...args),
    insertRows: (...args) => storage.insertRows(...args),
    insertsInto: (table) => storage.insertsInto(table),
    insertFile: (...args) => storage.insertFile(...args),
    close: () => storage.close(),
  }
}

test('what does not fit into the memory of a service is counted, named in the log and in a metric, and pushes nothing else out', async () => {
  const letters = (i: number) =>
    [...i.toString(26)].map((digit) => String.fromCharCode(97 + Number.parseInt(digit, 26)))
  const word = (i: number, salt: number) => `w${letters((i * 2_654_435_761 + salt * 40_503) % 1_000_003).join('')}`
  const soup = (i: number) => Array.from({ length: 6 }, (_, salt) => word(i + 7 * salt, salt)).join(' ')
  const line = (i: number, body: string) => ({ at: tick + i, service: 'soup', version: '1', body })
  await lab.store([
    ...Array.from({ length: 40 }, (_, i) => line(i, 'the disk is full')),
    ...Array.from({ length: 4000 }, (_, i) => line(i, soup(i))),
  ])
  let unkept = 0
  lab.logged.length = 0
  await lab.miner(now, { onUnkept: (lines) => (unkept += lines) }).tick()
  const rows = await counted('soup')
  expect(rows.reduce((sum, { lines }) => sum + lines, 0)).toBe(4040)
  expect(rows).toContainEqual(expect.objectContaining({ lines: 40, example: 'the disk is full' }))
  expect(rows.length).toBeLessThan(3000)
  expect(unkept).toBeGreaterThan(1000)
  expect(lab.logged.filter(({ service }) => service === 'soup')).toMatchObject([{ lines: unkept, most: 7000 }])
})
