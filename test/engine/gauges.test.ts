import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Template } from '../../src/domain/template.ts'
import { resumeTrial } from '../../src/engine/resume-trial.ts'
import { random } from '../stats/random.ts'
import { type Lab, openLab, type Process, quick, sequenceOf, tickMs, traffic } from './lab.ts'

const minute = 60_000
const saturation: Template = {
  ...quick,
  name: 'saturation',
  metrics: [
    ...quick.metrics.map((metric) => ({ ...metric, weight: 0.3 })),
    {
      name: 'memory',
      kind: 'gauge',
      source: 'metrics',
      instruments: ['process.memory.usage', 'container.memory.working_set'],
      direction: 'increase',
      weight: 0.2,
      group: 'saturation',
      margin: 1.25,
      promoteMargin: 2,
      critical: false,
    },
    {
      name: 'restarts',
      kind: 'count',
      source: 'metrics',
      instruments: ['k8s.container.restarts'],
      direction: 'increase',
      weight: 0.2,
      group: 'saturation',
      margin: 1,
      promoteMargin: 2,
      critical: false,
    },
  ],
}

let lab: Lab
let davy: Process

beforeAll(async () => {
  lab = await openLab()
  davy = await lab.start({ templates: [quick, saturation] })
})
afterAll(() => lab.close())

type Pods = { readonly service: string; readonly version: string; readonly pods: number }

function metricRow({ service, version }: Pods, metric: string, pod: number, at: number, value: number) {
  return {
    ...{ Service: service, MetricName: metric, T: at / 1000, Kind: 'gauge', Environment: 'default', Version: version },
    ...{ Pod: `${version}-${pod}`, Series: pod + 1, N: 1, S: value, Min: value, Max: value },
  }
}

/** Every pod's memory twice a minute, around `level` of `usual`. */
function memory(of: Pods, level: number, from: number, to: number, seed: number) {
  const source = random(seed)
  const own = Array.from({ length: of.pods }, () => 0.05 * source.normal())
  const rows: object[] = []
  for (let at = from; at < to; at += 3 * tickMs) {
    for (const [pod, effect] of own.entries()) {
      const value = 400e6 * level * Math.exp(effect + 0.02 * source.normal())
      rows.push(metricRow(of, 'container.memory.working_set', pod, at, value))
    }
  }
  return rows
}

/** Every pod's restarts as Kubernetes tells them, a count that only rises. */
function restarts(of: Pods, from: number, to: number, every: number | null) {
  const rows: object[] = []
  for (let at = from; at < to; at += 3 * tickMs) {
    for (let pod = 0; pod < of.pods; pod += 1) {
      const count = every === null || at < from + minute ? 0 : Math.floor((at - from) / every)
      rows.push(metricRow(of, 'k8s.container.restarts', pod, at, count))
    }
  }
  return rows
}

async function rollOut(service: string, level: number, restartsEvery: number | null) {
  const start = lab.now
  const [baseline, canary] = [
    { service, version: '1', pods: 4 },
    { service, version: '2', pods: 2 },
  ]
  const hour = 60 * minute
  const end = start + 10 * minute
  await lab.insert(traffic({ service, version: '1', pods: 4 }, start - minute, end, 1))
  await lab.insert(traffic({ service, version: '2', pods: 2 }, start, end, 2))
  const points = [
    ...memory(baseline, 1, start - hour, end, 3),
    ...memory(canary, level, start, end, 4),
    ...restarts(baseline, start - hour, end, null),
    ...restarts(canary, start, end, restartsEvery),
  ]
  await lab.storage.insertRows('rollup_metrics_10s', points, `metrics/${service}`)
  const { deployment } = await davy.deployments.register({
    service,
    canary: { version: '2' },
    baseline: { version: '1' },
    template: 'saturation',
    startedAt: new Date(start).toISOString(),
  })
  for (let ended = lab.now + 10 * minute; lab.now < ended; lab.now += minute) await davy.conveyor.tick()
  return deployment
}

describe('what pods tell of themselves', () => {
  test('a canary that takes twice the memory is rolled back for it, and a restart folds the same rows', async () => {
    const deployment = await rollOut('hungry', 2.2, null)
    const looks = await davy.looks.list(deployment.id)
    const last = looks.at(-1)!.verdict
    expect(last).toMatchObject({ decision: 'rollback', reason: { code: 'HARM_SHOWN' } })
    expect(last.reason.summary).toMatch(/memory is \d{3} M against \d{3} M for 1/)
    expect(last.metrics.find(({ name }) => name === 'memory')).toMatchObject({ finding: 'harm-shown', kind: 'gauge' })
    expect(looks[0]!.evidence.gaugeHistories?.memory).toMatchObject({ instrument: 'container.memory.working_set' })
    const resumed = await resumeTrial(deployment, looks.slice(0, -1), davy.judge)
    const again = resumed.observe(looks.at(-1)!.evidence.slice!, looks.at(-1)!.at)
    expect(JSON.stringify(again.metrics)).toBe(JSON.stringify(last.metrics))
  })

  test('a canary that restarts is rolled back for it', async () => {
    const deployment = await rollOut('crashing', 1, minute)
    const last = (await davy.looks.list(deployment.id)).at(-1)!.verdict
    expect(last).toMatchObject({ decision: 'rollback' })
    expect(last.metrics.find(({ name }) => name === 'restarts')).toMatchObject({ kind: 'count', finding: 'harm-shown' })
  })

  test('a canary like the others is not', async () => {
    const deployment = await rollOut('steady', 1, null)
    expect((await sequenceOf(davy, deployment.id)).map(({ decision }) => decision)).not.toContain('rollback')
  })
})
