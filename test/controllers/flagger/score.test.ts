import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from '../../davy.ts'
import { deploymentsOf } from '../rig/deployments-of.ts'
import { startFaultProxy } from '../rig/fault-proxy.ts'
import type { Rig } from '../rig/start-rig.ts'
import type { CanaryStatus } from './canary.ts'
import { type Analysis, applyMetricTemplate, openScene, startFlaggerRig } from './scene.ts'

let rig: Rig

beforeAll(async () => {
  rig = await startFlaggerRig()
})

afterAll(() => rig?.stack.disposeAsync())

const withinMs = 600_000

/** Flagger's usual one, of the shipped Canary. */
const usualThreshold = 5

/** What the shipped MetricTemplate asks for: a day, at the shipped interval of 30 s. */
const shippedThreshold = 2880

/** Adds the metric to the shipped Canary as the MetricTemplate says. */
function withScore(namespace: string, threshold: number) {
  return (analysis: Analysis) => ({
    ...{ ...analysis, threshold },
    metrics: [
      {
        ...{ name: 'davy-rollback', interval: '1m', thresholdRange: { max: 0 } },
        templateRef: { name: 'davy-rollback', namespace },
      },
    ],
  })
}

test('the threshold of these scenarios is the one that the MetricTemplate asks for', () => {
  const file = resolve(import.meta.dirname, '../../../deploy/flagger/metric-template.yaml')
  expect(readFileSync(file, 'utf8')).toContain(`threshold: ${shippedThreshold}`)
})

describe.concurrent("Davy's verdict as a MetricTemplate of Flagger", () => {
  test('lets a healthy release through, and halts nothing', async () => {
    await applyMetricTemplate(rig, 'score', rig.davy.url)
    const { canary } = await openScene(rig, { name: 'score', change: withScore('score', shippedThreshold) })
    await canary.release('2.0')
    await canary.untilStatus(({ phase }) => phase === 'Succeeded', 'it is promoted', withinMs)
    expect(await canary.primaryVersion()).toBe('2.0')
    expect(canary.events().filter((message) => message.includes('advancement davy-rollback'))).toEqual([])
  })

  test('is 1 once harm is shown: by it alone, too, the release is rolled back', async () => {
    const name = 'score-bad'
    const proxy = await startFaultProxy(rig.davy.url, rig.stack)
    await applyMetricTemplate(rig, name, rig.davy.url)
    const { canary, traffic } = await openScene(rig, {
      ...{ name, askedAt: proxy.url, change: withScore(name, usualThreshold) },
    })
    traffic.failing.set('2.0', 0.3)
    await canary.release('2.0')
    // The hooks open the deployment, which a metric does not; from there on only the metric gets answers.
    await until(async () => (await deploymentsOf(rig.davy, name)).length > 0, 'Davy judges 2.0', withinMs)
    proxy.become('500')
    await canary.untilStatus(({ phase }) => phase === 'Failed', 'it is rolled back', withinMs)
    const halts = canary.events().filter((message) => message.includes('advancement davy-rollback'))
    expect(halts[0]).toMatch(/^Halt score-bad\.score-bad advancement davy-rollback 1\.00 > 0/)
    expect(canary.events()).not.toContain('Rolling back score-bad.score-bad manual webhook invoked')
    expect(await canary.primaryVersion()).toBe('1.0')
  })

  const isHeld = ({ phase, failedChecks = 0 }: CanaryStatus) => phase === 'Progressing' && failedChecks > usualThreshold
  const isRolledBack = ({ phase }: CanaryStatus) => phase === 'Failed'
  test.each([
    ['holds with the threshold that it asks for', shippedThreshold, isHeld],
    [
      "rolls a release back with Flagger's usual threshold: the control of the line before",
      usualThreshold,
      isRolledBack,
    ],
  ])('without an answer for over a minute it %s', async (what, threshold, is) => {
    const name = `score-${threshold}`
    const proxy = await startFaultProxy(rig.davy.url, rig.stack)
    await applyMetricTemplate(rig, name, proxy.url)
    const { canary, traffic } = await openScene(rig, { name, change: withScore(name, threshold) })
    traffic.silent.add('2.0')
    await canary.release('2.0')
    await canary.untilStatus(({ canaryWeight }) => (canaryWeight ?? 0) > 0, 'traffic', withinMs)
    proxy.become('500')
    await canary.untilStatus(is, what, withinMs)
    expect(proxy.met('/query')).toBeGreaterThan(usualThreshold - 1)
    expect(await canary.primaryVersion()).toBe('1.0')
  })
})
