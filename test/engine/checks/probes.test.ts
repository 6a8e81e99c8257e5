import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { CheckRecord, Probe } from '../../../src/domain/check.ts'
import type { Deployment } from '../../../src/domain/deployment.ts'
import type { Ports } from '../../../src/domain/sink.ts'
import { Checks } from '../../../src/engine/checks/checks.ts'
import { Probes } from '../../../src/engine/checks/probes.ts'
import { createLogger } from '../../../src/platform/logger.ts'
import { factsInMemory } from '../facts-in-memory.ts'

const deployment = {
  ...{ id: 'D', status: 'open', namespace: '', service: 'checkout', environment: 'default' },
  ...{ canary: { version: '2' }, baseline: { version: '1' } },
} as unknown as Deployment
const probe: Probe = {
  ...{ name: 'health', url: 'http://canary.test/health?key=hidden', status: 200, contains: null },
  ...{ withinSeconds: 5, everySeconds: 30 },
}

/** What Davy's processes share: the facts, and the time. */
function aWorld() {
  const world = { now: Date.parse('2026-11-21T10:00:00Z'), ids: 0 }
  return Object.assign(
    world,
    factsInMemory(() => world.now),
  )
}

/** A canary that answers as a test says, and one process's probes of it by a clock that goes on with each round. */
function watch(world = aWorld()) {
  let asked = 0
  let answer: Ports['http'] = async () => ({ status: 200, text: 'well', headers: {} })
  const newId = () => {
    world.ids += 1
    return String(world.ids)
  }
  const { store } = world
  const checks = new Checks(store, newId)
  const probes = new Probes({
    ...{ facts: store, checks, log: createLogger('silent'), now: () => world.now, newId },
    http: (...request) => {
      asked += 1
      return answer(...request)
    },
  })
  const state = () => checks.statesOf(deployment, [deployment])[0]
  return {
    probes,
    checks,
    asked: () => asked,
    state,
    async round(says: Ports['http'], rounds = 1, seconds = 30) {
      answer = says
      for (let each = 0; each < rounds; each += 1) {
        await probes.tick([deployment], new AbortController().signal)
        for (let turn = 0; turn < 5; turn += 1) await nextTurn()
        world.now += seconds * 1000
      }
      await checks.refresh()
      return state()?.passed
    },
  }
}

const says =
  (status: number, text = 'well'): Ports['http'] =>
  async () => ({ status, text, headers: {} })

test('a probe has failed until the canary answered, then after three failures in a row, and not after two', async () => {
  const { probes, state, round } = watch()
  await probes.add(deployment, probe)
  expect(state()).toMatchObject({ name: 'health', passed: false })
  expect(await round(says(200))).toBe(true)
  expect(await round(says(503), 2)).toBe(true)
  expect(await round(says(200))).toBe(true)
  expect(await round(says(503), 3)).toBe(false)
  expect(state()!.summary).toBe('The canary answers 503 instead of 200, 3 times in a row.')
  expect(await round(says(200))).toBe(true)
})

test('a probe expects words, and does not repeat its URL', async () => {
  const { probes, state, round } = watch()
  await probes.add(deployment, { ...probe, contains: 'well' })
  expect(await round(says(200, 'all is well'))).toBe(true)
  expect(await round(says(200, 'maintenance'), 3)).toBe(false)
  expect(state()!.summary).toBe('The canary\'s answer does not hold "well", 3 times in a row.')
  await round(says(200))
  const refused: Ports['http'] = () => Promise.reject(new Error('connect ECONNREFUSED'))
  expect(await round(refused, 3)).toBe(false)
  expect(state()!.summary).toBe('The canary cannot be asked: connect ECONNREFUSED, 3 times in a row.')
})

test('a probe asks as often as it is told to, and once at a time', async () => {
  const { probes, asked, round } = watch()
  await probes.add(deployment, probe)
  await round(says(200), 6, 10)
  expect(asked()).toBe(2)
  await round(() => new Promise(() => {}), 6, 30)
  expect(asked()).toBe(3)
})

test('a check of the same name that passes does not lift the hold of a probe', async () => {
  const { probes, checks, round } = watch()
  await probes.add(deployment, probe)
  expect(await round(says(503), 3)).toBe(false)
  const report = { kind: 'result', passed: true, summary: 'Well.' } as const
  await checks.add(deployment, { name: 'health', arm: 'canary', report, url: null, by: 'ci' })
  expect(await round(says(503))).toBe(false)
  expect(checks.statesOf(deployment, [])).toMatchObject([
    { name: 'health', kind: 'probe', passed: false },
    { name: 'health', kind: 'result', passed: true },
  ])
})

test('of two processes the one whose canary is dead puts back the hold that the other lifted', async () => {
  const world = aWorld()
  const [one, other] = [watch(world), watch(world)]
  await one.probes.add(deployment, probe)
  expect(await one.round(says(200))).toBe(true)
  expect(await one.round(says(503), 3)).toBe(false)
  expect(await other.round(says(200))).toBe(true)
  expect(await one.round(says(503))).toBe(false)
  expect(world.of('check').map(({ body }) => (body as CheckRecord).report)).toMatchObject(
    [false, true, false, true, false].map((passed) => ({ passed })),
  )
})

test('what is on record already is not written again, by no process', async () => {
  const world = aWorld()
  await watch(world).probes.add(deployment, probe)
  const passes = [watch(world), watch(world)]
  for (const { round } of passes) expect(await round(says(200), 3)).toBe(true)
  expect(world.of('check')).toHaveLength(2)
})

test('a canary that never answered as expected says why', async () => {
  const { probes, state, round } = watch()
  await probes.add(deployment, probe)
  expect(await round(says(503), 3)).toBe(false)
  expect(state()!.summary).toBe('The canary answers 503 instead of 200, 3 times in a row.')
})

test('an answer that comes while a probe is being changed does not lift the hold of the new one', async () => {
  const world = aWorld()
  const [probes, other] = [watch(world).probes, watch(world)]
  await probes.add(deployment, probe)
  expect(await other.round(says(200))).toBe(true)
  let answer = (): void => {}
  await other.round((...request) =>
    new Promise<void>((resolve) => {
      answer = resolve
    }).then(() => says(200)(...request)),
  )
  // The other process is done with the old probe between the two facts of the new one.
  const { putOnce } = world.store
  let facts = 0
  world.store.putOnce = async (...fact) => {
    facts += 1
    if (facts === 2) {
      answer()
      for (let turn = 0; turn < 5; turn += 1) await nextTurn()
    }
    return putOnce(...fact)
  }
  await probes.add(deployment, { ...probe, url: 'http://canary.test/other' })
  await other.checks.refresh()
  expect(facts).toBe(2)
  expect(other.state()?.passed).toBe(false)
})

test('the answer to a probe that is changed meanwhile does not lift the hold of the new one', async () => {
  const { probes, round } = watch()
  await probes.add(deployment, probe)
  expect(await round(says(200))).toBe(true)
  let answer = (): void => {}
  const slow: Ports['http'] = (...request) =>
    new Promise<void>((resolve) => {
      answer = resolve
    }).then(() => says(200)(...request))
  await round(slow)
  await probes.add(deployment, { ...probe, url: 'http://canary.test/other' })
  answer()
  expect(await round(says(503))).toBe(false)
})

test('what flaps has failed in the end, and is told no more', async () => {
  const { probes, state, round } = watch()
  await probes.add(deployment, probe)
  for (let each = 0; each < 10; each += 1) {
    await round(says(200))
    await round(says(503), 3)
  }
  expect(state()).toMatchObject({ passed: false, summary: expect.stringContaining('changed too often') })
  expect(await round(says(200), 5)).toBe(false)
})

test('a deployment has twenty probes at most, and a closed one gets none', async () => {
  const { probes } = watch()
  for (let each = 0; each < 20; each += 1) await probes.add(deployment, { ...probe, name: `p${each}` })
  await probes.add(deployment, { ...probe, name: 'p0', status: 204 })
  await expect(probes.add(deployment, { ...probe, name: 'p20' })).rejects.toMatchObject({ code: 'CONFLICT' })
  const closed = { ...deployment, id: 'C', status: 'closed' } as Deployment
  await expect(probes.add(closed, probe)).rejects.toMatchObject({ code: 'CONFLICT' })
})
