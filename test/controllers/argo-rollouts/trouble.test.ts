import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from '../../davy.ts'
import { type FaultProxy, startFaultProxy, type Trouble } from '../rig/fault-proxy.ts'
import type { Rig } from '../rig/start-rig.ts'
import { type Rollout, type RolloutStatus, verdictsOf } from './rollout.ts'
import { openScene, startArgoRig } from './scene.ts'

let rig: Rig

beforeAll(async () => {
  rig = await startArgoRig()
})

afterAll(() => rig?.stack.disposeAsync())

const withinMs = 600_000

/** Argo's own limit, where a template does not say otherwise: one more error in a row and it would abort. */
const argosErrorLimit = 4

function isReleased(before: RolloutStatus) {
  return ({ phase, stableRS, currentPodHash }: RolloutStatus) =>
    phase === 'Healthy' && stableRS === currentPodHash && stableRS !== before.stableRS
}

/** Keeps Argo in trouble until both analyses have seen more of it than Argo's own limit, and says what became of them. */
async function throughTrouble(rollout: Rollout, proxy: FaultProxy) {
  const errorsOf = async (type: 'Step' | 'Background') =>
    (await rollout.runs(type)).at(-1)?.status?.metricResults?.[0]?.consecutiveError ?? 0
  const isEnough = async () =>
    (await errorsOf('Step')) > argosErrorLimit && (await errorsOf('Background')) > argosErrorLimit
  await until(isEnough, 'both analyses have seen more errors in a row than Argo forgives', withinMs)
  const held = await rollout.status()
  proxy.become(null)
  return held
}

describe.concurrent('Argo Rollouts at a gate of a Davy in trouble', () => {
  test.each<Trouble>(['500', 'reset'])('%s: nothing goes on and nothing is aborted', async (trouble) => {
    const proxy = await startFaultProxy(rig.davy.url, rig.stack)
    const name = `trouble-${trouble}`
    const { rollout } = await openScene(rig, { name, weights: [50], askedAt: proxy.url })
    const before = await rollout.status()
    proxy.become(trouble)
    await rollout.release('2.0')
    const held = await throughTrouble(rollout, proxy)
    expect(held).not.toMatchObject({ abort: true })
    expect(held).toMatchObject({ stableRS: before.stableRS, currentStepIndex: 1 })
    await rollout.untilStatus(isReleased(before), 'the new version is stable', withinMs)
    const [gate, ...others] = await rollout.runs('Step')
    expect(others).toEqual([])
    expect(verdictsOf(gate).at(-1)).toBe('promote')
  })

  test('slow: a rollback that came too late to be heard is heard afterwards', async () => {
    const proxy = await startFaultProxy(rig.davy.url, rig.stack)
    const { rollout, traffic } = await openScene(rig, { name: 'trouble-slow', weights: [50], askedAt: proxy.url })
    traffic.failing.set('2.0', 0.3)
    const before = await rollout.status()
    proxy.become('slow')
    await rollout.release('2.0')
    const held = await throughTrouble(rollout, proxy)
    expect(held).not.toMatchObject({ abort: true })
    expect(held).toMatchObject({ stableRS: before.stableRS, currentStepIndex: 1 })
    const after = await rollout.untilStatus(({ abort }) => abort === true, 'it is aborted', withinMs)
    expect(after.stableRS).toBe(before.stableRS)
    const runs = [...(await rollout.runs('Step')), ...(await rollout.runs('Background'))]
    const failed = runs.filter(({ status }) => status?.phase === 'Failed')
    expect(failed).not.toEqual([])
    for (const run of failed) expect(verdictsOf(run).at(-1)).toBe('rollback')
  })
})

test('a Davy that is stopped and started three times holds the step, and promotes afterwards', async () => {
  const { rollout, traffic } = await openScene(rig, { name: 'restarts', weights: [50] })
  traffic.silent.add('2.0')
  const before = await rollout.status()
  await rollout.release('2.0')
  await rollout.untilGate(({ inconclusive }) => (inconclusive ?? 0) >= 1, 'it waits at its gate', withinMs)
  for (let restart = 0; restart < 3; restart += 1) {
    await rig.davy.stop()
    await rig.davy.start()
    const seen = (await rollout.runs('Step')).at(-1)?.status?.metricResults?.[0]
    const asked = ({ inconclusive = 0, error = 0 }) => inconclusive + error
    const isAskedAgain = (metric: typeof seen) => asked(metric ?? {}) > asked(seen ?? {})
    await rollout.untilGate(isAskedAgain, 'Argo has asked again', withinMs)
    const held = await rollout.status()
    expect(held).not.toMatchObject({ abort: true })
    expect(held).toMatchObject({ stableRS: before.stableRS, currentStepIndex: 1 })
  }
  traffic.silent.delete('2.0')
  await rollout.untilStatus(isReleased(before), 'the new version is stable', withinMs)
  const [gate, ...others] = await rollout.runs('Step')
  expect(others).toEqual([])
  expect(verdictsOf(gate).at(-1)).toBe('promote')
})
