import { describe, expect, test } from 'vitest'
import type { Deployment } from '../../../src/domain/deployment.ts'
import type { MetricSpec } from '../../../src/domain/template.ts'
import { Alerts } from '../../../src/engine/alerts/alerts.ts'
import { openTrial } from '../../../src/judges/sequential/open-trial.ts'
import { errorRate, madeArm, madeSlices, podNames, templateWith } from '../../judges/made-slices.ts'
import { startedAt, trialContext } from '../../judges/rollout.ts'
import { factsInMemory } from '../facts-in-memory.ts'

const spec: MetricSpec = {
  ...{ name: 'alerts', kind: 'count', source: 'alerts', direction: 'increase', group: 'alerts' },
  ...{ weight: 0.5, margin: 1, promoteMargin: 2, critical: false },
}
const template = templateWith([{ ...errorRate, weight: 0.5 }, spec])
const deployment = {
  ...{ namespace: '', service: 'checkout', environment: 'default', startedAt: new Date(startedAt).toISOString() },
  ...{ canary: { version: '2' }, baseline: { version: '1' } },
} as unknown as Deployment

const slices = madeSlices(20, () => ({
  baseline: madeArm({ requests: 6000, errors: 6 }, podNames('a', 4)),
  canary: madeArm({ requests: 6000, errors: 6 }, podNames('b', 4)),
}))

/** A release of whose versions alerts begin to fire in some of its minutes, each for the first time. */
async function release(firing: Readonly<Record<'1' | '2', readonly number[]>>) {
  let now = startedAt
  const alerts = new Alerts(factsInMemory(() => now).store, () => now)
  const source = alerts.source()
  const trial = openTrial(trialContext({ template }))
  for (const [minute, slice] of slices.entries()) {
    now = slice.from + 1000
    for (const version of ['1', '2'] as const) {
      if (!firing[version].includes(minute)) continue
      const labels = { alertname: `Burn${minute}`, service: 'checkout', version }
      await alerts.receive([
        { status: 'firing', labels, summary: '', startsAt: new Date(now).toISOString(), url: null },
      ])
    }
    now = slice.to
    const [told] = await source.ask({ deployment, metric: spec, windows: [slice] }, AbortSignal.timeout(1000))
    trial.observe({ ...slice, own: { alerts: { from: slice.from, ...told! } } })
  }
  return trial.conclude(now)
}

const minutes = Array.from({ length: 12 }, (_, index) => index + 1)

describe('alerts as evidence of a metric', () => {
  test('roll back by their own weight when the canary alone has one after the other', async () => {
    const told = await release({ '1': [], '2': minutes })
    expect(told).toMatchObject({ decision: 'rollback', reason: { code: 'HARM_SHOWN' } })
    expect(told.reason.summary).toContain('alerts')
    expect(told.metrics[1]).toMatchObject({ name: 'alerts', weight: 0.5, finding: 'harm-shown' })
  })

  test('roll nothing back when the baseline has them too, or when there is one', async () => {
    const both = await release({ '1': minutes, '2': minutes })
    expect(both).toMatchObject({ decision: 'promote', metrics: [{}, { finding: 'undecided' }] })
    const one = await release({ '1': [], '2': [3] })
    expect(one).toMatchObject({ decision: 'promote', metrics: [{}, { finding: 'undecided' }] })
  })

  test('count once, however often they are repeated, and when Davy is told of them', async () => {
    let now = startedAt
    const alerts = new Alerts(factsInMemory(() => now).store, () => now)
    const source = alerts.source()
    const labels = { alertname: 'Burn', service: 'checkout', version: '2' }
    const fired = { status: 'firing', labels, summary: '', startsAt: deployment.startedAt, url: null } as const
    for (const minute of [2, 5, 70, 135]) {
      now = startedAt + minute * 60_000
      await alerts.receive([fired, fired])
    }
    const hour = (index: number) => ({ from: startedAt + index * 3_600_000, to: startedAt + (index + 1) * 3_600_000 })
    const question = { deployment, metric: spec, windows: [hour(0), hour(1), hour(2)] }
    const told = await source.ask(question, AbortSignal.timeout(1000))
    expect(told.map(({ canary }) => canary.events)).toEqual([1, 0, 0].map((count) => ({ alerts: { alerts: count } })))
  })

  test('of a time that is forgotten are not known, which is not the same as none', async () => {
    const alerts = new Alerts(factsInMemory(() => startedAt).store, () => startedAt)
    const windows = [{ from: startedAt - 25 * 3_600_000, to: startedAt - 24 * 3_600_000 }]
    const asked = alerts.source().ask({ deployment, metric: spec, windows }, AbortSignal.timeout(1000))
    await expect(asked).rejects.toMatchObject({ code: 'SOURCE_DOWN' })
  })
})
