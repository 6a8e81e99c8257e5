import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from '../../davy.ts'
import { deploymentsOf } from '../rig/deployments-of.ts'
import type { Rig } from '../rig/start-rig.ts'
import { type RolloutStatus, verdictsOf } from './rollout.ts'
import { applyChangedGate, openScene, startArgoRig } from './scene.ts'

let rig: Rig

beforeAll(async () => {
  rig = await startArgoRig()
})

afterAll(() => rig?.stack.disposeAsync())

const withinMs = 600_000

function isReleased(before: RolloutStatus) {
  return ({ phase, stableRS, currentPodHash }: RolloutStatus) =>
    phase === 'Healthy' && stableRS === currentPodHash && stableRS !== before.stableRS
}

describe.concurrent('Argo Rollouts with the shipped manifests', () => {
  test('a healthy release is promoted, asked for anew at each step', async () => {
    const { rollout } = await openScene(rig, { name: 'promote', weights: [30, 50] })
    const before = await rollout.status()
    await rollout.release('2.0')
    await rollout.untilStatus(isReleased(before), 'the new version is stable', withinMs)
    const gates = await rollout.runs('Step')
    expect(gates.map(({ status }) => status?.phase)).toEqual(['Successful', 'Successful'])
    for (const gate of gates) expect(verdictsOf(gate).at(-1)).toBe('promote')
    const watchEnded = async () => (await rollout.runs('Background'))[0]?.status?.phase === 'Successful'
    await until(watchEnded, 'the watch has ended', withinMs)
    // Argo's own notification told the end.
    await until(
      async () => (await deploymentsOf(rig.davy, 'promote'))[0]?.status === 'closed',
      'it is finished',
      withinMs,
    )
    const deployments = await deploymentsOf(rig.davy, 'promote')
    expect(deployments).toMatchObject([{ outcome: 'promoted', template: { name: 'controllers' } }])
  })

  test('a release that fails requests is aborted by the first rollback', async () => {
    const { rollout, traffic } = await openScene(rig, { name: 'rollback', weights: [50] })
    traffic.failing.set('2.0', 0.3)
    const before = await rollout.status()
    await rollout.release('2.0')
    const after = await rollout.untilStatus(({ abort }) => abort === true, 'it is aborted', withinMs)
    expect(after.stableRS).toBe(before.stableRS)
    await rollout.untilStatus(({ phase }) => phase === 'Degraded', 'it is degraded', withinMs)
    const runs = [...(await rollout.runs('Step')), ...(await rollout.runs('Background'))]
    const failed = runs.filter(({ status }) => status?.phase === 'Failed')
    expect(failed).not.toEqual([])
    for (const run of failed) {
      expect(verdictsOf(run).at(-1)).toBe('rollback')
      expect(verdictsOf(run).slice(0, -1)).not.toContain('rollback')
    }
    await until(
      async () => (await deploymentsOf(rig.davy, 'rollback'))[0]?.status === 'closed',
      'it is finished',
      withinMs,
    )
  })

  test('a gate without evidence waits, and promotes when there is some', async () => {
    const { rollout, traffic } = await openScene(rig, { name: 'wait', weights: [50] })
    traffic.silent.add('2.0')
    const before = await rollout.status()
    await rollout.release('2.0')
    await rollout.untilGate(({ inconclusive }) => (inconclusive ?? 0) >= 3, 'it waited three times', withinMs)
    expect(await rollout.status()).not.toMatchObject({ abort: true })
    traffic.silent.delete('2.0')
    await rollout.untilStatus(isReleased(before), 'the new version is stable', withinMs)
    const [gate, ...others] = await rollout.runs('Step')
    expect(others).toEqual([])
    expect(verdictsOf(gate).slice(0, 3)).toEqual(['wait', 'wait', 'wait'])
    expect(verdictsOf(gate).at(-1)).toBe('promote')
  })

  test('when the budget for waiting is used up the rollout pauses for a person', async () => {
    await applyChangedGate(rig, 'davy-gate-impatient', { inconclusiveLimit: 2 })
    const { rollout, traffic } = await openScene(rig, { name: 'budget', weights: [50], gate: 'davy-gate-impatient' })
    traffic.silent.add('2.0')
    await rollout.release('2.0')
    const paused = await rollout.untilStatus(({ phase }) => phase === 'Paused', 'it is paused', withinMs)
    expect(paused).not.toMatchObject({ abort: true })
    expect(paused.pauseConditions?.map(({ reason }) => reason)).toEqual(['InconclusiveAnalysisRun'])
    const [gate] = await rollout.runs('Step')
    expect(gate?.status?.phase).toBe('Inconclusive')
    expect(verdictsOf(gate)).toEqual(['wait', 'wait', 'wait'])
  })
})
