import { beforeAll, describe, expect, test } from 'vitest'
import { Facts } from '../../../src/storage/facts.ts'
import type { Opened } from '../opened.ts'

type Body = { readonly by: string }

/** The fact log: one winner a key for ever, and the order of writing. */
export function factsConformance(current: () => Opened): void {
  describe('facts', () => {
    let opened: Opened
    beforeAll(() => {
      opened = current()
    })

    const facts = (writer: string) => new Facts(opened.storage, writer)
    const direct = (key: string, at: string | null, writer: string, subject = 's') => {
      const row = { Kind: 'close', Key: key, Subject: subject, Writer: writer, Body: JSON.stringify({ by: writer }) }
      const rows = [at === null ? row : { ...row, At: at }]
      return opened.storage.insertRows('facts', rows, `${key} ${at} ${writer}`)
    }

    test('of 50 writers of one key at once exactly one wins, and all read what it wrote', async () => {
      const writers = Array.from({ length: 50 }, (_, index) => `writer-${index}`)
      const results = await Promise.all(
        writers.map((by) => facts(by).putOnce<Body>('deployment', 'contended', 'd', { by })),
      )
      const winners = results.flatMap(({ won }, index) => (won ? [writers[index]] : []))
      expect(winners).toHaveLength(1)
      expect(new Set(results.map(({ body }) => body.by))).toEqual(new Set(winners))
      const [stored] = await facts('reader').list<Body>({ kind: 'deployment', key: 'contended' })
      expect(stored?.body.by).toBe(winners[0])
    })

    test('one writer that says it again does not win again, and gets its first word back', async () => {
      const writer = facts('twice')
      expect(await writer.putOnce<Body>('close', 'again', 'd', { by: 'first' })).toEqual({
        won: true,
        body: { by: 'first' },
      })
      expect(await writer.putOnce<Body>('close', 'again', 'd', { by: 'second' })).toEqual({
        won: false,
        body: { by: 'first' },
      })
    })

    test('the same key of another kind is another fact', async () => {
      await facts('a').putOnce('override', 'again', 'd', { by: 'a' })
      expect((await facts('b').list({ kind: 'override', key: 'again' })).map(({ body }) => body)).toEqual([{ by: 'a' }])
    })

    test('when the storage has forgotten the token, the winner stays the same', async () => {
      const { won } = await facts('first').putOnce<Body>('close', 'forgotten', 'd', { by: 'first' })
      expect(won).toBe(true)
      // Other tokens, as if the window had moved on: these rows are really written.
      for (const writer of ['a late one', 'z later one']) await direct('forgotten', null, writer)
      const [count] = await opened.storage.query<{ n: number }>(
        "SELECT count() AS n FROM facts WHERE Kind = 'close' AND Key = 'forgotten'",
      )
      expect(count).toEqual({ n: 3 })
      expect(await facts('newcomer').putOnce<Body>('close', 'forgotten', 'd', { by: 'newcomer' })).toEqual({
        won: false,
        body: { by: 'first' },
      })
      const listed = await facts('reader').list<Body>({ kind: 'close', key: 'forgotten' })
      expect(listed.map(({ body }) => body.by)).toEqual(['first'])
    })

    test('rows of the same microsecond have a winner too, the same for every reader', async () => {
      const at = '2026-03-01 00:00:00.000001'
      for (const writer of ['m', 'b', 'x']) await direct('tie', at, writer, `subject of ${writer}`)
      const expected = { kind: 'close', key: 'tie', subject: 'subject of b', at: '2026-03-01T00:00:00.000001Z' }
      expect(await facts('reader').list({ kind: 'close', key: 'tie' })).toEqual([{ ...expected, body: { by: 'b' } }])
    })

    test('facts are listed and told in the order of their writing, each key once, by subject where asked', async () => {
      const kind = 'feedback'
      const rows = [
        { Key: 'c', At: '2026-04-01 00:00:00.000003', Writer: 'w1', Subject: 's1' },
        { Key: 'a', At: '2026-04-01 00:00:00.000001', Writer: 'w1', Subject: 's2' },
        { Key: 'b', At: '2026-04-01 00:00:00.000002', Writer: 'w1', Subject: 's1' },
        { Key: 'a', At: '2026-04-01 00:00:00.000009', Writer: 'w2', Subject: 's1' },
      ].map((row) => ({ ...row, Kind: kind, Body: JSON.stringify({ by: row.Writer }) }))
      await opened.storage.insertRows('facts', rows, 'ordered')
      const reader = facts('reader')
      expect((await reader.list({ kind })).map(({ key }) => key)).toEqual(['a', 'b', 'c'])
      expect((await reader.list({ kind, subject: 's2' })).map(({ key }) => key)).toEqual(['a'])
      const tail = async (since: string, limit = 10) => {
        const facts = await reader.tail([kind, 'endpoint'], since, limit)
        return facts.map(({ key, body }) => `${key} by ${(body as Body).by}`)
      }
      expect(await tail('')).toEqual(['a by w1', 'b by w1', 'c by w1'])
      expect(await tail('', 2)).toEqual(['a by w1', 'b by w1'])
      expect(await tail('2026-04-01T00:00:00.000003Z')).toEqual(['a by w1', 'c by w1'])
      expect(await tail('2026-04-01T00:00:00.000003Z', 1)).toEqual(['c by w1'])
      expect(await tail('2026-04-01T00:00:00.000010Z')).toEqual([])
    })

    test('of many keys those that have a fact of the kind are told', async () => {
      const reader = facts('reader')
      expect(await reader.existing('feedback', ['a', 'nobody', 'c'])).toEqual(new Set(['a', 'c']))
      expect(await reader.existing('deployment', ['a'])).toEqual(new Set())
      expect(await reader.existing('feedback', [])).toEqual(new Set())
    })

    test('hostile text survives in keys, subjects and bodies', async () => {
      const text = 'a\'b\\c\n\n"{x:String}\t🚀'
      const { won } = await facts(text).putOnce<Body>('endpoint', text, text, { by: text })
      expect(won).toBe(true)
      const [fact] = await facts('reader').list<Body>({ kind: 'endpoint', key: text, subject: text })
      expect(fact).toMatchObject({ key: text, subject: text, body: { by: text } })
    })
  })
}
