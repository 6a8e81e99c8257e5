import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from '../../davy.ts'
import { deploymentsOf } from '../rig/deployments-of.ts'
import type { Rig } from '../rig/start-rig.ts'
import { untilSeen } from '../rig/until-seen.ts'
import { openScene, startFlaggerRig } from './scene.ts'

let rig: Rig

beforeAll(async () => {
  rig = await startFlaggerRig()
})

afterAll(() => rig?.stack.disposeAsync())

const decidesWithinMs = 600_000

describe.concurrent('Flagger with the shipped hooks', () => {
  test('promotes a healthy release', async () => {
    const { canary } = await openScene(rig, { name: 'promote' })
    await canary.release('2.0')
    await canary.untilStatus(({ phase }) => phase === 'Succeeded', 'it is promoted', decidesWithinMs)
    expect(await canary.primaryVersion()).toBe('2.0')
    const isFinished = async () => (await deploymentsOf(rig.davy, 'promote'))[0]?.status === 'closed'
    await until(isFinished, 'the post-rollout hook has told the end', decidesWithinMs)
    const deployments = await deploymentsOf(rig.davy, 'promote')
    expect(deployments).toMatchObject([{ outcome: 'promoted', template: { name: 'controllers' } }])
    // The weights are learnt from Flagger's events: no other hook tells them.
    const steps = deployments[0]?.progress.map(({ step }) => step)
    expect(steps).toEqual(['weight 25', 'weight 50', 'promotion'])
  })

  test('rolls back by the rollback hook, with no failed check', async () => {
    const { canary, traffic } = await openScene(rig, { name: 'rollback' })
    traffic.failing.set('2.0', 0.3)
    await canary.release('2.0')
    await canary.untilStatus(({ phase }) => phase === 'Failed', 'it is rolled back', decidesWithinMs)
    const events = canary.events()
    expect(events).toContain('Rolling back rollback.rollback manual webhook invoked')
    // So Flagger says that a check failed.
    expect(events.filter((message) => message.includes('external check'))).toEqual([])
    expect(await canary.primaryVersion()).toBe('1.0')
  })

  test('waits at a weight while there is no evidence, then goes on', async () => {
    const { canary, traffic } = await openScene(rig, { name: 'wait' })
    traffic.silent.add('2.0')
    await canary.release('2.0')
    const waiting = await canary.untilStatus(({ canaryWeight }) => (canaryWeight ?? 0) > 0, 'traffic', 240_000)
    for (let tick = 0; tick < 4; tick += 1) {
      await new Promise((resolve) => setTimeout(resolve, 10_000))
      expect(await canary.status()).toMatchObject({
        ...{ phase: 'Progressing' },
        canaryWeight: waiting.canaryWeight,
        failedChecks: 0,
      })
    }
    traffic.silent.delete('2.0')
    await untilSeen(rig.davy, 'wait', '2.0', 1)
    await canary.untilStatus(({ phase }) => phase === 'Succeeded', 'it is promoted', decidesWithinMs)
    expect(await canary.primaryVersion()).toBe('2.0')
  })

  test('starts over when a newer release comes in the middle', async () => {
    const { canary } = await openScene(rig, { name: 'newer' })
    await canary.release('2.0')
    // Its evidence is there, is not enough yet, and must not count for 3.0.
    const isOpen = async () => (await deploymentsOf(rig.davy, 'newer')).length === 1
    await until(isOpen, 'Davy judges 2.0', decidesWithinMs)
    await canary.release('3.0')
    await canary.untilStatus(({ phase }) => phase === 'Succeeded', 'it is promoted', decidesWithinMs)
    expect(await canary.primaryVersion()).toBe('3.0')
    expect(canary.events()).toContain('New revision detected! Restarting analysis for newer.newer')
    const outcomes = async () => (await deploymentsOf(rig.davy, 'newer')).map(({ outcome }) => outcome)
    await until(async () => (await outcomes())[0] !== null, 'the post-rollout hook has told the end', decidesWithinMs)
    expect(await outcomes()).toEqual(['promoted', 'superseded'])
  })
})
