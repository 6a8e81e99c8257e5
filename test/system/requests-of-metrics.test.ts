import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Template } from '../../src/domain/template.ts'
import { resumeTrial } from '../../src/engine/resume-trial.ts'
import { analysePast } from '../../src/engine/retrospective.ts'
import { type Lab, openLab, type Process, quick, sequenceOf } from '../engine/lab.ts'
import { conventionalBounds, exports, type Server } from '../engine/metric-requests.ts'

const minute = 60_000
const counted: Template = {
  ...quick,
  name: 'counted',
  blockSeconds: 60,
  metrics: quick.metrics.map((metric) => ({
    ...metric,
    source: 'metrics',
    // The conventional buckets are up to 2.5 times as wide as the one before: what lies within one cannot be ruled out.
    ...(metric.kind === 'distribution' ? { margin: 1.25, promoteMargin: 3 } : {}),
  })),
}

let lab: Lab
let davy: Process

beforeAll(async () => {
  lab = await openLab()
  davy = await lab.start({ templates: [quick, counted] })
})
afterAll(() => lab.close())

let inserts = 0
async function store(server: Server, from: number, to: number, seed: number) {
  const table = typeof server.buckets === 'number' ? 'otel_metrics_exponential_histogram' : 'otel_metrics_histogram'
  inserts += 1
  await lab.storage.insertRows(table, exports(server, from, to, seed), `exports/${inserts}`)
}

type Rollout = {
  readonly service: string
  readonly told: Pick<Server, 'temporality' | 'buckets'>
  readonly canary?: Partial<Server>
  readonly minutes?: number
}

/** A canary of two pods beside six of the baseline; in the middle all of them start anew, as after a crash. */
async function rollOut({ service, told, canary = {}, minutes = 15 }: Rollout) {
  const start = lab.now
  const end = start + minutes * minute
  const restartAt = start + 3.5 * minute
  const common = { service, ...told, restartAt }
  await store({ ...common, version: '1', pods: 6 }, start - 20 * minute, end, 1)
  await store({ ...common, version: '2', pods: 2, rps: 30, ...canary }, start, end, 2)
  const { deployment } = await davy.deployments.register({
    ...{ service, canary: { version: '2' }, baseline: { version: '1' }, template: 'counted' },
    startedAt: new Date(start).toISOString(),
  })
  for (lab.now = start; lab.now <= end; lab.now += minute) await davy.conveyor.tick()
  const looks = await davy.looks.list(deployment.id)
  return { deployment, looks, last: looks.at(-1)!.verdict }
}

describe.each<{ name: string; told: Pick<Server, 'temporality' | 'buckets'> }>([
  { name: 'cumulative-explicit', told: { temporality: 'cumulative', buckets: conventionalBounds } },
  { name: 'delta-explicit', told: { temporality: 'delta', buckets: conventionalBounds } },
  { name: 'cumulative-exponential', told: { temporality: 'cumulative', buckets: 3 } },
  { name: 'delta-exponential', told: { temporality: 'delta', buckets: 6 } },
])('requests of $name histograms, without a span', ({ name, told }) => {
  test('roll back a canary that fails more often, and a restart folds the same rows', async () => {
    const { deployment, looks, last } = await rollOut({ service: `fails ${name}`, told, canary: { failing: 0.2 } })
    expect(last).toMatchObject({ decision: 'rollback', reason: { code: 'HARM_SHOWN' } })
    expect(last.metrics.find(({ kind }) => kind === 'proportion')).toMatchObject({ finding: 'harm-shown' })
    expect(looks[0]!.evidence).toMatchObject({ requestsFrom: 'http.server.request.duration' })
    const resumed = await resumeTrial(deployment, looks.slice(0, -1), davy.judge)
    expect(resumed.requestsFrom).toBe('http.server.request.duration')
    const again = resumed.observe(looks.at(-1)!.evidence.slice!, looks.at(-1)!.at)
    expect(JSON.stringify(again.metrics)).toBe(JSON.stringify(last.metrics))
  })

  test('roll back a canary that is slower', async () => {
    const { last } = await rollOut({ service: `slow ${name}`, told, canary: { median: 0.18 } })
    expect(last).toMatchObject({ decision: 'rollback', reason: { code: 'HARM_SHOWN' } })
    expect(last.metrics.find(({ kind }) => kind === 'distribution')).toMatchObject({ finding: 'harm-shown' })
  })

  test('promote one like the others', async () => {
    const { deployment, looks, last } = await rollOut({ service: `well ${name}`, told })
    const slices = looks.flatMap(({ evidence }) => evidence.slice ?? [])
    const seconds = (slices.at(-1)!.to - slices[0]!.from) / 1000
    const counted = slices.reduce((sum, { canary }) => sum + canary.requests, 0)
    // Nothing twice and nothing left out, over the restart too: chance moves it by less than a hundredth.
    expect(counted / seconds / 30).toBeGreaterThan(0.95)
    expect(counted / seconds / 30).toBeLessThan(1.05)
    expect(last).toMatchObject({ decision: 'promote', reason: { code: 'HARM_RULED_OUT' } })
    expect((await sequenceOf(davy, deployment.id)).map(({ decision }) => decision)).not.toContain('rollback')
  })
})

describe('what an SDK tells', () => {
  const told = { temporality: 'cumulative', buckets: conventionalBounds } as const

  test('a difference within one bucket is not seen, and one that crosses its edge within the margin is none', async () => {
    // 40 ms to 45 ms lies within the bucket of 25 ms to 50 ms; 48 ms to 53 ms is as near and crosses 50 ms.
    for (const [name, own, others] of [
      ['within', 0.045, 0.04],
      ['across', 0.0528, 0.048],
    ] as const) {
      const service = `narrow ${name}`
      const start = lab.now
      const end = start + 15 * minute
      await store({ service, version: '1', pods: 6, ...told, median: others }, start - 20 * minute, end, 3)
      await store({ service, version: '2', pods: 2, ...told, median: own }, start, end, 4)
      const { deployment } = await davy.deployments.register({
        ...{ service, canary: { version: '2' }, baseline: { version: '1' }, template: 'counted' },
        startedAt: new Date(start).toISOString(),
      })
      for (lab.now = start; lab.now <= end; lab.now += minute) await davy.conveyor.tick()
      const decisions = (await sequenceOf(davy, deployment.id)).map(({ decision }) => decision)
      expect(decisions).not.toContain('rollback')
    }
  })

  test('other boundaries in the canary make no difference up', async () => {
    const buckets = [0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56]
    const { deployment } = await rollOut({ service: 'other bounds', told, canary: { buckets } })
    expect((await sequenceOf(davy, deployment.id)).map(({ decision }) => decision)).not.toContain('rollback')
    const slow = await rollOut({ service: 'other bounds, slow', told, canary: { buckets, median: 0.24 } })
    expect(slow.last).toMatchObject({ decision: 'rollback' })
  })

  test('two instruments for the same requests count once, by the one that the baseline reported first in the list', async () => {
    const [service, start] = ['both names', lab.now]
    const end = start + 2 * minute
    const both = ['http.server.duration', 'http.server.request.duration']
    for (const instrument of both) {
      await store({ service, version: '1', pods: 3, ...told, instrument }, start - 10 * minute, end, 5)
      await store({ service, version: '2', pods: 3, ...told, instrument }, start, end, 6)
    }
    const { deployment } = await davy.deployments.register({
      ...{ service, canary: { version: '2' }, baseline: { version: '1' }, template: 'counted' },
      startedAt: new Date(start).toISOString(),
    })
    for (lab.now = start; lab.now <= end + minute; lab.now += minute) await davy.conveyor.tick()
    const slices = (await davy.looks.list(deployment.id)).flatMap(({ evidence }) => evidence.slice ?? [])
    const seen = slices.reduce((sum, { canary }) => sum + canary.requests, 0)
    const totals = await davy.rollups.durationTotals([service], both, start, end)
    expect(totals.filter(({ version }) => version === '2').map(({ requests }) => requests).length).toBe(6)
    const one = totals.filter(({ version, metric }) => version === '2' && metric === both[1])
    expect(seen).toBe(one.reduce((sum, { requests }) => sum + requests, 0))
    expect(slices.at(-1)?.late ?? { baseline: 0, canary: 0 }).toMatchObject({ baseline: 0, canary: 0 })
  })

  test('the past is judged from them too', async () => {
    const [service, start] = ['past', lab.now]
    const end = start + 10 * minute
    await store({ service, version: '1', pods: 6, ...told }, start - 20 * minute, end, 7)
    await store({ service, version: '2', pods: 2, ...told, failing: 0.2 }, start, end, 8)
    const [from, to] = [new Date(start).toISOString(), new Date(end).toISOString()]
    const { calibrations, judge, rollups, sources } = davy
    const options = {
      ...{ calibrations, judge, rollups, sources, engine: 'davy/test', publicUrl: 'http://davy.test' },
      ...{ now: () => end + minute, oldestUnstoredAt: () => null },
    }
    const request = { service, canary: { version: '2' }, baseline: { version: '1' }, from, to }
    const { verdict } = await analysePast(options, request, counted)
    expect(verdict).toMatchObject({ decision: 'rollback', reason: { code: 'HARM_SHOWN' } })
  })
})
