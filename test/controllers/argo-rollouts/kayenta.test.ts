import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startFaultProxy, type Trouble } from '../rig/fault-proxy.ts'
import type { Rig } from '../rig/start-rig.ts'
import { openKayentaScene, startArgoRig } from './scene.ts'

let rig: Rig

beforeAll(async () => {
  rig = await startArgoRig()
})

afterAll(() => rig?.stack.disposeAsync())

const withinMs = 600_000

/** Errors must double to count; a healthy release never comes near. */
function canaryConfig(service: string): object {
  const analysisConfigurations = { canary: { direction: 'increase', effectSize: { allowedIncrease: 2 } } }
  const query = { type: 'davy', serviceType: 'davy', metricName: 'error-rate' }
  return {
    name: service,
    description: '',
    configVersion: '1',
    applications: [service],
    judge: { name: 'NetflixACAJudge-v1.0', judgeConfigurations: {} },
    metrics: [{ name: 'error-rate', query, groups: ['errors'], analysisConfigurations, scopeName: 'default' }],
    templates: {},
    classifier: { groupWeights: { errors: 100 } },
  }
}

describe.concurrent("Argo Rollouts' Kayenta provider with Davy as its address", () => {
  test('a healthy release is promoted', async () => {
    await rig.davy.post('/kayenta/canaryConfig', canaryConfig('kayenta-good'))
    const { rollout } = await openKayentaScene(rig, 'kayenta-good')
    const before = await rollout.status()
    await rollout.release('2.0')
    await rollout.untilStatus(
      ({ phase, stableRS }) => phase === 'Healthy' && stableRS !== before.stableRS,
      'the new version is stable',
      withinMs,
    )
    const [run, ...others] = await rollout.runs('Step')
    expect(others).toEqual([])
    expect(run?.status?.metricResults?.[0]?.measurements).toMatchObject([{ phase: 'Successful', value: '100' }])
  })

  test('a release that fails requests is aborted', async () => {
    await rig.davy.post('/kayenta/canaryConfig', canaryConfig('kayenta-bad'))
    const { rollout, traffic } = await openKayentaScene(rig, 'kayenta-bad')
    traffic.failing.set('2.0', 0.3)
    const before = await rollout.status()
    await rollout.release('2.0')
    const after = await rollout.untilStatus(({ abort }) => abort === true, 'it is aborted', withinMs)
    expect(after.stableRS).toBe(before.stableRS)
    const [run] = await rollout.runs('Step')
    expect(run?.status?.metricResults?.[0]?.measurements).toMatchObject([{ phase: 'Failed', value: '0' }])
  })

  test.each<Trouble>(['slow', '500', 'reset'])('%s: Argo asks on, and has its score afterwards', async (trouble) => {
    const proxy = await startFaultProxy(rig.davy.url, rig.stack)
    const name = `kayenta-${trouble}`
    await rig.davy.post('/kayenta/canaryConfig', canaryConfig(name))
    const { rollout } = await openKayentaScene(rig, name, proxy.url)
    const before = await rollout.status()
    proxy.become(trouble)
    await rollout.release('2.0')
    // Argo's own limit is 4: one more, and it would abort.
    await rollout.untilGate(
      ({ consecutiveError = 0 }) => consecutiveError > 4,
      'more errors than Argo forgives',
      withinMs,
    )
    const held = await rollout.status()
    expect(held).not.toMatchObject({ abort: true })
    expect(held).toMatchObject({ stableRS: before.stableRS, currentStepIndex: 1 })
    proxy.become(null)
    await rollout.untilStatus(
      ({ phase, stableRS }) => phase === 'Healthy' && stableRS !== before.stableRS,
      'the new version is stable',
      withinMs,
    )
    const [run, ...others] = await rollout.runs('Step')
    expect(others).toEqual([])
    const last = run?.status?.metricResults?.[0]?.measurements?.at(-1)
    expect(last).toMatchObject({ phase: 'Successful', value: '100' })
  })
})
