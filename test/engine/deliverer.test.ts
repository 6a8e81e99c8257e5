import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { AttemptResult, Message, Sink } from '../../src/domain/sink.ts'
import type { Storage } from '../../src/domain/storage.ts'
import type { Verdict } from '../../src/domain/verdict.ts'
import { complaints, type Lab, openLab, type Process, startProcess } from './lab.ts'
import { aVerdict } from './samples.ts'
import { otherDavy } from './storages.ts'

const secret = 'whsec_dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0'
const running = new AbortController().signal
let lab: Lab
let storage: Storage
let tests = 0

beforeAll(async () => {
  lab = await openLab()
  lab.now = Date.now()
})
afterAll(() => lab.close())
beforeEach(async () => {
  storage = await otherDavy(lab.storage, `test${++tests}`)
})

type Call = { readonly endpoint: string; readonly message: Message; readonly at: number }

/** A sink that answers as it is told and remembers what it was given. */
function scripted(answer: (call: Call, count: number) => AttemptResult | Promise<AttemptResult>) {
  const calls: Call[] = []
  const sink: Sink = {
    async deliver(endpoint, _secrets, message, at) {
      const call = { endpoint: endpoint.id, message, at: at.getTime() }
      calls.push(call)
      return answer(call, calls.length)
    },
  }
  return { sink, calls }
}

const delivered: AttemptResult = { outcome: 'delivered', status: 204 }
const refused: AttemptResult = { outcome: 'retry', status: 503, error: 'the endpoint answered 503' }

async function tick(davy: Process): Promise<void> {
  await davy.deliverer.tick(running)
  await davy.deliverer.idle()
}

let looks = 0

/** A decision change on record, as the conveyor writes it. */
async function decide(
  davy: Process,
  decision: Verdict['decision'] = 'promote',
  deploymentId = '01D',
): Promise<Verdict> {
  looks += 1
  const verdict: Verdict = {
    ...aVerdict(),
    ...{ id: `01V${looks}`, deploymentId, decision, look: looks, final: decision === 'rollback' },
    decidedAt: new Date(lab.now).toISOString(),
  }
  await davy.facts.putOnce('verdict', `${deploymentId}/${looks}`, deploymentId, verdict)
  return verdict
}

describe('the outbox', () => {
  test('sends each change to each endpoint once, with the whole verdict', async () => {
    const { sink, calls } = scripted(() => delivered)
    const davy = await lab.start({ sink }, storage)
    const a = await davy.endpoints.add('http://a.test', ['verdict.changed'], secret)
    const b = await davy.endpoints.add('http://b.test', ['verdict.decided'], secret)
    const held = await decide(davy, 'hold')
    const promoted = await decide(davy, 'promote')
    await tick(davy)
    await tick(davy)
    expect(calls.map(({ endpoint, message }) => [endpoint, message.id]).sort()).toEqual(
      [
        [a.id, held.id],
        [a.id, promoted.id],
        [b.id, promoted.id],
      ].sort(),
    )
    expect(calls.map(({ message }) => message.data)).toEqual(expect.arrayContaining([held, promoted]))
    expect(davy.deliverer.list().map(({ state }) => state)).toEqual(['delivered', 'delivered', 'delivered'])
    expect(davy.events.filter(({ type }) => type === 'delivery')).toHaveLength(3)
  })

  test('tells a new endpoint nothing of what was before it', async () => {
    const { sink, calls } = scripted(() => delivered)
    const davy = await lab.start({ sink }, storage)
    await decide(davy)
    await davy.endpoints.add('http://late.test', ['verdict.changed'], secret)
    const after = await decide(davy)
    await tick(davy)
    expect(calls.map(({ message }) => message.id)).toEqual([after.id])
  })

  test('is the same for the next process: what is delivered stays so, what waits goes on', async () => {
    const { sink, calls } = scripted((_call, count) => (count === 1 ? delivered : refused))
    const davy = await lab.start({ sink }, storage)
    await davy.endpoints.add('http://a.test', ['verdict.changed'], secret)
    await decide(davy)
    await tick(davy)
    const waiting = await decide(davy)
    await tick(davy)
    const next = scripted(() => delivered)
    const restarted = await lab.start({ sink: next.sink }, storage)
    await tick(restarted)
    expect(next.calls).toEqual([])
    expect(restarted.deliverer.list()).toEqual(davy.deliverer.list())
    lab.now += 6_000
    await tick(restarted)
    expect(next.calls.map(({ message }) => message)).toEqual([calls.at(-1)?.message])
    expect(calls.at(-1)?.message.id).toBe(waiting.id)
  })

  test('gives up what is a week old', async () => {
    const { sink, calls } = scripted(() => refused)
    const davy = await lab.start({ sink }, storage)
    await davy.endpoints.add('http://a.test', ['verdict.changed'], secret)
    await decide(davy)
    await tick(davy)
    const now = lab.now
    lab.now += 8 * 86_400_000
    await tick(davy)
    await tick(await lab.start({ sink }, storage))
    lab.now = now
    expect(davy.deliverer.list()).toEqual([])
    expect(calls).toHaveLength(1)
  })
})

describe('a crash between sending and recording', () => {
  test('sends again, with the same id', async () => {
    const { sink, calls } = scripted(() => delivered)
    const cut: Storage = {
      ...storage,
      insertRows: (table, rows, token) =>
        JSON.stringify(rows).includes('"Kind":"attempt"')
          ? Promise.reject(new Error('the power went'))
          : storage.insertRows(table, rows, token),
    }
    const davy = await lab.start({ sink }, cut)
    await davy.endpoints.add('http://a.test', ['verdict.changed'], secret)
    const verdict = await decide(davy)
    await tick(davy)
    await tick(await lab.start({ sink }, storage))
    expect(calls.map(({ message }) => message.id)).toEqual([verdict.id, verdict.id])
  })

  test('that is only a failed recording records again, and sends nothing twice', async () => {
    const { sink, calls } = scripted(() => delivered)
    let failures = 0
    const failing: Storage = {
      ...storage,
      insertRows: async (table, rows, token) => {
        const isAttempt = JSON.stringify(rows).includes('"Kind":"attempt"')
        if (isAttempt && failures < 1) {
          failures += 1
          throw new Error('read-only for a moment')
        }
        await storage.insertRows(table, rows, token)
        if (isAttempt && failures < 2) {
          failures += 1
          throw new Error('the answer was lost')
        }
      },
    }
    const davy = await lab.start({ sink }, failing)
    await davy.endpoints.add('http://a.test', ['verdict.changed'], secret)
    await decide(davy)
    for (let round = 0; round < 4; round += 1) await tick(davy)
    expect(calls).toHaveLength(1)
    expect(davy.deliverer.list()).toEqual([expect.objectContaining({ state: 'delivered' })])
    expect(davy.deliverer.list()[0]?.attempts).toHaveLength(1)
    expect(complaints(davy)).toHaveLength(2)
  })
})

describe('retries', () => {
  const second = 1000
  test.each([
    { decision: 'rollback' as const, waits: [1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 18_000, 36_000] },
    { decision: 'promote' as const, waits: [5, 60, 300, 1800, 7200, 18_000, 36_000] },
  ])('of a $decision keep the schedule, and the last one ends it', async ({ decision, waits }) => {
    const { sink, calls } = scripted(() => refused)
    const davy = await lab.start({ sink }, storage)
    await davy.endpoints.add('http://a.test', ['verdict.changed'], secret)
    await decide(davy, decision)
    await tick(davy)
    const now = lab.now
    for (const [index, wait] of waits.entries()) {
      lab.now += wait * second - 1
      await tick(davy)
      expect(calls).toHaveLength(index + 1)
      lab.now += 1
      await tick(davy)
      expect(calls).toHaveLength(index + 2)
    }
    const [delivery] = davy.deliverer.list()
    expect(delivery).toMatchObject({ state: 'failed', nextAt: null })
    expect(delivery?.attempts.map(({ attempt }) => attempt)).toEqual(calls.map((_, index) => index + 1))
    lab.now += 86_400_000
    await tick(davy)
    expect(calls).toHaveLength(waits.length + 1)
    expect(new Set(calls.map(({ message }) => message.id)).size).toBe(1)
    lab.now = now
  })

  test('wait as long as the receiver asks', async () => {
    const { sink, calls } = scripted((_call, count) =>
      count === 1 ? { ...refused, retryAfterSeconds: 90 } : delivered,
    )
    const davy = await lab.start({ sink }, storage)
    await davy.endpoints.add('http://a.test', ['verdict.changed'], secret)
    await decide(davy)
    await tick(davy)
    lab.now += 89_000
    await tick(davy)
    expect(calls).toHaveLength(1)
    lab.now += 1000
    await tick(davy)
    expect(davy.deliverer.list()[0]?.state).toBe('delivered')
  })

  test('end for an endpoint that answered 410, for what waits for it too', async () => {
    const { sink, calls } = scripted(() => ({ outcome: 'gone', status: 410, error: 'gone' }))
    const davy = await lab.start({ sink }, storage)
    const gone = await davy.endpoints.add('http://a.test', ['verdict.changed'], secret)
    for (let count = 0; count < 10; count += 1) await decide(davy)
    await tick(davy)
    expect(calls.length).toBeLessThanOrEqual(4)
    expect(davy.endpoints.get(gone.id).disabled).toBe(true)
    await decide(davy)
    lab.now += 60_000
    await tick(davy)
    expect(calls.length).toBeLessThanOrEqual(4)
    expect(new Set(davy.deliverer.list().map(({ state }) => state))).toEqual(new Set(['failed']))
  })
})

describe('many at once', () => {
  test('an endpoint that hangs holds up no other, nor what comes later', async () => {
    let release = () => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const { sink, calls } = scripted(async ({ endpoint }) => {
      if (endpoint === slow.id) await released
      return delivered
    })
    const davy = await lab.start({ sink }, storage)
    const slow = await davy.endpoints.add('http://slow.test', ['verdict.changed'], secret)
    const fast = await davy.endpoints.add('http://fast.test', ['verdict.changed'], secret)
    for (let count = 0; count < 6; count += 1) await decide(davy)
    await davy.deliverer.tick(running)
    const later = await decide(davy, 'rollback')
    const isTold = () =>
      davy.deliverer
        .list()
        .some(
          ({ endpoint, messageId, state }) => endpoint === fast.id && messageId === later.id && state === 'delivered',
        )
    for (let round = 0; round < 500 && !isTold(); round += 1) {
      await davy.deliverer.tick(running)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    expect(isTold()).toBe(true)
    expect(calls.filter(({ endpoint }) => endpoint === slow.id)).toHaveLength(4)
    release()
    await davy.deliverer.idle()
  })

  test('a rollback goes before what waited longer', async () => {
    const { sink, calls } = scripted(() => delivered)
    const davy = await lab.start({ sink }, storage)
    await davy.endpoints.add('http://a.test', ['verdict.changed'], secret)
    for (let count = 0; count < 6; count += 1) await decide(davy)
    const rollback = await decide(davy, 'rollback')
    await tick(davy)
    // Four are under way at once.
    expect(calls.slice(0, 4).map(({ message }) => message.id)).toContain(rollback.id)
    expect(calls).toHaveLength(7)
  })

  test('two processes may both send, and end with every attempt on record', async () => {
    const { sink, calls } = scripted(async () => {
      await new Promise((resolve) => setTimeout(resolve, 20))
      return delivered
    })
    const davy = await lab.start({ sink }, storage)
    await davy.endpoints.add('http://a.test', ['verdict.changed'], secret)
    await decide(davy)
    const other = await startProcess(storage, () => lab.now + 1, { sink })
    await davy.deliverer.tick(running)
    await other.deliverer.tick(running)
    await Promise.all([davy.deliverer.idle(), other.deliverer.idle()])
    await davy.deliverer.refresh()
    const [delivery] = davy.deliverer.list()
    expect(delivery).toMatchObject({ state: 'delivered' })
    expect(delivery?.attempts).toHaveLength(calls.length)
  })
})

describe('by hand', () => {
  test('a replay sends a message once more, with its id, and tells what came of it', async () => {
    const { sink, calls } = scripted((_call, count) => (count < 3 ? delivered : refused))
    const davy = await lab.start({ sink }, storage)
    await davy.endpoints.add('http://a.test', ['verdict.changed'], secret)
    await decide(davy)
    await tick(davy)
    const [delivery] = davy.deliverer.list()
    await expect(davy.deliverer.replay(delivery!.id, running)).resolves.toMatchObject({ attempts: [{}, {}] })
    await expect(davy.deliverer.replay(delivery!.id, running)).resolves.toMatchObject({ state: 'delivered' })
    expect(new Set(calls.map(({ message }) => message.id)).size).toBe(1)
    await expect(davy.deliverer.replay('nothing', running)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('a test message goes out once and leaves no delivery', async () => {
    const { sink, calls } = scripted(() => refused)
    const davy = await lab.start({ sink }, storage)
    const { id } = await davy.endpoints.add('http://a.test', ['verdict.changed'], secret)
    await expect(davy.deliverer.test(id, running)).resolves.toEqual(refused)
    await tick(davy)
    expect(calls.map(({ message }) => message.type)).toEqual(['endpoint.test'])
    expect(davy.deliverer.list()).toEqual([])
  })
})

test('an attempt that our own stop cut off is no failure of the receiver', async () => {
  const stop = new AbortController()
  const { sink } = scripted(() => {
    stop.abort()
    return { outcome: 'retry', status: null, error: 'stopped before an answer came' }
  })
  const davy = await lab.start({ sink }, storage)
  await davy.endpoints.add('http://a.test', ['verdict.changed'], secret)
  await decide(davy)
  await davy.deliverer.tick(stop.signal)
  await davy.deliverer.idle()
  const next = scripted(() => delivered)
  const restarted = await lab.start({ sink: next.sink }, storage)
  await tick(restarted)
  expect(next.calls).toHaveLength(1)
  expect(restarted.deliverer.list()[0]?.attempts).toHaveLength(1)
})

describe('configured endpoints', () => {
  const configured = {
    name: 'pager',
    url: 'http://pager.test',
    events: ['verdict.decided'] as const,
    secrets: [secret],
  }

  test('keep their place over restarts and are told what came while Davy was down', async () => {
    const { sink, calls } = scripted(() => delivered)
    const davy = await lab.start({ sink, webhooks: [configured] }, storage)
    const verdict = await decide(davy)
    await tick(await lab.start({ sink, webhooks: [configured] }, storage))
    expect(calls.map(({ endpoint, message }) => [endpoint, message.id])).toEqual([['pager', verdict.id]])
    const moved = await lab.start({ sink, webhooks: [{ ...configured, url: 'http://other.test' }] }, storage)
    expect(moved.endpoints.get('pager').url).toBe('http://other.test')
  })

  test('that are configured no more are told nothing', async () => {
    const { sink, calls } = scripted(() => delivered)
    await decide(await lab.start({ sink, webhooks: [configured] }, storage))
    await tick(await lab.start({ sink }, storage))
    expect(calls).toEqual([])
  })
})
