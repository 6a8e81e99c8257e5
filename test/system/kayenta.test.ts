import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hashToken } from '../../src/platform/tokens.ts'
import { protobufTraces, type RequestSpan, until } from '../davy.ts'
import { type Caller, callerOf } from '../http/client.ts'
import { random } from '../stats/random.ts'
import { type KayentaMetric, type Phase, resumeMeasurement, runMeasurement } from './kayenta/argo-kayenta-client.ts'

const repository = new URL('../../', import.meta.url)
const directory = mkdtempSync(join(tmpdir(), 'davy-kayenta-'))
const token = 'davy_a-token-of-this-test'
const minuteMs = 60_000
const minutes = 40

let child: ChildProcess
let address: string
let call: Caller

/** `davy serve` as a process of its own, over the same directory each time. */
async function start(): Promise<{ readonly url: string; readonly otlpUrl: string }> {
  child = spawn(process.execPath, ['src/main.ts', 'serve'], {
    cwd: repository,
    env: {
      ...{ PATH: process.env.PATH, UV_THREADPOOL_SIZE: '16', DAVY_STORAGE_URL: `chdb:${join(directory, 'data')}` },
      ...{ DAVY_PORT: '0', DAVY_OTLP_HTTP_PORT: '0', DAVY_OTLP_GRPC_PORT: '0' },
      DAVY_TOKENS_FILE: join(directory, 'tokens.yaml'),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (chunk) => (text += chunk))
  const line = await until(
    async () => {
      if (child.exitCode !== null) throw new Error(`Davy ended: ${text}`)
      return text.split('\n').find((each) => each.includes('Davy is ready'))
    },
    'Davy is ready',
    60_000,
  )
  const { address: url, otlp } = JSON.parse(line) as { address: string; otlp: string }
  address = `${url.replace('//', `//argo:${token}@`)}/kayenta`
  const open = callerOf({ url })
  call = (method, path, body) => open(method, path, body, { authorization: `Bearer ${token}` })
  return { url, otlpUrl: otlp }
}

async function kill(): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await new Promise((resolve) => child.once('exit', resolve))
}

/** Requests of a version over the last 40 minutes, one every two seconds. */
function traffic(version: string, errors: number, seconds: number, seed: number, now: number): RequestSpan[] {
  const { uniform } = random(seed)
  return Array.from({ length: minutes * 30 }, (_, i) => ({
    ...{ service: 'checkout', version, route: 'POST /pay', pod: `checkout-${version}-${i % 3}` },
    ...{ endAt: now - i * 2000, error: uniform() < errors, seconds: seconds * Math.exp(0.3 * (uniform() - 0.5)) },
    resource: { 'deployment.environment.name': 'production' },
  }))
}

const canary = { direction: 'increase', effectSize: { allowedIncrease: 1.25, criticalIncrease: 2 } }
const metric = (name: string, query: object, more: object) => ({
  ...{ name, scopeName: 'default', groups: [name], query: { type: 'davy', ...query } },
  analysisConfigurations: { canary: { ...canary, ...more } },
})
const config = (name: string, judge: string, more: object = {}) => ({
  ...{ name, applications: ['checkout'], configVersion: '1', judge: { name: judge, judgeConfigurations: {} } },
  metrics: [
    metric('errors', { metricName: 'error-rate' }, { critical: true, nanStrategy: 'replace', ...more }),
    metric('latency', { metricName: 'latency', quantile: 0.5 }, {}),
  ],
  classifier: { groupWeights: { errors: 60, latency: 40 } },
})

let now: number
beforeAll(async () => {
  writeFileSync(join(directory, 'tokens.yaml'), `- {name: argo, role: admin, hash: "${hashToken(token)}"}\n`)
  const davy = await start()
  // Long enough ago to be whole as soon as it is stored.
  now = Date.now() - 25_000
  const spans = [
    ...traffic('1', 0.05, 0.1, 1, now),
    ...traffic('2-good', 0.05, 0.1, 2, now),
    ...traffic('2-bad', 0.4, 0.3, 3, now),
  ]
  const taken = await fetch(`${davy.otlpUrl}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf', authorization: `Bearer ${token}` },
    body: new Uint8Array(protobufTraces(spans)),
  })
  if (taken.status !== 200) throw new Error(await taken.text())
  const tripled = { effectSize: { allowedIncrease: 3 } }
  const configs = [
    config('compatible', 'NetflixACAJudge-v1.0'),
    config('own', 'Davy-v1', tripled),
    config('strict', 'Davy-v1', { effectSize: { allowedIncrease: 1.02 } }),
  ]
  for (const each of configs) {
    const answer = await call('POST', '/kayenta/canaryConfig', each)
    if (answer.status !== 200) throw new Error(answer.text)
  }
})
afterAll(async () => {
  await kill()
  rmSync(directory, { recursive: true, force: true })
})

const iso = (at: number) => new Date(at).toISOString()

/** What an AnalysisTemplate with the Kayenta provider says; times as the controller fills them in. */
function argoMetric(canaryConfigName: string, experiment: string, control = '1'): KayentaMetric {
  const scope = (name: string) => ({
    ...{ scope: name, region: 'production', step: 60, start: iso(now - 30 * minuteMs), end: iso(now) },
  })
  return {
    ...{ address, application: 'checkout', canaryConfigName, metricsAccountName: 'davy' },
    ...{ configurationAccountName: 'my-s3', storageAccountName: 'my-s3', threshold: { pass: 90, marginal: 75 } },
    scopes: [{ name: 'default', controlScope: scope(control), experimentScope: scope(experiment) }],
  }
}

async function measured(metricOf: () => KayentaMetric, id: string): Promise<Phase> {
  return until(() => resumeMeasurement(metricOf(), id), `the measurement ${id}`, 60_000)
}

test.each(['compatible', 'own'] as const)(
  "Argo's provider gets Successful for a good release and Failed for a bad one from the %s judge",
  async (name) => {
    const ids = await Promise.all(['2-good', '2-bad'].map((version) => runMeasurement(argoMetric(name, version))))
    const phases = await Promise.all(ids.map((id) => measured(() => argoMetric(name, ''), id)))
    const { body } = await call('GET', `/kayenta/canary/${ids[1]}`)
    expect(phases, JSON.stringify(body.result?.judgeResult ?? body.exception)).toEqual(['Successful', 'Failed'])
    expect(body).toMatchObject({ status: 'succeeded', canaryConfigId: expect.any(String), application: 'checkout' })
    const pairs = await call('GET', `/kayenta/metricSetPairList/${body.metricSetPairListId}`)
    expect(pairs.body.map(({ values }: { values: { control: [] } }) => values.control.length)).toEqual([30, 30])
  },
)

test("Davy's own judge is Inconclusive where 900 requests cannot tell 2% more errors", async () => {
  const id = await runMeasurement(argoMetric('strict', '1', '2-good'))
  expect(await measured(() => argoMetric('strict', ''), id)).toBe('Inconclusive')
})

test('a run that a kill interrupts is made after the restart, and older results are there', async () => {
  const { body: older } = await call('GET', '/kayenta/canary/executions?application=checkout')
  // Nothing of the last seconds is whole yet, so that the run waits and the kill comes before its result.
  const end = Date.now() - 8000
  const fresh = argoMetric('compatible', '2-bad')
  const [first] = fresh.scopes
  const recent = { start: iso(end - 30 * minuteMs), end: iso(end) }
  const scopes = [
    {
      name: 'default',
      controlScope: { ...first!.controlScope, ...recent },
      experimentScope: { ...first!.experimentScope, ...recent },
    },
  ]
  const id = await runMeasurement({ ...fresh, scopes })
  expect(await resumeMeasurement(fresh, id)).toBeNull()
  await kill()
  await start()
  expect(await measured(() => argoMetric('compatible', ''), id)).toBe('Failed')
  const { body: listed } = await call('GET', '/kayenta/canary/executions?application=checkout')
  expect(listed.slice(1)).toEqual(older)
})

test('a standalone analysis as Spinnaker starts one judges in intervals, passes the good and stops at the bad', async () => {
  const configs = (await call('GET', '/kayenta/canaryConfig')).body as { id: string; name: string; applications: [] }[]
  const [found, ...more] = configs.filter(({ name }) => name === 'compatible')
  expect(more).toEqual([])
  const started = async (experimentScope: string) => {
    const times = { startTimeIso: iso(now - 36 * minuteMs), endTimeIso: iso(now), step: 60 }
    const scope = { scopeName: 'default', controlScope: '1', controlLocation: 'production', experimentScope }
    const answer = await call('POST', `/kayenta/standalone_canary_analysis/${found?.id}?application=checkout&user=ci`, {
      scopes: [{ ...scope, experimentLocation: 'production', ...times }],
      ...{ thresholds: { marginal: 75, pass: 90 }, analysisIntervalMins: 12 },
    })
    expect(answer.status).toBe(200)
    return answer.body.canaryAnalysisExecutionId as string
  }
  const ended = (id: string) =>
    until(
      async () => {
        const { body } = await call('GET', `/kayenta/standalone_canary_analysis/${id}`)
        return body.complete ? body : null
      },
      `the analysis ${id}`,
      60_000,
    )
  const [good, bad] = await Promise.all((await Promise.all([started('2-good'), started('2-bad')])).map(ended))
  expect(good).toMatchObject({
    ...{ executionStatus: 'SUCCEEDED', user: 'ci' },
    canaryAnalysisExecutionResult: { didPassThresholds: true, canaryScores: [100, 100, 100] },
  })
  expect(bad).toMatchObject({
    executionStatus: 'TERMINAL',
    canaryAnalysisExecutionResult: { didPassThresholds: false, canaryScores: [0], hasWarnings: true },
  })
})
