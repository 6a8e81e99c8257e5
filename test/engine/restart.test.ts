import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Look } from '../../src/domain/look.ts'
import type { Storage } from '../../src/domain/storage.ts'
import type { Verdict } from '../../src/domain/verdict.ts'
import { resumeFromRecord, resumeTrial } from '../../src/engine/resume-trial.ts'
import { isChange, verdictOf } from '../../src/judges/verdict/verdict-of.ts'
import { random } from '../stats/random.ts'
import { complaints, type Lab, openLab, type Process, sequenceOf, traffic, verdictFacts } from './lab.ts'
import { otherDavy, unreliable } from './storages.ts'

const minute = 60_000
const stepMs = 30_000
let lab: Lab
let start: number
let end: number

beforeAll(async () => {
  lab = await openLab()
  start = lab.now
  end = start + 5 * minute
  // Fine until it is promoted, then bad until it is rolled back.
  await lab.insert(traffic({ version: '1' }, start - minute, start + 4 * minute, 1))
  await lab.insert(traffic({ version: '2' }, start, start + 90_000, 2))
  await lab.insert(
    traffic({ version: '2', failing: { 'GET /cart': 0.02, 'POST /pay': 0.5 } }, start + 90_000, start + 4 * minute, 3),
  )
})
afterAll(() => lab.close())

/** The same deployment, with the same id, in a Davy of its own. */
async function open(storage: Storage): Promise<string> {
  lab.now = start
  const davy = await lab.start({ newId: () => '01DEPLOYMENT00000000000000' }, storage)
  const { deployment } = await davy.deployments.register({
    service: 'checkout',
    canary: { version: '2' },
    template: 'quick',
  })
  return deployment.id
}

async function runThrough(storage: Storage, next: (process: Process | null) => Promise<Process>): Promise<Process> {
  let process = await next(null)
  for (lab.now = start + stepMs; lab.now <= end; lab.now += stepMs) {
    process = await next(process)
    await process.conveyor.tick().catch(() => undefined)
  }
  const sound = await lab.start({}, storage)
  // A process that finds itself far behind waits for what senders have kept.
  lab.now += minute
  await sound.conveyor.tick()
  await sound.conveyor.tick()
  return sound
}

async function straight(): Promise<{ davy: Process; id: string }> {
  const storage = await otherDavy(lab.storage, 'straight')
  const id = await open(storage)
  const davy = await runThrough(storage, async (process) => process ?? lab.start({}, storage))
  return { davy, id }
}

/** Every change among the looks on record is one fact, and nothing else is. */
async function expectFactsToBeChanges(davy: Process, id: string): Promise<void> {
  const verdicts = await davy.looks.verdicts(id)
  const changes = verdicts.filter((verdict, index) => isChange(verdicts[index - 1] ?? null, verdict))
  expect(await verdictFacts(davy, id)).toEqual(changes)
  const rows = await davy.facts.list({ kind: 'close', subject: id })
  expect(rows).toHaveLength(1)
}

let reference: Awaited<ReturnType<typeof sequenceOf>>

beforeAll(async () => {
  const { davy, id } = await straight()
  reference = await sequenceOf(davy, id)
  await expectFactsToBeChanges(davy, id)
  expect(complaints(davy)).toEqual([])
})

test('one process takes the release from hold over promote to rollback', () => {
  const said = reference.map(({ decision }) => decision)
  expect([...new Set(said)]).toEqual(['hold', 'promote', 'rollback'])
  expect(said.indexOf('rollback')).toBe(said.length - 1)
})

describe('processes that are thrown away at any time', () => {
  test.each([1])('and built again from the rows say the same to the byte (seed %i)', async (seed) => {
    const source = random(seed)
    const storage = await otherDavy(lab.storage, `restarted${seed}`)
    const id = await open(storage)
    const davy = await runThrough(storage, async (process) =>
      process === null || source.uniform() < 0.6 ? lab.start({}, storage) : process,
    )
    expect(JSON.stringify(await sequenceOf(davy, id))).toBe(JSON.stringify(reference))
    await expectFactsToBeChanges(davy, id)
  })

  test.each([1, 2, 3])(
    'or lose their storage in the middle of a round say the same to the byte (seed %i)',
    async (seed) => {
      const storage = await otherDavy(lab.storage, `failing${seed}`)
      const id = await open(storage)
      const failing = unreliable(storage, 0.08, seed)
      // Starting needs the storage too; what fails there is tried again.
      const startAgain = async (): Promise<Process> => lab.start({}, failing).catch(startAgain)
      const davy = await runThrough(storage, async (process) => process ?? startAgain())
      expect(JSON.stringify(await sequenceOf(davy, id))).toBe(JSON.stringify(reference))
      await expectFactsToBeChanges(davy, id)
    },
  )
})

test('after an outage looks wait for what senders have kept, and nothing counts as lost', async () => {
  const storage = await otherDavy(lab.storage, 'outage')
  const id = await open(storage)
  const before = await lab.start({}, storage)
  lab.now = start + 90_000
  await before.conveyor.tick()
  const seen = (await before.looks.list(id)).length
  lab.now = start + 5 * minute
  const after = await lab.start({}, storage)
  await after.conveyor.tick()
  lab.now += 30_000
  await after.conveyor.tick()
  expect((await after.looks.list(id)).length).toBe(seen)
  lab.now += 30_000
  await after.conveyor.tick()
  await after.conveyor.tick()
  expect((await after.looks.list(id)).length).toBeGreaterThan(seen)
})

test('after an outage looks wait for as long as a queue is being sent, and nothing of it counts as lost', async () => {
  const storage = await otherDavy(lab.storage, 'queued')
  const service = 'queued'
  const sent = (version: string, from: number, to: number, seed: number) =>
    lab.insert(traffic({ service, version }, start + from, start + to, seed))
  await sent('1', -minute, 2 * minute, 4)
  await sent('2', 0, 2 * minute, 5)
  lab.now = start
  const before = await lab.start({}, storage)
  const { deployment } = await before.deployments.register({ service, canary: { version: '2' }, template: 'quick' })
  lab.now = start + 90_000
  await before.conveyor.tick()
  const seen = (await before.looks.list(deployment.id)).length

  const back = start + 8 * minute
  lab.now = back
  const after = await lab.start({}, storage)
  // Two minutes of the outage every 50 s, of both versions, longer than anybody would wait for the first of it.
  for (const part of [1, 2, 3]) {
    for (let second = 0; second < 50; second += 10) {
      await after.conveyor.tick()
      lab.now += 10_000
    }
    for (const [index, version] of ['1', '2'].entries())
      await sent(version, 2 * part * minute, 2 * (part + 1) * minute, 10 * part + index)
  }
  await after.conveyor.tick()
  lab.now += 50_000
  await after.conveyor.tick()
  expect((await after.looks.list(deployment.id)).length).toBe(seen)
  lab.now += 10_000
  await after.conveyor.tick()
  await after.conveyor.tick()
  const looks = await after.looks.list(deployment.id)
  expect(looks.length).toBeGreaterThan(seen + 30)
  expect(looks.map(({ verdict }) => verdict.reason.code)).not.toContain('TELEMETRY_LOSS')
  const late = looks.flatMap(({ evidence }) => (evidence.slice?.late === undefined ? [] : [evidence.slice.late]))
  expect(late.length).toBeGreaterThan(10)
  for (const { baseline, canary } of late) expect([baseline, canary]).toEqual([0, 0])
})

/** The stored rows, folded from scratch: the last verdict must come out again as it was stored. */
async function expectReplay(davy: Process, id: string): Promise<void> {
  const looks = await davy.looks.list(id)
  const deployment = { ...davy.deployments.get(id), status: 'open', outcome: null, endedAt: null } as const
  for (const upTo of [1, 2, Math.floor(looks.length / 2), looks.length - 1]) {
    const last = looks[upTo]!
    const trial = await resumeTrial(deployment, looks.slice(0, upTo), davy.judge)
    const conclusion = trial.observe(last.evidence.slice!, last.at)
    const frame = {
      id: last.verdict.id,
      look: last.look,
      at: last.at,
      engine: 'davy/test',
      publicUrl: 'http://davy.test',
    }
    expect(JSON.stringify(verdictOf(deployment, conclusion, frame))).toBe(JSON.stringify(last.verdict))
  }
}

test('a replay of the stored looks gives the stored verdicts to the byte', async () => {
  const storage = await otherDavy(lab.storage, 'straight')
  await expectReplay(await lab.start({}, storage), '01DEPLOYMENT00000000000000')
})

describe('a long history', () => {
  test('is read in pages, each with the verdict before it, and ends with the final look', async () => {
    const davy = await lab.start({}, await otherDavy(lab.storage, 'straight'))
    const id = '01DEPLOYMENT00000000000000'
    const looks = await davy.looks.list(id)
    const deployment = { ...davy.deployments.get(id), status: 'open', outcome: null, endedAt: null } as const
    const pages: [before: number | null, looks: readonly number[]][] = []
    const record = {
      ...{ looks: davy.looks, judge: davy.judge },
      taken: async (page: readonly Look[], before: Verdict | null) => {
        pages.push([before?.look ?? null, page.map(({ look }) => look)])
      },
    }
    const paged = await resumeFromRecord(deployment, record, 4)
    const whole = await resumeTrial(deployment, looks, davy.judge)
    expect(paged?.newest).toEqual(whole.newest)
    expect(paged?.seenUpTo).toBe(whole.seenUpTo)
    expect(pages.flatMap(([, page]) => page)).toEqual(looks.map(({ look }) => look))
    expect(pages.map(([before]) => before)).toEqual([null, ...pages.slice(0, -1).map(([, page]) => page.at(-1))])
    expect(Math.max(...pages.map(([, page]) => page.length))).toBe(4)
  })

  test('of one deployment holds up no look at those that were read before it', async () => {
    const storage = await otherDavy(lab.storage, 'long')
    lab.now = start
    const before = await lab.start({}, storage)
    const ids: string[] = []
    for (const service of ['a', 'b', 'c']) {
      const { deployment } = await before.deployments.register({
        ...{ service, canary: { version: '2' }, baseline: { version: '1' }, template: 'quick' },
      })
      ids.push(deployment.id)
      lab.now += 1000
    }
    lab.now = start + minute
    await before.conveyor.tick()
    const slow: Storage = {
      ...storage,
      query: async (sql, params, signal) => {
        const rows = await storage.query(sql, params, signal)
        if (sql.includes('AS evidence')) await new Promise((resolve) => setTimeout(resolve, 1100))
        return rows as never
      },
    }
    const restarted = await lab.start({}, slow)
    lab.now += stepMs
    const looksOf = async () => Promise.all(ids.map(async (id) => (await before.looks.verdicts(id)).length))
    const [a, b, c] = await looksOf()
    await restarted.conveyor.tick()
    // The newest is read first, and looked at in the same round.
    expect(await looksOf()).toEqual([a, b, c! + 3])
    await restarted.conveyor.tick()
    await restarted.conveyor.tick()
    expect(await looksOf()).toEqual([a! + 3, b! + 3, c! + 3])
  })
})

describe('two processes over one storage', () => {
  test('at once end with one set of looks and one fact per change', async () => {
    const storage = await otherDavy(lab.storage, 'twins')
    const id = await open(storage)
    const twins = [await lab.start({}, storage), await lab.start({}, storage)]
    for (lab.now = start + stepMs; lab.now <= end; lab.now += stepMs) {
      await Promise.all(twins.map(({ conveyor }) => conveyor.tick()))
    }
    const davy = await lab.start({}, storage)
    await davy.conveyor.tick()
    expect(JSON.stringify(await sequenceOf(davy, id))).toBe(JSON.stringify(reference))
    await expectFactsToBeChanges(davy, id)
    await expectReplay(davy, id)
  })

  test('of which one sees less of the telemetry: the looks that were first count, and the other follows them', async () => {
    const storage = await otherDavy(lab.storage, 'unequal')
    const id = await open(storage)
    // A replica of the storage that lags: it has not the canary's errors yet.
    const lagging: Storage = {
      ...storage,
      query: (sql, params, signal) =>
        storage.query(sql.replace("toBool(StatusCode = 'Error')", 'false'), params, signal),
    }
    const source = random(5)
    const twins = [await lab.start({}, storage), await lab.start({}, lagging)] as const
    for (lab.now = start + stepMs; lab.now <= end; lab.now += stepMs) {
      const first = source.uniform() < 0.5 ? 0 : 1
      await twins[first].conveyor.tick()
      await twins[1 - first]!.conveyor.tick()
    }
    const davy = await lab.start({}, storage)
    await davy.conveyor.tick()
    await davy.conveyor.tick()
    const looks = await davy.looks.list(id)
    expect(looks.map(({ look }) => look)).toEqual(looks.map((_, index) => index))
    await expectReplay(davy, id)
    const verdicts = looks.map(({ verdict }) => verdict)
    const changes = verdicts.filter((verdict, index) => isChange(verdicts[index - 1] ?? null, verdict))
    expect(await verdictFacts(davy, id)).toEqual(changes)
  })
})
