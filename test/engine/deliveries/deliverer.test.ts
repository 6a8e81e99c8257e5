import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { AttemptResult, Message } from '../../../src/domain/sink.ts'
import type { Storage } from '../../../src/domain/storage.ts'
import type { Verdict } from '../../../src/domain/verdict.ts'
import { deliveryId } from '../../../src/engine/deliveries/attempt.ts'
import {
  complaints,
  given,
  type Lab,
  metrics,
  openLab,
  type Process,
  sinkThat,
  startProcess,
  webhookSecret,
} from '../lab.ts'
import { aVerdict } from '../samples.ts'
import { otherDavy } from '../storages.ts'

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
  const sink = sinkThat(async ({ endpoint, message, at }) => {
    const call = { endpoint: endpoint.id, message, at: at.getTime() }
    calls.push(call)
    return await answer(call, calls.length)
  })
  return { sink, calls }
}

const delivered: AttemptResult = { outcome: 'delivered', status: 204 }
const refused: AttemptResult = { outcome: 'retry', status: 503, error: 'the endpoint answered 503' }
const notFound: AttemptResult = { outcome: 'retry', status: 404, error: 'the endpoint answered 404' }

function next(davy: Process): string | null {
  return davy.deliverer.list()[0]?.nextAt ?? null
}

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
    const a = await davy.endpoints.add(given({ url: 'http://a.test' }))
    const b = await davy.endpoints.add(given({ url: 'http://b.test', events: ['verdict.decided'] }))
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
    await davy.endpoints.add(given({ url: 'http://late.test' }))
    const after = await decide(davy)
    await tick(davy)
    expect(calls.map(({ message }) => message.id)).toEqual([after.id])
  })

  test('is the same for the next process: what is delivered stays so, what waits goes on', async () => {
    const { sink, calls } = scripted((_call, count) => (count === 1 ? delivered : refused))
    const davy = await lab.start({ sink }, storage)
    await davy.endpoints.add(given({ url: 'http://a.test' }))
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

  test.each(['what an endpoint is', 'what happened to deployments', 'a later page'])(
    'loses nothing when the storage fails once while it reads %s',
    async (what) => {
      const { sink, calls } = scripted(() => delivered)
      let isBroken = false
      let pages = 0
      const failing: Storage = {
        ...storage,
        query: async (sql, params, signal) => {
          const kinds = JSON.stringify(params?.kinds ?? '')
          const isEndpoints = kinds.includes('"endpoint"')
          const isDeployments = kinds.includes('"adopt"')
          const isPage = kinds.includes('"attempt"') && ++pages === 2
          const isHit = what === 'a later page' ? isPage : what === 'what an endpoint is' ? isEndpoints : isDeployments
          if (isBroken && isHit) {
            isBroken = false
            throw new Error('the connection broke')
          }
          return storage.query(sql, params, signal)
        },
      }
      const davy = await lab.start({ sink }, failing)
      await davy.endpoints.add(given({ url: 'http://a.test', events: ['deployment.started'] }))
      const { deployment } = await davy.deployments.register({ service: `shop-${tests}`, canary: { version: '2' } })
      if (what === 'a later page') await decideOften(1_001)
      // Else nobody would read what happened to deployments: nothing did since this process read it.
      await davy.facts.putOnce('feedback', 'a write', deployment.id, {})
      isBroken = true
      await tick(davy).catch(() => undefined)
      expect(isBroken).toBe(false)
      lab.now += 1_000
      await tick(davy)
      expect(calls.map(({ message }) => message.subject)).toEqual([deployment.id])
    },
  )

  test('brings back no history when an endpoint is to be told more', async () => {
    const { sink, calls } = scripted(() => delivered)
    const davy = await lab.start({ sink }, storage)
    const { id } = await davy.endpoints.add(given({ url: 'http://a.test', events: ['verdict.decided'] }))
    await decide(davy, 'hold')
    const wanted = await decide(davy, 'promote')
    await davy.endpoints.change(id, () => ({ events: ['deployment.started', 'verdict.changed'], decisions: ['hold'] }))
    const since = await decide(davy, 'hold')
    await tick(davy)
    await tick(await lab.start({ sink }, storage))
    expect(calls.map(({ message }) => message.id)).toEqual([wanted.id, since.id])
  })

  test('puts what is a week old on record as dead, for another week, and a replay still goes out', async () => {
    const { sink, calls } = scripted(() => ({ ...refused, retryAfterSeconds: 30 * 86_400 }))
    const davy = await lab.start({ sink }, storage)
    await davy.endpoints.add(given({ url: 'http://a.test' }))
    const verdict = await decide(davy)
    const begun = lab.now
    await tick(davy)
    lab.now = begun + 8 * 86_400_000
    await tick(davy)
    expect(calls).toHaveLength(1)
    const [dead] = davy.deliverer.list()
    expect(dead).toMatchObject({ state: 'failed', nextAt: null, attempts: [{ status: 503 }, { outcome: 'failed' }] })
    expect(dead?.attempts[1]?.error).toContain('not delivered within a week')
    expect(complaints(davy).map(({ msg }) => msg)).toContain('a message was not delivered; no attempt is left')
    await davy.deliverer.replay(dead!.id, running)
    expect(calls.at(-1)?.message).toMatchObject({ id: verdict.id, data: { id: verdict.id } })
    // The replay's own failure is dead from the beginning: its first attempt is more than a day ago.
    lab.now = begun + 14 * 86_400_000
    await tick(davy)
    expect(davy.deliverer.list()).toMatchObject([{ state: 'failed' }])
    lab.now = begun + 16 * 86_400_000
    await tick(davy)
    expect(davy.deliverer.list()).toEqual([])
    lab.now = begun
  })

  test('finds a dead letter again after a restart, for the endpoint that it did not reach and for no other', async () => {
    const { sink, calls } = scripted(() => delivered)
    const day = 86_400_000
    const rows: object[] = []
    const put = (daysAgo: number, Kind: string, Key: string, body: object, Subject = '01D') => {
      const At = new Date(lab.now - daysAgo * day).toISOString().slice(0, -1).replace('T', ' ')
      rows.push({ Kind, Key, Subject, Writer: 'before', Body: JSON.stringify(body), At })
    }
    const made = (endpoint: string, messageId: string, daysAgo: number, more: object) => {
      const time = new Date(lab.now - messages[messageId]!.daysAgo * day).toISOString()
      const deliveryIdOf = deliveryId({ id: messageId, time }, endpoint)
      const at = new Date(lab.now - daysAgo * day).toISOString()
      const attempt = { deliveryId: deliveryIdOf, messageId, type: 'verdict.decided', endpoint, attempt: 1, at }
      const rest = { status: 404, error: 'no', note: null, receipt: null, nextAt: null, ...more }
      put(daysAgo, 'attempt', `${deliveryIdOf}/1`, { ...attempt, ...rest })
    }
    const messages: Record<string, { readonly daysAgo: number }> = {
      '01VOLD': { daysAgo: 8 },
      '01VNEW': { daysAgo: 2 },
    }
    for (const id of ['deaf', 'hears'])
      put(20, 'endpoint', id, { ...given({ url: `http://${id}.test` }), origin: 'api' }, id)
    for (const [id, { daysAgo }] of Object.entries(messages)) {
      const decidedAt = new Date(lab.now - daysAgo * day).toISOString()
      put(daysAgo, 'verdict', `01D/${id}`, { ...aVerdict(), id, deploymentId: '01D', decision: 'promote', decidedAt })
      made('hears', id, daysAgo, { outcome: 'delivered', status: 204, error: null })
    }
    made('deaf', '01VOLD', 7 - 0.1, { outcome: 'failed', of: { kind: 'verdict', key: '01D/01VOLD' } })
    made('deaf', '01VNEW', 0.1, { outcome: 'failed', of: { kind: 'verdict', key: '01D/01VNEW' } })
    await storage.insertRows('facts', rows, 'before')
    const davy = await lab.start({ sink }, storage)
    await tick(davy)
    expect(calls).toEqual([])
    const states = davy.deliverer.list().map(({ endpoint, messageId, state }) => [endpoint, messageId, state])
    expect(states.sort()).toEqual([
      ['deaf', '01VNEW', 'failed'],
      ['deaf', '01VOLD', 'failed'],
      ['hears', '01VNEW', 'delivered'],
    ])
    const dead = davy.deliverer.list().find(({ messageId }) => messageId === '01VOLD')
    await davy.deliverer.replay(dead!.id, running)
    expect(calls).toMatchObject([{ endpoint: 'deaf', message: { id: '01VOLD', data: { id: '01VOLD' } } }])
  })

  /** An endpoint and what was decided for it two weeks ago, when everything stopped: a promote each of `count` deployments. */
  async function stoppedTwoWeeksAgo(count: number): Promise<void> {
    const before = lab.now - 14 * 86_400_000
    const at = (ms: number) => new Date(ms).toISOString().slice(0, -1).replace('T', ' ')
    const endpoint = { Kind: 'endpoint', Key: 'e', Subject: 'e', Body: JSON.stringify({ ...given(), origin: 'api' }) }
    const verdicts = Array.from({ length: count }, (_, index) => {
      const ids = { id: `01VW${index}`, deploymentId: `01D${index}` }
      const body = { ...aVerdict(), ...ids, decidedAt: new Date(before).toISOString() }
      const row = { Kind: 'verdict', Key: `${ids.deploymentId}/1`, Subject: ids.deploymentId }
      return { ...row, Writer: 'before', Body: JSON.stringify(body), At: at(before) }
    })
    await storage.insertRows('facts', [{ ...endpoint, Writer: 'before', At: at(before - 1000) }, ...verdicts], 'before')
  }

  test('still has what waited when everything stopped two weeks ago', async () => {
    const { sink, calls } = scripted(() => delivered)
    await stoppedTwoWeeksAgo(1)
    const davy = await lab.start({ sink }, storage)
    await tick(davy)
    expect(calls).toEqual([])
    expect(davy.deliverer.list()).toMatchObject([{ messageId: '01VW0', state: 'failed', attempts: [{ status: null }] }])
    await davy.deliverer.replay(davy.deliverer.list()[0]!.id, running)
    expect(davy.deliverer.list()).toMatchObject([{ state: 'delivered' }])
  })

  test('loses none of it when a process ends while it puts that on record, and what is later has gone out', async () => {
    const { sink, calls } = scripted(() => delivered)
    await stoppedTwoWeeksAgo(52)
    const crashed = await lab.start({ sink }, storage)
    const later = await decide(crashed)
    await tick(crashed)
    expect(calls.map(({ message }) => message.id)).toEqual([later.id])
    const states = (davy: Process) => davy.deliverer.list().map(({ state }) => state)
    expect(states(crashed).filter((state) => state === 'failed')).toHaveLength(50)
    const davy = await lab.start({ sink }, storage)
    await tick(davy)
    expect(states(davy).sort()).toEqual(['delivered', ...Array(52).fill('failed')])
    await tick(davy)
    // The third has nothing to read but what is a week old, and finds the dead letters by their attempts.
    const third = await lab.start({ sink }, storage)
    await tick(third)
    expect(states(third).sort()).toEqual(['delivered', ...Array(52).fill('failed')])
    // Where the first one began, and that all is on record.
    expect(await third.facts.newestKeys('deliveries-settled', { limit: 9, offset: 0 })).toHaveLength(2)
    expect(calls).toHaveLength(1)
  })

  test('puts it on record once where two processes do so', async () => {
    const { sink } = scripted(() => delivered)
    await stoppedTwoWeeksAgo(3)
    const davy = await lab.start({ sink, isShared: true }, storage)
    const other = await startProcess(storage, () => lab.now + 1, { sink, isShared: true })
    await Promise.all([davy.deliverer.refresh(), other.deliverer.refresh()])
    await Promise.all([tick(davy), tick(other)])
    await davy.deliverer.refresh()
    expect(davy.deliverer.list().map(({ attempts }) => attempts.length)).toEqual([1, 1, 1])
    const told = [davy, other].flatMap((each) => complaints(each)).map(({ deliveryId: id }) => id)
    expect(told.sort()).toEqual(
      davy.deliverer
        .list()
        .map(({ id }) => id)
        .sort(),
    )
  })
})

/** So many changes of one deployment, in two batches since facts are read in pages by the time of their writing. */
async function decideOften(count: number): Promise<void> {
  const rows = Array.from({ length: count }, (_, index) => {
    const Body = JSON.stringify({ ...aVerdict(), id: `01P${index}`, deploymentId: '01P', look: index })
    return { Kind: 'verdict', Key: `01P/${index}`, Subject: '01P', Writer: 'test', Body }
  })
  await storage.insertRows('facts', rows.slice(0, 500), 'first')
  await storage.insertRows('facts', rows.slice(500), 'second')
}

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
    await davy.endpoints.add(given({ url: 'http://a.test' }))
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
    await davy.endpoints.add(given({ url: 'http://a.test' }))
    await decide(davy)
    for (let round = 0; round < 4; round += 1) {
      await tick(davy)
      lab.now += 1_000
    }
    expect(calls).toHaveLength(1)
    expect(davy.deliverer.list()).toEqual([expect.objectContaining({ state: 'delivered' })])
    expect(davy.deliverer.list()[0]?.attempts).toHaveLength(1)
    expect(complaints(davy)).toHaveLength(2)
  })
})

describe('retries', () => {
  const minute = 60_000
  test.each([
    { decision: 'rollback' as const, waits: [0.5, 1, 2, 4, 8, 16, 32] },
    { decision: 'promote' as const, waits: [2.5, 5, 10, 20, 40, 80, 160] },
  ])('of a $decision wait ever longer, a share of a ceiling that doubles', async ({ decision, waits }) => {
    const { sink, calls } = scripted(() => notFound)
    const davy = await lab.start({ sink }, storage)
    await davy.endpoints.add(given())
    await decide(davy, decision)
    await tick(davy)
    for (const [index, wait] of waits.entries()) {
      lab.now += wait * 1000 - 1
      await tick(davy)
      expect(calls).toHaveLength(index + 1)
      lab.now += 1
      await tick(davy)
      expect(calls).toHaveLength(index + 2)
    }
    expect(new Set(calls.map(({ message }) => message.id)).size).toBe(1)
  })

  test('end after 24 hours, with an attempt when they are over; a replay still goes out', async () => {
    const { sink, calls } = scripted(() => notFound)
    const davy = await lab.start({ sink, random: () => 0.999 }, storage)
    await davy.endpoints.add(given())
    await decide(davy)
    await tick(davy)
    const first = lab.now
    for (let nextAt = next(davy); nextAt !== null; nextAt = next(davy)) {
      lab.now = Date.parse(nextAt)
      await tick(davy)
    }
    expect(lab.now - first).toBe(24 * 60 * minute)
    const [delivery] = davy.deliverer.list()
    expect(delivery).toMatchObject({ state: 'failed', nextAt: null })
    expect(delivery?.attempts.map(({ attempt }) => attempt)).toEqual(calls.map((_, index) => index + 1))
    const made = calls.length
    lab.now += 24 * 60 * minute
    await tick(davy)
    expect(calls).toHaveLength(made)
    await davy.deliverer.replay(delivery!.id, running)
    expect(calls).toHaveLength(made + 1)
    lab.now = first
  })

  test('wait as long as the receiver asks', async () => {
    const { sink, calls } = scripted((_call, count) =>
      count === 1 ? { ...refused, retryAfterSeconds: 90 } : delivered,
    )
    const davy = await lab.start({ sink }, storage)
    await davy.endpoints.add(given({ url: 'http://a.test' }))
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
    const gone = await davy.endpoints.add(given({ url: 'http://a.test' }))
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
    const slow = await davy.endpoints.add(given({ url: 'http://slow.test' }))
    const fast = await davy.endpoints.add(given({ url: 'http://fast.test' }))
    for (let count = 0; count < 6; count += 1) await decide(davy, 'promote', `01D${count}`)
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
    await davy.endpoints.add(given({ url: 'http://a.test' }))
    for (let count = 0; count < 6; count += 1) await decide(davy, 'promote', `01D${count}`)
    const rollback = await decide(davy, 'rollback', '01DX')
    await tick(davy)
    // Four are under way at once.
    expect(calls.slice(0, 4).map(({ message }) => message.id)).toContain(rollback.id)
    expect(calls).toHaveLength(7)
  })

  test('of two processes on one storage only one sends, and the other learns of it', async () => {
    const { sink, calls } = scripted(async () => {
      await new Promise((resolve) => setTimeout(resolve, 20))
      return delivered
    })
    const davy = await lab.start({ sink, isShared: true }, storage)
    await davy.endpoints.add(given())
    for (let count = 0; count < 8; count += 1) await decide(davy, 'promote', `01D${count}`)
    const other = await startProcess(storage, () => lab.now + 1, { sink, isShared: true })
    await Promise.all([davy.deliverer.tick(running), other.deliverer.tick(running)])
    await Promise.all([davy.deliverer.idle(), other.deliverer.idle()])
    expect(new Set(calls.map(({ message }) => message.id)).size).toBe(8)
    expect(calls).toHaveLength(8)
    for (const { deliverer } of [davy, other]) {
      await deliverer.refresh()
      expect(deliverer.list().map(({ state, attempts }) => [state, attempts.length])).toEqual(
        Array.from({ length: 8 }, () => ['delivered', 1]),
      )
    }
  })

  test('what a process claimed and never did is done by another once the claim has run out', async () => {
    const dying = new AbortController()
    const { sink, calls } = scripted((_call, count) => {
      if (count === 1) dying.abort()
      return count === 1 ? { outcome: 'retry', status: null, error: 'stopped before an answer came' } : delivered
    })
    const davy = await lab.start({ sink, isShared: true }, storage)
    await davy.endpoints.add(given())
    await decide(davy)
    await davy.deliverer.tick(dying.signal)
    await davy.deliverer.idle()
    const other = await lab.start({ sink, isShared: true }, storage)
    await tick(other)
    expect(calls).toHaveLength(1)
    lab.now += 91_000
    await tick(other)
    expect(calls).toHaveLength(2)
    expect(other.deliverer.list()).toMatchObject([{ state: 'delivered', attempts: [{ attempt: 1 }] }])
  })
})

describe('the messages of one deployment', () => {
  test('go in their order: a later one waits until the earlier is delivered', async () => {
    const { sink, calls } = scripted((_call, count) => (count <= 2 ? notFound : delivered))
    const davy = await lab.start({ sink }, storage)
    await davy.endpoints.add(given())
    const [first, second] = [await decide(davy, 'hold'), await decide(davy, 'promote')]
    const other = await decide(davy, 'hold', '01OTHER')
    const sent = () => calls.map(({ message }) => message.id)
    await tick(davy)
    expect(sent().sort()).toEqual([first.id, other.id].sort())
    for (let round = 0; round < 4; round += 1) {
      lab.now += 10_000
      await tick(davy)
    }
    const own = calls.flatMap(({ message }) => (message.subject === '01D' ? [message.id] : []))
    expect(own.at(-1)).toBe(second.id)
    expect(own.slice(0, -1).every((id) => id === first.id)).toBe(true)
  })

  test('wait for what is dead no longer', async () => {
    const { sink, calls } = scripted((_call, count) =>
      count === 1 ? { outcome: 'failed', status: null, error: 'it cannot be sent' } : delivered,
    )
    const davy = await lab.start({ sink }, storage)
    await davy.endpoints.add(given())
    const dead = await decide(davy, 'hold')
    lab.now += 1
    const next = await decide(davy, 'promote')
    await tick(davy)
    expect(calls.map(({ message }) => message.id)).toEqual([dead.id, next.id])
    expect(davy.deliverer.list().map(({ state }) => state)).toEqual(['delivered', 'failed'])
  })

  test('are overtaken by a rollback, and then know that they are', async () => {
    const overtaken: [string, boolean][] = []
    const sink = sinkThat(({ message, isOvertaken }) => {
      overtaken.push([message.id, isOvertaken])
      return overtaken.length === 1 ? notFound : delivered
    })
    const davy = await lab.start({ sink }, storage)
    await davy.endpoints.add(given())
    const hold = await decide(davy, 'hold')
    await tick(davy)
    const rollback = await decide(davy, 'rollback')
    await tick(davy)
    expect(overtaken).toEqual([
      [hold.id, false],
      [rollback.id, false],
    ])
    lab.now += 10_000
    await tick(davy)
    expect(overtaken.at(-1)).toEqual([hold.id, true])
  })

  test('find what the ones before them left behind, over a restart too, and nobody else does', async () => {
    const receipts: [string, readonly object[]][] = []
    const sink = sinkThat(({ message, receipts: left, endpoint: { id } }) => {
      receipts.push([`${id === a.id ? 'a' : 'b'} ${message.id}`, left])
      return { outcome: 'delivered', status: 200, receipt: { thread: `${message.id}-${id === a.id ? 'a' : 'b'}` } }
    })
    const davy = await lab.start({ sink }, storage)
    const a = await davy.endpoints.add(given())
    await davy.endpoints.add(given({ services: ['nobody'] }))
    const first = await decide(davy)
    await tick(davy)
    const restarted = await lab.start({ sink }, storage)
    const [second, other] = [await decide(davy), await decide(davy, 'promote', '01OTHER')]
    await tick(restarted)
    expect(Object.fromEntries(receipts)).toEqual({
      [`a ${first.id}`]: [],
      [`a ${second.id}`]: [{ thread: `${first.id}-a` }],
      [`a ${other.id}`]: [],
    })
  })
})

test('what a format has nothing to say about is done, and no attempt that counts', async () => {
  const { sink, calls } = scripted(() => ({ outcome: 'skipped', note: 'a hold pages nobody' }))
  const davy = await lab.start({ sink }, storage)
  const { id } = await davy.endpoints.add(given())
  await decide(davy, 'hold')
  await tick(davy)
  await tick(davy)
  expect(calls).toHaveLength(1)
  expect(davy.deliverer.list()).toMatchObject([
    { state: 'skipped', attempts: [{ outcome: 'skipped', note: 'a hold pages nobody', status: null }] },
  ])
  const counted = (await metrics.render(undefined)).body.split('\n').filter((line) => line.includes(`endpoint="${id}"`))
  expect(counted.filter((line) => /^davy_webhook_deliveries_total.* [1-9]/.test(line))).toEqual([])
})

test('what a format throws is told, and the message is tried again', async () => {
  const { sink, calls } = scripted((_call, count) => {
    if (count === 1) throw new TypeError('a fault of ours')
    return delivered
  })
  const davy = await lab.start({ sink }, storage)
  await davy.endpoints.add(given())
  await decide(davy)
  await tick(davy)
  expect(complaints(davy).map(({ msg }) => msg)).toContain('a format failed')
  lab.now += 10_000
  await tick(davy)
  expect(calls).toHaveLength(2)
  expect(davy.deliverer.list()[0]?.state).toBe('delivered')
})

test('the start and the end of a deployment are told to who wants them, as they were', async () => {
  const { sink, calls } = scripted(() => delivered)
  const davy = await lab.start({ sink }, storage)
  await davy.endpoints.add(given({ events: ['deployment.started', 'deployment.finished'] }))
  const { deployment } = await davy.deployments.register({ service: 'checkout', canary: { version: '2' } })
  await tick(davy)
  await davy.deployments.close(deployment.id, 'promoted', 'somebody')
  await tick(davy)
  expect(calls.map(({ message }) => [message.type, message.data])).toMatchObject([
    ['deployment.started', { id: deployment.id, service: 'checkout', status: 'open', outcome: null }],
    ['deployment.finished', { id: deployment.id, status: 'closed', outcome: 'promoted', reportUrl: expect.anything() }],
  ])
})

test('what an endpoint that is down was never sent in a day is dead, on record, and can be replayed', async () => {
  const nothing: AttemptResult = { outcome: 'retry', status: null, error: 'the connection failed: ECONNREFUSED' }
  const { sink, calls } = scripted(() => nothing)
  const davy = await lab.start({ sink }, storage)
  await davy.endpoints.add(given())
  for (let count = 0; count < 12; count += 1) await decide(davy, 'promote', `01D${count}`)
  for (let round = 0; round < 3; round += 1) await tick(davy)
  const before = calls.length
  expect(before).toBeLessThan(12)
  lab.now += 25 * 3_600_000
  for (let round = 0; round < 3; round += 1) await tick(davy)
  const buried = davy.deliverer.list().filter(({ attempts }) => attempts[0]?.error?.startsWith('never attempted'))
  expect(buried.length).toBeGreaterThan(0)
  expect(buried.every(({ state, nextAt }) => state === 'failed' && nextAt === null)).toBe(true)
  await davy.deliverer.replay(buried[0]!.id, running)
  expect(calls.at(-1)?.message.id).toBe(buried[0]!.messageId)
  lab.now -= 25 * 3_600_000
})

test('an endpoint that is switched off gets nothing of what came meanwhile once it is on again', async () => {
  const { sink, calls } = scripted(() => delivered)
  const davy = await lab.start({ sink }, storage)
  const { id } = await davy.endpoints.add(given())
  await davy.endpoints.setEnabled(id, false)
  const meanwhile = await decide(davy)
  await tick(davy)
  await davy.endpoints.setEnabled(id, true)
  const after = await decide(davy)
  await tick(davy)
  expect(calls.map(({ message }) => message.id)).toEqual([after.id])
  const dead = davy.deliverer.list().find(({ messageId }) => messageId === meanwhile.id)
  expect(dead).toMatchObject({ state: 'failed' })
  await davy.deliverer.replay(dead!.id, running)
  expect(calls.at(-1)?.message.id).toBe(meanwhile.id)
})

test('an event starts what is due without waiting for a tick', async () => {
  const { sink, calls } = scripted(() => delivered)
  const davy = await lab.start({ sink }, storage)
  await davy.endpoints.add(given())
  const end = davy.deliverer.follow(running)
  const verdict = await decide(davy)
  davy.bus.publish({ type: 'verdict', data: verdict })
  await expect.poll(() => calls.length, { timeout: 20_000 }).toBe(1)
  end()
  await decide(davy)
  davy.bus.publish({ type: 'verdict', data: verdict })
  await davy.deliverer.idle()
  expect(calls).toHaveLength(1)
})

describe('by hand', () => {
  test('a replay sends a message once more, with its id, and tells what came of it', async () => {
    const { sink, calls } = scripted((_call, count) => (count < 3 ? delivered : refused))
    const davy = await lab.start({ sink }, storage)
    await davy.endpoints.add(given({ url: 'http://a.test' }))
    await decide(davy)
    await tick(davy)
    const [delivery] = davy.deliverer.list()
    await expect(davy.deliverer.replay(delivery!.id, running)).resolves.toMatchObject({ attempts: [{}, {}] })
    await expect(davy.deliverer.replay(delivery!.id, running)).resolves.toMatchObject({ state: 'delivered' })
    expect(new Set(calls.map(({ message }) => message.id)).size).toBe(1)
    await expect(davy.deliverer.replay('nothing', running)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('nothing goes to an endpoint that was removed', async () => {
    const { sink, calls } = scripted(() => delivered)
    const davy = await lab.start({ sink }, storage)
    const { id } = await davy.endpoints.add(given({ url: 'http://a.test' }))
    await decide(davy)
    await tick(davy)
    await davy.endpoints.remove(id)
    const [delivery] = davy.deliverer.list()
    await expect(davy.deliverer.replay(delivery!.id, running)).rejects.toMatchObject({ code: 'CONFLICT' })
    await expect(davy.deliverer.test(id, running)).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(calls).toHaveLength(1)
  })

  test('a test message goes out once and leaves no delivery', async () => {
    const { sink, calls } = scripted(() => refused)
    const davy = await lab.start({ sink }, storage)
    const { id } = await davy.endpoints.add(given({ url: 'http://a.test' }))
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
  await davy.endpoints.add(given({ url: 'http://a.test' }))
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
    ...given({ url: 'http://pager.test', events: ['verdict.decided'] }),
    secrets: [webhookSecret],
    where: 'davy.yaml:3:5',
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

  test('bring back no history when they are to be told more, or are configured again', async () => {
    const { sink, calls } = scripted(() => delivered)
    const narrow = { ...configured, services: ['another'] }
    await decide(await lab.start({ sink, webhooks: [narrow] }, storage))
    const davy = await lab.start({ sink, webhooks: [configured] }, storage)
    await tick(davy)
    expect(calls).toEqual([])
    await decide(await lab.start({ sink }, storage))
    await tick(await lab.start({ sink, webhooks: [configured] }, storage))
    expect(calls).toEqual([])
    const since = await decide(davy)
    await tick(await lab.start({ sink, webhooks: [configured] }, storage))
    expect(calls.map(({ message }) => message.id)).toEqual([since.id])
  })

  test('that are configured no more are told nothing', async () => {
    const { sink, calls } = scripted(() => delivered)
    await decide(await lab.start({ sink, webhooks: [configured] }, storage))
    await tick(await lab.start({ sink }, storage))
    expect(calls).toEqual([])
  })
})

test('the end of a rollback is told to who waits for the traffic once it was said to be done, and is no backlog', async () => {
  const { sink, calls } = scripted(() => delivered)
  const requires = { ...sink.requires, waitsForTraffic: () => true }
  const standing = async () => ({ is: 'rollback' as const, verdict: aVerdict() })
  const davy = await lab.start({ sink: { ...sink, requires }, standing }, storage)
  await davy.endpoints.add(given({ url: 'http://pager.test', events: ['deployment.finished'] }))
  const { deployment } = await davy.deployments.register({ service: 'paged', canary: { version: '2' } })
  await davy.deployments.closeOnce(deployment.id, 'rolled-back', 'davy')
  await tick(davy)
  lab.now += 120_000
  await tick(davy)
  expect(calls).toEqual([])
  expect(davy.deliverer.list()).toMatchObject([{ type: 'deployment.finished', state: 'pending' }])
  expect((await metrics.render(undefined)).body).toMatch(/^davy_webhook_pending 0$/m)
  await expect(davy.deployments.close(deployment.id, 'promoted', 'argo-rollouts')).rejects.toMatchObject({
    code: 'CONFLICT',
  })
  lab.now += 10_000
  await tick(davy)
  expect(calls).toEqual([])
  await davy.deployments.close(deployment.id, 'rolled-back', 'argo-rollouts')
  lab.now += 10_000
  await tick(davy)
  expect(calls.map(({ message }) => message.data)).toMatchObject([{ id: deployment.id, outcome: 'rolled-back' }])
  lab.now -= 140_000
})

describe('a rollback that changes what outlasts the deployment', () => {
  const flags = (answer: Parameters<typeof scripted>[0]) => {
    const { sink, calls } = scripted(answer)
    return { sink: { ...sink, requires: { ...sink.requires, isLasting: true as const } }, calls }
  }

  /** A deployment of a flag that is to be rolled back. */
  async function killed(davy: Process, service: string) {
    const { deployment } = await davy.deployments.register({
      ...{ service, strategy: 'feature-flag', canary: { version: '2' }, baseline: { version: '1' } },
    })
    await decide(davy, 'rollback', deployment.id)
    return deployment
  }

  test('is not sent while the gate waits, as it does with the kill switch on', async () => {
    const { sink, calls } = flags(() => delivered)
    let is: 'wait' | 'rollback' = 'wait'
    const standing = async () => ({ is, verdict: aVerdict() })
    const davy = await lab.start({ sink, standing }, storage)
    await davy.endpoints.add(given({ url: 'http://flags.test' }))
    await killed(davy, 'held')
    await tick(davy)
    expect(calls).toEqual([])
    const [delivery] = davy.deliverer.list()
    await expect(davy.deliverer.replay(delivery!.id, running)).rejects.toMatchObject({ code: 'CONFLICT' })
    is = 'rollback'
    lab.now += 1_000
    await tick(davy)
    expect(calls).toHaveLength(1)
  })

  test('does not touch what a newer deployment began', async () => {
    const { sink, calls } = flags((_call, count) => (count === 1 ? refused : delivered))
    const standing = async () => ({ is: 'rollback' as const, verdict: aVerdict() })
    const davy = await lab.start({ sink, standing }, storage)
    await davy.endpoints.add(given({ url: 'http://flags.test' }))
    await killed(davy, 'again')
    await tick(davy)
    lab.now += 60_000
    await davy.deployments.register({ service: 'again', strategy: 'feature-flag', canary: { version: '3' } })
    await tick(davy)
    expect(calls).toHaveLength(1)
    expect(davy.deliverer.list()).toMatchObject([
      { state: 'skipped', attempts: [{}, { note: expect.stringContaining('newer deployment') }] },
    ])
  })
})
