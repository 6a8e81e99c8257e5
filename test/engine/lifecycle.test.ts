import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Storage } from '../../src/domain/storage.ts'
import { expireForgotten, Polls } from '../../src/engine/expiry.ts'
import { NewestVerdicts } from '../../src/engine/newest-verdicts.ts'
import { bad, complaints, type Lab, openLab, type Process, quick, sequenceOf, traffic, verdictFacts } from './lab.ts'
import { otherDavy } from './storages.ts'

const minute = 60_000
const hour = 60 * minute
let lab: Lab
let davy: Process
/** Each test has facts and looks of its own, so that none judges what another one left open. */
let storage: Storage
let tests = 0

beforeAll(async () => {
  lab = await openLab()
})
afterAll(() => lab.close())
beforeEach(async () => {
  lab.now += 10 * minute
  storage = await otherDavy(lab.storage, `test${++tests}`)
  davy = await lab.start({}, storage)
})

const registration = (service: string, version: string, more: object = {}) => ({
  ...{ service, canary: { version }, baseline: { version: '1' }, template: 'quick' },
  ...more,
})
const open = async (service: string, version = '2', more: object = {}) =>
  (await davy.deployments.register(registration(service, version, more))).deployment
const stateOf = (id: string) => davy.deployments.get(id)

describe('the key', () => {
  test('finds the open deployment again, and only within its unit, strategy, canary and baseline', async () => {
    const first = await open('key')
    const again = await davy.deployments.register(registration('key', '2'))
    expect([again.created, again.deployment.id]).toEqual([false, first.id])
    const unnamed = await davy.deployments.register({ service: 'key', canary: { version: '2' } })
    expect(unnamed.deployment.id).toBe(first.id)
    const elsewhere = await davy.deployments.register(registration('key', '2', { environment: 'staging' }))
    expect(elsewhere.created).toBe(true)
    expect(stateOf(first.id).status).toBe('open')
  })

  test('opens one deployment, however many ask at once, in one process and in two', async () => {
    const other = await lab.start({}, storage)
    const answers = await Promise.all(
      [davy, davy, other, other].map(({ deployments }) => deployments.register(registration('race', '2'))),
    )
    expect(new Set(answers.map(({ deployment }) => deployment.id)).size).toBe(1)
    expect(answers.filter(({ created }) => created)).toHaveLength(1)
  })

  test('by idempotency key stands for the body that came with it, also after it was closed', async () => {
    const { deployment } = await davy.deployments.register(registration('idem', '2'), 'k1')
    await davy.deployments.close(deployment.id, 'aborted', 'test')
    const again = await davy.deployments.register(registration('idem', '2'), 'k1')
    expect(again).toMatchObject({ created: false, deployment: { id: deployment.id, outcome: 'aborted' } })
    await expect(davy.deployments.register(registration('idem', '3'), 'k1')).rejects.toMatchObject({ code: 'CONFLICT' })
  })
})

describe('attempts', () => {
  test('of the same pair count up after each end, with a smaller budget', async () => {
    const alphas: number[] = []
    for (const attempt of [1, 2, 3]) {
      const deployment = await open('attempts')
      expect(deployment.attempt).toBe(attempt)
      lab.now += 2 * minute
      await davy.conveyor.tick()
      alphas.push((await davy.looks.newest([deployment.id])).get(deployment.id)!.confidence.falseRollbackRate)
      await davy.deployments.close(deployment.id, 'aborted', 'test')
    }
    const share = 6 / Math.PI ** 2
    expect(alphas).toEqual([0.01, expect.closeTo(0.01 * share, 9), expect.closeTo((0.01 * share) / 4, 9)])
    expect((await open('attempts', '3')).attempt).toBe(1)
  })

  test('an old rollback does not abort a new attempt, and its version is no baseline by itself', async () => {
    const start = lab.now
    await lab.insert(traffic({ service: 'again', version: '1', rps: 20 }, start - 10 * minute, start + 3 * minute, 1))
    await lab.insert(traffic({ service: 'again', version: '2', rps: 60, failing: bad }, start, start + 3 * minute, 2))
    const first = await open('again')
    lab.now += 3 * minute
    await davy.conveyor.tick()
    expect(stateOf(first.id).outcome).toBe('rolled-back')
    // Version 2 has most requests of the hour, and is still not what version 3 is compared with.
    const { deployment } = await davy.deployments.register({ service: 'again', canary: { version: '3' } })
    expect(deployment).toMatchObject({ baseline: { version: '1' }, baselineFrom: 'traffic' })
    const second = await open('again')
    expect(second).toMatchObject({ attempt: 2, status: 'open' })
    await davy.conveyor.tick()
    expect((await sequenceOf(davy, second.id)).map(({ decision }) => decision)).toEqual(['hold'])
  })
})

describe('supersession', () => {
  test('closes the older of the unit and strategy, whose last word says by whom', async () => {
    const older = await open('super')
    const shadow = await open('super', '2', { strategy: 'shadow' })
    const newer = await open('super', '3')
    expect(stateOf(older.id)).toMatchObject({ status: 'closed', outcome: 'superseded', supersededBy: newer.id })
    expect([stateOf(newer.id).status, stateOf(shadow.id).status]).toEqual(['open', 'open'])
    await davy.conveyor.tick()
    const last = (await davy.looks.newest([older.id])).get(older.id)!
    expect(last).toMatchObject({ decision: 'hold', final: true, reason: { code: 'SUPERSEDED' } })
    expect(last.reason.detail).toContain(newer.id)
    expect((await verdictFacts(davy, older.id)).at(-1)).toEqual(last)
  })

  test('leaves exactly one of those that are registered at once', async () => {
    const other = await lab.start({}, storage)
    const versions = ['2', '3', '4', '5']
    await Promise.all(
      versions.map((version, index) =>
        (index % 2 === 0 ? davy : other).deployments.register(registration('storm', version)),
      ),
    )
    await davy.deployments.refresh()
    await davy.deployments.supersedeOlder()
    const open = davy.deployments.open().filter(({ service }) => service === 'storm')
    expect(open).toHaveLength(1)
    const closed = davy.deployments.closed(({ service }) => service === 'storm', 10)
    expect(closed.map(({ outcome }) => outcome)).toEqual(['superseded', 'superseded', 'superseded'])
  })

  test('is completed by the next round when the opening was cut off before it', async () => {
    const older = await open('cut')
    let closings = 0
    const cut = await lab.start(
      {},
      failingOnce(storage, (rows) => rows.includes('"Kind":"close"') && ++closings === 1),
    )
    await expect(cut.deployments.register(registration('cut', '3'))).rejects.toThrow('cut off')
    await davy.deployments.refresh()
    expect(davy.deployments.open().filter(({ service }) => service === 'cut')).toHaveLength(2)
    await davy.conveyor.tick()
    expect(stateOf(older.id).outcome).toBe('superseded')
  })
})

describe('finishing', () => {
  test('keeps the last word, final, and takes the same outcome again but no other', async () => {
    const deployment = await open('finish')
    await davy.deployments.close(deployment.id, 'promoted', 'ann')
    await expect(davy.deployments.close(deployment.id, 'promoted', 'bob')).resolves.toMatchObject({
      outcome: 'promoted',
    })
    await expect(davy.deployments.close(deployment.id, 'aborted', 'bob')).rejects.toMatchObject({ code: 'CONFLICT' })
    const step = { at: new Date(lab.now).toISOString(), weight: 10, step: null }
    await expect(davy.deployments.progress(deployment.id, step)).rejects.toMatchObject({ code: 'CONFLICT' })
    await davy.conveyor.tick()
    await davy.conveyor.tick()
    const sequence = await davy.looks.verdicts(deployment.id)
    expect(sequence.map(({ look, final, decision }) => [look, final, decision])).toEqual([
      [0, false, 'hold'],
      [1, true, 'hold'],
    ])
    expect(davy.events.filter(({ type, data }) => type === 'deployment' && data.id === deployment.id)).toHaveLength(1)
  })

  test('whoever closed first has won, also against a rollback', async () => {
    const start = lab.now
    await lab.insert(traffic({ service: 'tight', version: '1' }, start, start + 3 * minute, 3))
    await lab.insert(traffic({ service: 'tight', version: '2', failing: bad }, start, start + 3 * minute, 4))
    const deployment = await open('tight')
    const other = await lab.start({}, storage)
    // The other process closes between this one's decision and its own closing.
    const racing = await lab.start(
      {},
      {
        ...storage,
        insertRows: async (table, rows, token) => {
          await storage.insertRows(table, rows, token)
          if (table === 'looks' && JSON.stringify(rows).includes('HARM_SHOWN')) {
            await other.deployments.close(deployment.id, 'promoted', 'ann')
          }
        },
      },
    )
    lab.now += 3 * minute
    await racing.conveyor.tick()
    await racing.conveyor.tick()
    expect(racing.deployments.get(deployment.id).outcome).toBe('promoted')
    expect((await verdictFacts(davy, deployment.id)).at(-1)).toMatchObject({ decision: 'rollback', final: true })
    expect(complaints(racing).map(({ msg }) => msg)).toEqual([
      'a rollback was decided while the deployment was being closed otherwise',
    ])
  })
})

describe('a round that is cut off between looks and what follows', () => {
  test.each([
    { name: 'its fact', cutAt: '"Kind":"verdict"' },
    { name: 'its closing', cutAt: '"Kind":"close"' },
  ])('is completed by the next process: a rollback that lacks $name', async ({ name, cutAt }) => {
    const service = `cut-${cutAt.slice(8, -1)}`
    const start = lab.now
    await lab.insert(traffic({ service, version: '1' }, start, start + 3 * minute, 5))
    await lab.insert(traffic({ service, version: '2', failing: bad }, start, start + 3 * minute, 6))
    const deployment = await open(service)
    const cut = await lab.start(
      {},
      failingOnce(storage, (rows) => rows.includes(cutAt) && (name === 'its closing' || rows.includes('HARM_SHOWN'))),
    )
    lab.now += 3 * minute
    await cut.conveyor.tick()
    expect(stateOf(deployment.id).status).toBe('open')
    const looks = await davy.looks.list(deployment.id)
    expect(looks.at(-1)?.verdict.decision).toBe('rollback')
    expect(complaints(cut)).toHaveLength(1)

    // Meanwhile a newer deployment replaces it: the rollback must not be lost.
    await open(service, '3')
    await davy.conveyor.tick()
    await davy.conveyor.tick()
    const facts = await verdictFacts(davy, deployment.id)
    expect(facts.filter(({ decision }) => decision === 'rollback')).toEqual([looks.at(-1)?.verdict])
    expect(await davy.looks.list(deployment.id)).toHaveLength(looks.length)
  })
})

describe('a person', () => {
  const say = (decision: 'promote' | 'hold' | 'rollback') => ({
    at: new Date(lab.now).toISOString(),
    ...{ decision, reason: 'The dashboard is green.', by: 'ann' },
  })

  test('is heard at once, each word once, until harm is shown', async () => {
    const start = lab.now
    await lab.insert(traffic({ service: 'person', version: '1' }, start, start + 6 * minute, 7))
    await lab.insert(traffic({ service: 'person', version: '2' }, start, start + minute, 8))
    await lab.insert(traffic({ service: 'person', version: '2', failing: bad }, start + minute, start + 6 * minute, 9))
    const deployment = await open('person')
    lab.now += minute
    await davy.conveyor.tick()
    await davy.deployments.override(deployment.id, say('promote'))
    await davy.conveyor.tick()
    await davy.conveyor.tick()
    const looks = await davy.looks.list(deployment.id)
    expect(looks.at(-1)?.evidence.slice).toBeNull()
    expect(looks.at(-1)?.verdict).toMatchObject({ decision: 'promote', reason: { code: 'OVERRIDDEN' }, final: false })
    lab.now += 5 * minute
    await davy.conveyor.tick()
    expect(stateOf(deployment.id).outcome).toBe('rolled-back')
    const codes = (await verdictFacts(davy, deployment.id)).map(({ reason }) => reason.code)
    expect(codes).toEqual(['UNDERPOWERED', 'OVERRIDDEN', 'HARM_SHOWN'])
  })

  test('can roll back', async () => {
    const deployment = await open('by-hand')
    await davy.deployments.override(deployment.id, say('rollback'))
    await davy.conveyor.tick()
    expect(stateOf(deployment.id)).toMatchObject({ status: 'closed', outcome: 'rolled-back' })
    expect((await verdictFacts(davy, deployment.id)).at(-1)?.reason.code).toBe('OVERRIDDEN')
  })
})

describe('expiry', () => {
  test('closes what nobody asks for, tells about or feeds, and nothing else', async () => {
    const start = lab.now
    await lab.insert(traffic({ service: 'fed', version: '2', rps: 1 }, start, start + 10 * minute, 10))
    const [forgotten, fed, polled, told] = await Promise.all(
      ['forgotten', 'fed', 'polled', 'told'].map((service) => open(service)),
    )
    const polls = new Polls(start)
    lab.now = start + 10 * minute
    await davy.conveyor.tick()
    lab.now = start + 11 * minute
    polls.note(polled!.id, lab.now - minute)
    await davy.deployments.progress(told!.id, { at: new Date(lab.now).toISOString(), weight: 5, step: null })
    await expireForgotten(davy.deployments, davy.conveyor, polls, 5 * minute, lab.now)
    const states = [forgotten, fed, polled, told].map((deployment) => stateOf(deployment!.id).outcome)
    expect(states).toEqual(['expired', null, null, null])
    await davy.conveyor.tick()
    const last = (await davy.looks.newest([forgotten!.id])).get(forgotten!.id)
    expect(last).toMatchObject({ decision: 'hold', final: true, reason: { code: 'EXPIRED' } })
  })
})

describe('adoption', () => {
  test('by a template with other looks neither leaves out nor repeats a second', async () => {
    const slow = { ...quick, name: 'slow', lookSeconds: 60, blockSeconds: 60 }
    await davy.templates.put(slow)
    const start = lab.now
    await lab.insert(traffic({ service: 'adopted', version: '1', rps: 10 }, start - hour / 6, start + 6 * minute, 11))
    await lab.insert(traffic({ service: 'adopted', version: '2', rps: 10 }, start, start + 6 * minute, 12))
    const unit = { namespace: '', service: 'adopted', environment: 'default' }
    const detected = await davy.deployments.openDetected(unit, '2', new Date(start).toISOString(), () => true)
    expect(detected?.deployment).toMatchObject({ mode: 'observe', origin: 'detected' })
    const { id } = detected!.deployment
    lab.now += 110_000
    await davy.conveyor.tick()
    const adopted = await davy.deployments.register({ service: 'adopted', canary: { version: '2' }, template: 'slow' })
    expect(adopted).toMatchObject({ created: false, deployment: { id, mode: 'enforce', template: { name: 'slow' } } })
    lab.now = start + 6 * minute
    await davy.conveyor.tick()
    const slices = (await davy.looks.list(id)).flatMap(({ evidence }) =>
      evidence.slice === null ? [] : [evidence.slice],
    )
    expect(slices[0]?.from).toBe(start)
    for (const [index, slice] of slices.entries()) if (index > 0) expect(slice.from).toBe(slices[index - 1]?.to)
    expect(slices.at(-1)?.to).toBe(start + 5 * minute)
    expect(new Set(slices.map(({ from, to }) => (to - from) / 1000))).toEqual(new Set([10, 30, 60]))
    const verdicts = await verdictFacts(davy, id)
    expect(verdicts.findIndex(({ mode }) => mode === 'enforce')).toBeGreaterThan(0)
  })
})

test('a deployment whose telemetry cannot be read keeps no other from being judged, and is tried less often', async () => {
  let asked = 0
  const poisoned: Storage = {
    ...storage,
    query: (sql, params, signal) => {
      const isPoison = JSON.stringify(params?.services ?? '').includes('poison')
      if (isPoison) asked += 1
      return isPoison ? Promise.reject(new Error('too much memory')) : storage.query(sql, params, signal)
    },
  }
  const [poison, sound] = [await open('poison'), await open('sound')]
  davy = await lab.start({}, poisoned)
  lab.now += 3 * minute
  for (let second = 0; second < 60; second += 1) {
    lab.now += 1000
    await davy.conveyor.tick()
  }
  expect((await davy.looks.list(sound.id)).length).toBeGreaterThan(18)
  // Not even look 0: how its baseline was before the start cannot be read either.
  expect(await davy.looks.list(poison.id)).toEqual([])
  expect(asked).toBeGreaterThan(4)
  expect(asked).toBeLessThan(20)
  expect(new Set(complaints(davy).map(({ deploymentId }) => deploymentId))).toEqual(new Set([poison.id]))
})

test('before the first round the newest verdict is the one that look 0 will hold', async () => {
  const start = lab.now
  await lab.insert(traffic({ service: 'zero', version: '1' }, start - 10 * minute, start, 13))
  const { id } = await open('zero')
  const { deployments, looks, calibrations, judge } = davy
  const newest = new NewestVerdicts({
    ...{ deployments, looks, calibrations, judge, engine: 'davy/test', publicUrl: 'http://davy.test' },
    awaitedSource: (deployment) => davy.conveyor.awaitedSource(deployment),
  })
  const before = await newest.of(id)
  expect(before).toMatchObject({ look: 0, decision: 'hold', reason: { code: 'WARMING_UP' } })
  await davy.conveyor.tick()
  expect(JSON.stringify(await newest.of(id))).toBe(JSON.stringify(before))
  await expect(newest.of('nothing')).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

/** A storage whose insert fails once, before it is done: the first whose rows are the ones. */
function failingOnce(storage: Storage, isOne: (rows: string) => boolean): Storage {
  let isDone = false
  return {
    ...storage,
    insertRows: async (table, rows, token) => {
      if (!isDone && isOne(JSON.stringify(rows))) {
        isDone = true
        throw new Error('cut off')
      }
      return storage.insertRows(table, rows, token)
    },
  }
}
