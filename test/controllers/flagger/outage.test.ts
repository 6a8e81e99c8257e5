import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Rig } from '../rig/start-rig.ts'
import { openScene, startFlaggerRig } from './scene.ts'

let rig: Rig

beforeAll(async () => {
  rig = await startFlaggerRig()
})

afterAll(() => rig?.stack.disposeAsync())

const outageMs = 60_000

test('an outage of a minute holds the weight and costs no check', async () => {
  const { canary, traffic } = await openScene(rig, { name: 'outage' })
  traffic.silent.add('2.0')
  await canary.release('2.0')
  const waiting = await canary.untilStatus(({ canaryWeight }) => (canaryWeight ?? 0) > 0, 'the first weight', 240_000)

  await rig.davy.kill()
  await sleep(outageMs)
  const held = await canary.status()
  await rig.davy.start()
  traffic.silent.delete('2.0')
  expect(held).toMatchObject({ phase: 'Progressing', canaryWeight: waiting.canaryWeight, failedChecks: 0 })

  await canary.untilStatus(({ phase }) => phase === 'Succeeded', 'it is promoted', 600_000)
  expect(await canary.primaryVersion()).toBe('2.0')
})
