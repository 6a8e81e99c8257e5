import { describe, expect, test } from 'vitest'
import { FactMirror } from '../../src/engine/fact-mirror.ts'
import { type FactSource, FactTail } from '../../src/engine/fact-tail.ts'
import type { Fact, FactKind } from '../../src/storage/facts.ts'

type Row = { readonly key: string; readonly at: string; readonly writer: string }

/** Rows as the table has them, read by the rules of `Facts.tail`. */
function table(initial: readonly Row[] = []) {
  const rows = [...initial]
  const asked: string[] = []
  async function tail(_kinds: readonly FactKind[], since: string, limit: number): Promise<Fact<unknown>[]> {
    asked.push(since)
    const recent = rows.filter(({ at }) => since === '' || at >= since).sort((a, b) => (a.at < b.at ? -1 : 1))
    const keys = [...new Set(recent.map(({ key }) => key))].slice(0, limit)
    await new Promise((resolve) => setImmediate(resolve))
    return keys
      .map((key) => rows.filter((row) => row.key === key).sort((a, b) => (a.at < b.at ? -1 : 1))[0] as Row)
      .sort((a, b) => (a.at < b.at ? -1 : 1))
      .map(({ key, at, writer }) => ({ kind: 'verdict', key, subject: '', at, body: writer }))
  }
  return { rows, asked, tail }
}

/** A source that other processes write to. */
const shared = (tail: FactSource['tail']): FactSource => ({ tail, writes: null })
const at = (seconds: number) => new Date(Date.UTC(2026, 10, 21, 10) + seconds * 1000).toISOString()
const row = (key: string, seconds: number, writer = 'a'): Row => ({ key, at: at(seconds), writer })

/** A clock that is past all rows. */
const later = { now: () => Date.parse(at(100_000)), uptime: () => 0 }
const follow = (source: FactSource, start = '', times = later) => new FactTail(source, ['verdict'], start, times)

async function read(tail: FactTail): Promise<string[]> {
  const taken: string[] = []
  await tail.read(({ key, body }) => taken.push(`${key}${body}`))
  return taken
}

describe('a tail', () => {
  test('hands over each fact once, in the order of writing', async () => {
    const { rows, tail: source } = table([row('2', 2), row('1', 1)])
    const tail = follow(shared(source))
    expect(await read(tail)).toEqual(['1a', '2a'])
    rows.push(row('3', 3))
    expect(await read(tail)).toEqual(['3a'])
    expect(await read(tail)).toEqual([])
  })

  test('asks a source that nobody else writes to only when something was written', async () => {
    const { rows, asked, tail: source } = table([row('1', 1)])
    const own = { tail: source, writes: 1 }
    const tail = follow(own)
    expect(await read(tail)).toEqual(['1a'])
    expect(await read(tail)).toEqual([])
    expect(asked).toHaveLength(1)
    rows.push(row('2', 2))
    own.writes = 2
    expect(await read(tail)).toEqual(['2a'])
    expect(asked).toHaveLength(2)
  })

  test('asks again after a reading that failed, and for what was written while it read', async () => {
    const { rows, tail: source } = table([row('1', 1)])
    let isDown = true
    const own = {
      writes: 1,
      tail: async (...args: Parameters<typeof source>) => {
        if (isDown) throw new Error('the storage is down')
        const page = await source(...args)
        own.writes += 1
        rows.push(row(`${own.writes}`, own.writes))
        return page
      },
    }
    const tail = follow(own)
    await expect(read(tail)).rejects.toThrow('the storage is down')
    isDown = false
    expect(await read(tail)).toEqual(['1a'])
    expect(await read(tail)).toEqual(['2a'])
  })

  test('starts where it is told', async () => {
    const { tail: source } = table([row('1', 1), row('2', 2)])
    expect(await read(follow(shared(source), at(2)))).toEqual(['2a'])
  })

  test('finds a row of another writer that became visible after later ones', async () => {
    const { rows, tail: source } = table([row('1', 100)])
    const tail = follow(shared(source))
    await read(tail)
    rows.push(row('0', 41))
    expect(await read(tail)).toEqual(['0a'])
  })

  test('hands a fact over again when an earlier row of its key came to light, for that one has won', async () => {
    const { rows, tail: source } = table([row('1', 10, 'late')])
    const tail = follow(shared(source))
    expect(await read(tail)).toEqual(['1late'])
    rows.push(row('1', 9, 'early'))
    expect(await read(tail)).toEqual(['1early'])
    expect(await read(tail)).toEqual([])
  })

  test('ignores a row that repeats a key long after', async () => {
    const { rows, tail: source } = table([row('1', 1)])
    const tail = follow(shared(source))
    await read(tail)
    rows.push(row('2', 500))
    await read(tail)
    rows.push(row('1', 501, 'again'), row('3', 502))
    expect(await read(tail)).toEqual(['3a'])
  })

  test('reads a long history in pages and asks only for the last minute after', async () => {
    const { asked, tail: source } = table(Array.from({ length: 2500 }, (_, i) => row(String(i), i)))
    const tail = follow(shared(source))
    expect(new Set(await read(tail)).size).toBe(2500)
    expect(asked.length).toBeGreaterThan(2)
    await read(tail)
    expect(asked.at(-1)).toBe(at(2499 - 60))
  })

  test('says so when a page has no end', async () => {
    const { tail: source } = table(Array.from({ length: 1001 }, (_, i) => row(String(i), 7)))
    await expect(read(follow(shared(source), at(7)))).rejects.toThrow(/more than 1000 facts/)
  })
})

describe('facts that are dated ahead', () => {
  /** The clock of the reader stands `ahead` seconds before the right time, and what was stored in the meantime too. */
  function lab(initial: readonly Row[] = []) {
    const stored = table(initial)
    const time = { seconds: 1000, ahead: 0 }
    const times = {
      now: () => Date.parse(at(time.seconds + time.ahead)),
      uptime: () => time.seconds * 1000,
    }
    const tail = follow(shared(stored.tail), '', times)
    /** Stored now, by a clock that is `ahead` seconds ahead. */
    const write = (key: string, ahead = 0) => stored.rows.push(row(key, time.seconds + ahead))
    return { ...stored, tail, time, write }
  }

  test('hide none that are dated rightly, also after a restart', async () => {
    const { tail, time, write, asked } = lab()
    write('ahead', 3600)
    write('1')
    expect(await read(tail)).toEqual(['1a', 'aheada'])
    for (let second = 0; second < 600; second += 10) {
      time.seconds += 10
      write(`at ${second}`)
      expect(await read(tail)).toEqual([`at ${second}a`])
    }
    expect(asked.at(-1)).toBe(at(1000 + 590 - 60))
    expect(await read(tail)).toEqual([])
  })

  test('are read page by page to their end, and handed over once', async () => {
    const { tail, time, write } = lab()
    for (let each = 0; each < 1500; each += 1) write(`ahead ${each}`, 3600 + each)
    expect(await read(tail)).toHaveLength(1500)
    time.seconds += 10
    write('1')
    expect(await read(tail)).toEqual(['1a'])
    expect(await read(tail)).toEqual([])
  })

  test('hide none when the whole machine was ahead and is set back, however long after it is read again', async () => {
    const { tail, time, write } = lab()
    write('before')
    time.ahead = 7200
    for (let second = 0; second < 3600; second += 600) {
      time.seconds += 600
      write(`ahead ${second}`, 7200)
      expect((await read(tail)).filter((key) => key !== 'beforea')).toEqual([`ahead ${second}a`])
    }
    time.ahead = 0
    time.seconds += 1
    write('right')
    time.seconds += 3 * 3600
    expect(await read(tail)).toEqual(['righta'])
    expect(await read(tail)).toEqual([])
  })

  test('hide none that came while a later page could not be read', async () => {
    const { rows, tail: source } = table(Array.from({ length: 1500 }, (_, each) => row(`${each}`, 5000 + each)))
    let fails = true
    const flaky: FactSource['tail'] = async (kinds, since, limit) => {
      if (since >= at(5000) && fails) throw new Error('the storage is down')
      return source(kinds, since, limit)
    }
    const tail = follow(shared(flaky), '', { now: () => Date.parse(at(1000)), uptime: () => 0 })
    await expect(read(tail)).rejects.toThrow('the storage is down')
    fails = false
    rows.push(row('right', 1001))
    expect(await read(tail)).toHaveLength(501)
  })

  test('hide none from a reader that started while its clock was ahead', async () => {
    const { tail: source, rows } = table()
    const time = { ahead: 86_400, uptime: 0 }
    const times = { now: () => Date.parse(at(1000 + time.ahead)) + time.uptime, uptime: () => time.uptime }
    const tail = follow(shared(source), at(86_400), times)
    expect(await read(tail)).toEqual([])
    Object.assign(time, { ahead: 0, uptime: 10_000 })
    rows.push(row('right', 1005))
    expect(await read(tail)).toEqual(['righta'])
  })

  test('a reader whose clock is behind reads more, and hands over nothing twice', async () => {
    const { rows, tail: source } = table(Array.from({ length: 2500 }, (_, i) => row(String(i), i)))
    const tail = follow(shared(source), '', { now: () => Date.parse(at(-86_400)), uptime: () => 0 })
    expect(await read(tail)).toHaveLength(2500)
    rows.push(row('new', 2600))
    expect(await read(tail)).toEqual(['newa'])
  })
})

describe('a mirror', () => {
  test('has a fact once, however many refresh at once', async () => {
    const { rows, tail: source } = table([row('1', 1)])
    const mirror = new FactMirror(shared(source), ['verdict'])
    await Promise.all([mirror.refresh(), mirror.refresh(), mirror.refresh()])
    rows.push(row('2', 2))
    await Promise.all([mirror.refresh(), mirror.refresh()])
    expect(mirror.facts.map(({ key }) => key)).toEqual(['1', '2'])
  })

  test('shows what was written before the refresh, also while another one runs', async () => {
    const { rows, tail: source } = table([row('1', 1)])
    const mirror = new FactMirror(shared(source), ['verdict'])
    const running = mirror.refresh()
    await Promise.resolve()
    rows.push(row('2', 2))
    await mirror.refresh()
    expect(mirror.facts).toHaveLength(2)
    await running
  })

  test('keeps the order of writing and the winners, whenever rows come to light', async () => {
    const { rows, tail: source } = table([row('2', 20), row('3', 30, 'late')])
    const mirror = new FactMirror(shared(source), ['verdict'])
    await mirror.refresh()
    rows.push(row('1', 10), row('3', 15, 'early'))
    await mirror.refresh()
    expect(mirror.facts.map(({ key, body }) => `${key}${body}`)).toEqual(['1a', '3early', '2a'])
  })

  test('is another array only when something is new', async () => {
    const mirror = new FactMirror(shared(table([row('1', 1)]).tail), ['verdict'])
    await mirror.refresh()
    const before = mirror.facts
    await mirror.refresh()
    expect(mirror.facts).toBe(before)
  })
})
