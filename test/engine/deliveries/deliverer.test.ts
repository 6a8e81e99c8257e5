import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { AttemptResult, Message } from '../../../src/domain/sink.ts'
import type { Storage } from '../../../src/domain/storage.ts'
import type { Verdict } from '../../../src/domain/verdict.ts'
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

  test('gives up what is a week old', async () => {
    const { sink, calls } = scripted(() => refused)
    const davy = await lab.start({ sink }, storage)
    await davy.endpoints.add(given({ url: 'http://a.test' }))
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
  await davy.endpoints.setDisabled(id, 'switched off')
  const meanwhile = await decide(davy)
  await tick(davy)
  await davy.endpoints.setDisabled(id, null)
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
