import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Deployment } from '../../../src/domain/deployment.ts'
import type { Unidentified } from '../../../src/engine/workloads/workload.ts'
import { Workloads } from '../../../src/engine/workloads/workloads.ts'
import { newId } from '../../../src/platform/ids.ts'
import { WorkloadReader } from '../../../src/storage/workload-reader.ts'
import { type Lab, openLab, type Process, tickMs } from '../lab.ts'
import { podRows } from './pods.ts'

let lab: Lab
let process: Process
let workloads: Workloads
beforeAll(async () => {
  lab = await openLab()
  process = await lab.start()
  workloads = over(process)
})
afterAll(() => lab?.close())

function over({ facts, deployments, templates, bus }: Process): Workloads {
  const reader = new WorkloadReader(lab.storage)
  const now = () => lab.now
  return new Workloads({ facts, reader, deployments, templates, bus, now, newId: () => newId(lab.now) })
}

let names = 0
const freshName = () => `cart${++names}`
const ticks = (count: number) => Array.from({ length: count }, (_, index) => lab.now - (count - index) * tickMs)
/** All pauses together stay below two hours: what is closed is dated by the storage's own clock. */
const pause = (seconds: number) => {
  lab.now += seconds * 1000
}

const pairOf = (name: string, canary = 'new', hints: object = { service: name }) => ({
  workload: { controller: 'argo-rollouts' as const, namespace: 'shop', name },
  canary: { hash: `${name}${canary}` },
  stable: { hash: `${name}old` },
  hints,
})
const ask = async (name: string, canary?: string, of = workloads) => opened(await of.ofPair(pairOf(name, canary)))

function opened(found: Deployment | Unidentified): Deployment {
  if ('question' in found) throw new Error(`expected a deployment, got: ${found.question}`)
  return found
}

describe('a pair', () => {
  test('is the same deployment at every question, also of two at once and after a restart', async () => {
    const name = freshName()
    const [first, ...others] = await Promise.all(Array.from({ length: 8 }, () => ask(name)))
    expect(new Set(others.map(({ id }) => id))).toEqual(new Set([first!.id]))
    expect(first).toMatchObject({
      baselineFrom: 'controller',
      attempt: 1,
      mode: 'enforce',
      origin: 'api',
      strategy: 'canary',
    })
    pause(600)
    expect((await ask(name)).id).toBe(first!.id)
    const restarted = await lab.start()
    expect((await ask(name, 'new', over(restarted))).id).toBe(first!.id)
    expect((await restarted.facts.list({ kind: 'deployment', subject: first!.id })).length).toBe(1)
  })

  test('started when its canary answered first, and the next attempt when it was opened', async () => {
    const name = freshName()
    await lab.insert(podRows({ service: name, owner: name, hash: `${name}new` }, ticks(30)))
    const first = await ask(name)
    expect(Date.parse(first.startedAt)).toBe(lab.now - 30 * tickMs)
    await process.deployments.close(first.id, 'aborted', 'somebody')
    const second = await ask(name)
    expect(second).toMatchObject({ attempt: 2, startedAt: new Date(lab.now).toISOString() })
    expect(second.id).not.toBe(first.id)
  })

  test('goes on with the rollback until that was heard, and opens another attempt after a pause', async () => {
    const name = freshName()
    const { id } = await ask(name)
    await process.deployments.close(id, 'rolled-back', 'davy')
    pause(600)
    expect((await ask(name)).id).toBe(id)
    const { workload } = pairOf(name)
    await workloads.tell(workload, id)
    pause(30)
    expect((await ask(name)).id).toBe(id)
    pause(61)
    const again = await ask(name)
    expect(again).toMatchObject({ status: 'open', attempt: 2 })
  })

  describe('that Davy noticed before it was asked', () => {
    /** Both replica sets, each with a version of its own, and the deployment that the detector opens for the newer one. */
    async function noticed(name: string, canaryHash = `${name}new`) {
      const pods = { service: name, owner: name }
      await lab.insert(podRows({ ...pods, version: '1', hash: `${name}old` }, ticks(30)))
      await lab.insert(podRows({ ...pods, version: '2', hash: canaryHash }, ticks(6)))
      const unit = { namespace: '', service: name, environment: 'default' }
      const startedAt = new Date(lab.now - 60_000).toISOString()
      const found = await process.deployments.openDetected(unit, '2', startedAt, () => true)
      return found!.deployment
    }

    test('is adopted, with all that was seen, and its next attempt is counted as one', async () => {
      const name = freshName()
      const { id, startedAt } = await noticed(name)
      expect(process.deployments.get(id)).toMatchObject({ origin: 'detected', baseline: { version: '1' } })
      const adopted = await ask(name)
      expect(adopted).toMatchObject({ id, origin: 'api', mode: 'enforce', startedAt, canary: { version: '2' } })
      await process.deployments.close(id, 'aborted', 'somebody')
      expect(await ask(name)).toMatchObject({ attempt: 2, canary: { version: '2' }, baseline: { version: '1' } })
    })

    test('is adopted, but its next attempt is told by replica sets once others carry its version', async () => {
      const name = freshName()
      const { id } = await noticed(name)
      expect(await ask(name)).toMatchObject({ id, canary: { version: '2' } })
      await process.deployments.close(id, 'aborted', 'somebody')
      await lab.insert(podRows({ service: name, owner: name, version: '2', hash: `${name}other` }, ticks(3)))
      expect(await ask(name)).toMatchObject({ attempt: 1, canary: { match: { replicaSet: [`${name}new`] } } })
    })

    test('is superseded where the version is not that of its pods alone', async () => {
      const name = freshName()
      const { id } = await noticed(name)
      await lab.insert(podRows({ service: name, owner: name, version: '2', hash: `${name}other` }, ticks(3)))
      const own = await ask(name)
      expect(own).toMatchObject({ canary: { match: { replicaSet: [`${name}new`] } } })
      expect(process.deployments.get(id)).toMatchObject({ outcome: 'superseded', supersededBy: own.id })
    })
  })

  test('does not push aside the one that superseded it', async () => {
    const name = freshName()
    const old = await ask(name, 'one')
    const newer = await ask(name, 'two')
    for (let polls = 0; polls < 3; polls += 1) {
      pause(30)
      expect(await ask(name, 'one')).toMatchObject({ id: old.id, outcome: 'superseded', supersededBy: newer.id })
    }
    expect((await ask(name, 'two')).status).toBe('open')
  })

  test('is ended by its canary, and only if it has one', async () => {
    const name = freshName()
    const { id } = await ask(name)
    const { workload } = pairOf(name)
    expect(await workloads.endCanary(workload, 'somebody', 'promoted')).toBeNull()
    expect(await workloads.endCanary(workload, `${name}new`, 'promoted')).toMatchObject({ id, outcome: 'promoted' })
    expect((await workloads.ofCanary(workload, `${name}new`))?.id).toBe(id)
  })

  test('opens each step once, also when two ask at once', async () => {
    const name = freshName()
    const { id } = await ask(name)
    await Promise.all([1, 2, 3].map(() => workloads.openStep(id, '10%', 10)))
    pause(60)
    await workloads.openStep(id, '10%', 10)
    const stepped = await workloads.openStep(id, '50%', 50)
    expect(stepped.progress.map(({ step, weight }) => [step, weight])).toEqual([
      ['10%', 10],
      ['50%', 50],
    ])
  })

  test('that cannot be identified is looked for again after a moment', async () => {
    const name = freshName()
    const question = pairOf(name, 'new', {})
    expect(await workloads.ofPair(question)).toEqual({ question: expect.stringContaining(`shop/${name}`) })
    await lab.insert(podRows({ service: name, owner: name, hash: `${name}new` }, ticks(3)))
    expect(await workloads.ofPair(question)).toHaveProperty('question')
    pause(4)
    expect(await workloads.ofPair(question)).toMatchObject({ service: name, status: 'open' })
  })
})

describe('a run', () => {
  const runOf = (name: string) => ({
    workload: { controller: 'flagger' as const, namespace: 'shop', name },
    target: name,
    hints: {},
  })
  const release = (name: string, hash: string) =>
    lab.insert([
      ...podRows({ service: name, owner: `${name}-primary`, hash: 'aaa' }, ticks(12)),
      ...podRows({ service: name, owner: name, hash }, ticks(3)),
    ])

  test('has its weight, and its deployment once the canary answers', async () => {
    const name = freshName()
    const question = runOf(name)
    await workloads.begin(question.workload, () => true)
    expect(await workloads.ofRun(question)).toHaveProperty('question')
    await workloads.letIn(question.workload)
    await workloads.weigh(question.workload, 10, 'weight 10')
    pause(30)
    await release(name, 'bbb')
    const deployment = opened(await workloads.ofRun(question))
    expect(deployment).toMatchObject({ canary: { match: { replicaSet: ['bbb'] } }, plannedWeight: 10 })
    await workloads.weigh(question.workload, 20, 'weight 20')
    expect(opened(await workloads.ofRun(question)).progress).toMatchObject([{ step: 'weight 20', weight: 20 }])
    expect(await workloads.rollout(question.workload)).toMatchObject({ isLetIn: true, weight: 20, isOver: false })
  })

  test('that begins anew has another deployment, with the same replica sets another attempt', async () => {
    const name = freshName()
    const question = runOf(name)
    await release(name, 'bbb')
    await workloads.begin(question.workload, () => true)
    const first = opened(await workloads.ofRun(question))
    expect(await workloads.end(question.workload, 'rolled-back')).toMatchObject({
      id: first.id,
      outcome: 'rolled-back',
    })
    await workloads.begin(question.workload, () => true)
    pause(30)
    await release(name, 'bbb')
    expect(opened(await workloads.ofRun(question))).toMatchObject({ attempt: 2, status: 'open' })
  })

  test('that nobody announced is noticed by its canary, and is not taken for one without traffic', async () => {
    const name = freshName()
    const question = runOf(name)
    await release(name, 'bbb')
    const first = opened(await workloads.ofRun(question))
    expect(await workloads.currency(question, first)).toEqual({ is: 'current' })
    pause(120)
    await release(name, 'ccc')
    expect(await workloads.currency(question, first)).toEqual({ is: 'replaced', why: expect.stringContaining('ccc') })
    expect(await workloads.rollout(question.workload)).toMatchObject({ isLetIn: true, deploymentId: null })
    expect(opened(await workloads.ofRun(question))).toMatchObject({ canary: { match: { replicaSet: ['ccc'] } } })
  })
})
