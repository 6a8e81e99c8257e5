import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../../davy.ts'
import type { Rig } from '../rig/start-rig.ts'
import { type MetricResult, verdictsOf } from './rollout.ts'
import { applyChangedGate, openScene, startArgoRig } from './scene.ts'

let rig: Rig

beforeAll(async () => {
  rig = await startArgoRig()
})

afterAll(() => rig?.stack.disposeAsync())

const withinMs = 600_000
const outageMs = 80_000

/** Argo's own limit, where a template does not say otherwise. */
const argosErrorLimit = 4

/*
 * Three Rollouts wait at their gate for want of evidence while Davy is killed. What tells `outage` and `control` apart is the
 * limit that the shipped template carries: with Argo's own, the same outage aborts a release of which nobody knows anything
 * bad. What tells `outage` and `queued` apart is what becomes of the telemetry of the time without Davy: an SDK gives it up,
 * a collector's queue sends it after looks that it belongs to.
 */
test('an outage of over a minute aborts nothing, owing to the limit that the shipped gate carries', async () => {
  await applyChangedGate(rig, 'davy-gate-argos-limit', { consecutiveErrorLimit: argosErrorLimit })
  const [shipped, queued, control] = await Promise.all([
    openScene(rig, { name: 'outage', weights: [50] }),
    openScene(rig, { name: 'queued', weights: [50], keepsMs: Number.POSITIVE_INFINITY }),
    openScene(rig, { name: 'control', weights: [50], gate: 'davy-gate-argos-limit' }),
  ])
  const [before, queuedBefore] = [await shipped.rollout.status(), await queued.rollout.status()]
  for (const { rollout, traffic } of [shipped, queued, control]) {
    traffic.silent.add('2.0')
    await rollout.release('2.0')
  }
  for (const { rollout } of [shipped, queued, control])
    await rollout.untilGate(({ inconclusive }) => (inconclusive ?? 0) >= 1, 'it waits at its gate', withinMs)

  await rig.davy.kill()
  await sleep(outageMs)
  for (const { rollout } of [shipped, queued]) expect(await rollout.status()).not.toMatchObject({ abort: true })
  expect(await control.rollout.status()).toMatchObject({ abort: true })
  const [aborted] = await control.rollout.runs('Step')
  expect(aborted?.status?.phase).toBe('Error')
  await rig.davy.start()
  for (const { traffic } of [shipped, queued]) traffic.silent.delete('2.0')

  await shipped.rollout.untilStatus(
    ({ phase, stableRS }) => phase === 'Healthy' && stableRS !== before.stableRS,
    'the new version is stable',
    withinMs,
  )
  const [gate, ...others] = await shipped.rollout.runs('Step')
  expect(others).toEqual([])
  expect(gate?.status?.metricResults?.[0]?.error).toBeGreaterThan(argosErrorLimit)
  expect(verdictsOf(gate).at(-1)).toBe('promote')

  // Looks wait while a queue is being sent. What comes later still is a reason to wait, and to say so, and none to abort.
  const saysLate = ({ measurements }: MetricResult) => measurements?.at(-1)?.value?.includes('came too late') === true
  const isDecided = async () => {
    const { phase, stableRS } = await queued.rollout.status()
    if (phase === 'Healthy' && stableRS !== queuedBefore.stableRS) return true
    const metric = (await queued.rollout.runs('Step')).at(-1)?.status?.metricResults?.[0]
    return metric !== undefined && saysLate(metric)
  }
  await until(isDecided, 'it is promoted, or waits because of late telemetry', withinMs)
  expect(await queued.rollout.status()).not.toMatchObject({ abort: true })
})
