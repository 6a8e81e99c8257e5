import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from '../../davy.ts'
import { deploymentsOf } from '../rig/deployments-of.ts'
import { startFaultProxy } from '../rig/fault-proxy.ts'
import type { Rig } from '../rig/start-rig.ts'
import { openScene, startFlaggerRig } from './scene.ts'

let rig: Rig

beforeAll(async () => {
  rig = await startFlaggerRig()
})

afterAll(() => rig?.stack.disposeAsync())

const withinMs = 600_000
const manifest = 'blue-green'

describe.concurrent('Flagger with the provider kubernetes and the shipped blue/green example', () => {
  test('promotes a healthy release, after Davy could not be asked for a while', async () => {
    const proxy = await startFaultProxy(rig.davy.url, rig.stack)
    const { canary } = await openScene(rig, { name: 'blue-green', manifest, askedAt: proxy.url })
    await canary.release('2.0')
    await canary.untilStatus(({ iterations }) => (iterations ?? 0) > 0, 'it is analysed', withinMs)
    proxy.become('500')
    await until(async () => proxy.met('/confirm-promotion') >= 3, 'the promotion was asked for in vain', withinMs)
    expect(await canary.status()).toMatchObject({ phase: 'WaitingPromotion', failedChecks: 0 })
    expect(await canary.primaryVersion()).toBe('1.0')
    proxy.become(null)
    await canary.untilStatus(({ phase }) => phase === 'Succeeded', 'it is promoted', withinMs)
    expect(await canary.primaryVersion()).toBe('2.0')
    const newest = async () => (await deploymentsOf(rig.davy, 'blue-green'))[0]
    await until(async () => (await newest())?.status === 'closed', 'the post-rollout hook has told the end', withinMs)
    expect(await newest()).toMatchObject({ outcome: 'promoted' })
  })

  test('rolls back by the rollback hook, with no failed check', async () => {
    const { canary, traffic } = await openScene(rig, { name: 'blue-green-bad', manifest })
    traffic.failing.set('2.0', 0.3)
    await canary.release('2.0')
    await canary.untilStatus(({ phase }) => phase === 'Failed', 'it is rolled back', withinMs)
    expect(canary.events()).toContain('Rolling back blue-green-bad.blue-green-bad manual webhook invoked')
    expect(await canary.primaryVersion()).toBe('1.0')
  })
})
