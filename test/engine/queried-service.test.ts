import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { MetricSpec, Template } from '../../src/domain/template.ts'
import type { Verdict } from '../../src/domain/verdict.ts'
import { createDatadogSource } from '../../src/sources/datadog/datadog-source.ts'
import { until } from '../davy.ts'
import { type SentValue, startDatadog } from '../sources/datadog/datadog-simulator.ts'
import { type Lab, openLab, type Process, quick, tickMs } from './lab.ts'

const [errors] = quick.metrics as readonly [MetricSpec]
const filter = `{service:\${service},version:\${version}}`
const policy: Template = {
  ...{ ...quick, name: 'datadog' },
  metrics: [
    {
      ...{ ...errors, name: 'declines', source: 'datadog' },
      query: { total: `hits${filter}`, errors: `declines${filter}`, delaySeconds: 0 },
    },
  ],
}
const minute = 60_000

/** What three pods of a version send in each tick. */
function sentBy(service: string, version: string, failed: number, from: number, to: number): SentValue[] {
  const sent: SentValue[] = []
  for (let at = from; at < to; at += tickMs) {
    for (const pod of ['a', 'b', 'c']) {
      const tags = { service, version, pod_name: `${version}-${pod}` }
      sent.push({ metric: 'hits', at, value: 200, tags })
      // Datadog tells nothing of what did not happen.
      if (failed > 0) sent.push({ metric: 'declines', at, value: failed, tags })
    }
  }
  return sent
}

const directory = mkdtempSync(join(tmpdir(), 'davy-queried-'))
const keyFile = (name: string) => join(directory, name)
const failing = new Set<string>()
let lab: Lab
let datadog: Awaited<ReturnType<typeof startDatadog>>
let source: ReturnType<typeof createDatadogSource>
let davy: Process

beforeAll(async () => {
  lab = await openLab()
  for (const name of ['api', 'application']) writeFileSync(keyFile(name), `${name}-secret\n`)
  const [start, end] = [lab.now, lab.now + 20 * minute]
  const sent = ['failing', 'breaking'].flatMap((service) => [
    ...sentBy(service, '1', 4, start - 10 * minute, end),
    ...sentBy(service, '2', service === 'failing' ? 60 : 4, start, end),
  ])
  datadog = await startDatadog(sent, ({ body }) =>
    [...failing].some((service) => JSON.stringify(body).includes(`service:${service}`)),
  )
  source = createDatadogSource({
    ...{ site: 'datadoghq.com', url: datadog.url, timeoutSeconds: 8, concurrency: 4 },
    ...{ apiKeyFile: keyFile('api'), applicationKeyFile: keyFile('application') },
  })
  davy = await lab.start({ templates: [policy], sources: new Map([['datadog', source] as const]) })
})
afterAll(async () => {
  davy.conveyor.stop()
  await source.close()
  await datadog.close()
  await lab.close()
  rmSync(directory, { recursive: true })
})

async function register(service: string) {
  const { deployment } = await davy.deployments.register({
    ...{ service, canary: { version: '2' }, baseline: { version: '1' }, template: 'datadog' },
    startedAt: new Date(lab.now).toISOString(),
  })
  return deployment.id
}

/** Lets the clock go on, look by look, until a deployment's newest verdict is as wanted. */
async function runUntil(id: string, what: string, isWanted: (verdict: Verdict) => boolean) {
  let before = 0
  return until(
    async () => {
      await davy.conveyor.tick()
      const looks = await davy.looks.list(id)
      const verdict = looks.at(-1)?.verdict
      if (verdict !== undefined && isWanted(verdict)) return verdict
      // Whoever failed is asked again a while later, so the clock goes on without a look too.
      lab.now += looks.length > before ? tickMs : 1000
      before = looks.length
      return null
    },
    what,
    100_000,
  )
}

/** Requests and errors of the canary in all looks, and how many ticks they are about. */
async function toldOf(id: string) {
  const slices = (await davy.looks.list(id)).flatMap(({ evidence }) => evidence.slice ?? [])
  const sum = (key: 'requests' | 'errors') => slices.reduce((all, { canary }) => all + canary[key], 0)
  return {
    ticks: (slices.at(-1)!.to - slices[0]!.from) / tickMs,
    ...{ requests: sum('requests'), errors: sum('errors') },
  }
}

describe('a template that takes its errors from Datadog alone', () => {
  test('rolls a failing canary back, by what Datadog told', async () => {
    const id = await register('failing')
    const verdict = await runUntil(id, 'a rollback', ({ decision }) => decision === 'rollback')
    expect(verdict).toMatchObject({ reason: { code: 'HARM_SHOWN' }, final: true, metrics: [{ name: 'declines' }] })
    expect(verdict.metrics[0]).toMatchObject({ canary: { pods: 3 }, baseline: { pods: 3 } })
    const { ticks, requests, errors } = await toldOf(id)
    expect({ requests, errors }).toEqual({ requests: ticks * 600, errors: ticks * 180 })
  }, 120_000)

  test('holds while Datadog answers 500, and says so', async () => {
    const id = await register('breaking')
    await runUntil(id, 'a look', () => true)
    failing.add('breaking')
    const isDown = ({ reason }: Verdict) => reason.code === 'SOURCE_DOWN'
    const down = await runUntil(id, 'SOURCE_DOWN', isDown)
    expect(down).toMatchObject({ decision: 'hold', final: false, metrics: [{ finding: 'error' }] })
    expect(down.metrics[0]!.fault).toContain('status 500, Internal error')
    expect(JSON.stringify(down)).not.toMatch(/-secret/)
  }, 120_000)
})
