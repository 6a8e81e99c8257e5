import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from '../../davy.ts'
import { type FaultProxy, startFaultProxy, type Trouble } from '../rig/fault-proxy.ts'
import type { Rig } from '../rig/start-rig.ts'
import type { Canary } from './canary.ts'
import { openScene, startFlaggerRig } from './scene.ts'

let rig: Rig

beforeAll(async () => {
  rig = await startFlaggerRig()
})

afterAll(() => rig?.stack.disposeAsync())

const withinMs = 600_000

/** More than the shipped `threshold`: were these failed checks, the release would be rolled back. */
const questions = 6

/** Waits until Flagger has asked so often in trouble, and says where the canary is. */
async function throughTrouble(canary: Canary, proxy: FaultProxy, hooks: readonly string[]) {
  const isEnough = async () => hooks.every((hook) => proxy.met(hook) >= questions)
  await until(isEnough, `${hooks.join(' and ')} were asked ${questions} times in trouble`, withinMs)
  return canary.status()
}

describe.concurrent('Flagger with the shipped hooks and a Davy in trouble', () => {
  test.each<Trouble>(['500', 'reset'])('%s: nothing goes on and no check fails, at no hook', async (trouble) => {
    const proxy = await startFaultProxy(rig.davy.url, rig.stack)
    const { canary, traffic } = await openScene(rig, { name: `trouble-${trouble}`, askedAt: proxy.url })
    traffic.silent.add('2.0')
    proxy.become(trouble)
    await canary.release('2.0')
    const begins = await throughTrouble(canary, proxy, ['/confirm-rollout'])
    expect(begins).toMatchObject({ phase: 'Waiting', failedChecks: 0 })
    proxy.become(null)
    const waiting = await canary.untilStatus(({ canaryWeight }) => (canaryWeight ?? 0) > 0, 'traffic', withinMs)
    proxy.become(trouble)
    const held = await throughTrouble(canary, proxy, ['/confirm-traffic-increase', '/rollback'])
    expect(held).toMatchObject({ phase: 'Progressing', canaryWeight: waiting.canaryWeight, failedChecks: 0 })
    proxy.become(null)
    traffic.silent.delete('2.0')
    await canary.untilStatus(({ phase }) => phase === 'Succeeded', 'it is promoted', withinMs)
    expect(await canary.primaryVersion()).toBe('2.0')
  })

  test('slow: a rollback that came too late to be heard is heard afterwards', async () => {
    const proxy = await startFaultProxy(rig.davy.url, rig.stack)
    const { canary, traffic } = await openScene(rig, { name: 'trouble-slow', askedAt: proxy.url })
    traffic.failing.set('2.0', 0.3)
    await canary.release('2.0')
    const waiting = await canary.untilStatus(({ canaryWeight }) => (canaryWeight ?? 0) > 0, 'traffic', withinMs)
    proxy.become('slow')
    const held = await throughTrouble(canary, proxy, ['/confirm-traffic-increase', '/rollback'])
    expect(held).toMatchObject({ phase: 'Progressing', canaryWeight: waiting.canaryWeight, failedChecks: 0 })
    proxy.become(null)
    await canary.untilStatus(({ phase }) => phase === 'Failed', 'it is rolled back', withinMs)
    expect(canary.events()).toContain('Rolling back trouble-slow.trouble-slow manual webhook invoked')
    expect(await canary.primaryVersion()).toBe('1.0')
  })
})

test('a Davy that is stopped and started three times holds the weight and costs no check', async () => {
  const { canary, traffic } = await openScene(rig, { name: 'restarts' })
  traffic.silent.add('2.0')
  await canary.release('2.0')
  const waiting = await canary.untilStatus(({ canaryWeight }) => (canaryWeight ?? 0) > 0, 'traffic', withinMs)
  const asked = () => canary.events().length
  for (let restart = 0; restart < 3; restart += 1) {
    await rig.davy.stop()
    await rig.davy.start()
    const before = asked()
    await until(async () => asked() > before, 'Flagger has asked again', withinMs)
    const held = await canary.status()
    expect(held).toMatchObject({ phase: 'Progressing', canaryWeight: waiting.canaryWeight, failedChecks: 0 })
  }
  traffic.silent.delete('2.0')
  await canary.untilStatus(({ phase }) => phase === 'Succeeded', 'it is promoted', withinMs)
  expect(await canary.primaryVersion()).toBe('2.0')
})
