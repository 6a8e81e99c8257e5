import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Deployment } from '../../src/domain/deployment.ts'
import type { Look } from '../../src/domain/look.ts'
import type { Verdict } from '../../src/domain/verdict.ts'
import { isChange } from '../../src/judges/verdict/verdict-of.ts'
import { runDavy } from '../cli/run-davy.ts'
import { jsonTraces, type RequestSpan } from '../davy.ts'
import { quick } from '../engine/lab.ts'
import { callOf } from '../http/client.ts'
import { random } from '../stats/random.ts'

const repository = new URL('../../', import.meta.url)
const directory = mkdtempSync(join(tmpdir(), 'davy-release-'))
const children: ChildProcess[] = []
const template = { ...quick, name: 'short', watermarkSeconds: 10, minimum: { seconds: 30, requests: 300 } }

type Davy = { readonly process: ChildProcess; readonly url: string; readonly otlpUrl: string }

/** `davy serve` as people run it; ready when it says so. A later one takes the ports of the first. */
async function serve(before?: Davy): Promise<Davy> {
  const child = spawn(process.execPath, ['src/main.ts', 'serve'], {
    cwd: repository,
    env: {
      PATH: process.env.PATH,
      UV_THREADPOOL_SIZE: '16',
      DAVY_STORAGE_URL: `chdb:${join(directory, 'data')}`,
      DAVY_PORT: before === undefined ? '0' : new URL(before.url).port,
      DAVY_OTLP_HTTP_PORT: before === undefined ? '0' : new URL(before.otlpUrl).port,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  for await (const line of createInterface({ input: child.stdout })) {
    const { msg, address, otlp } = JSON.parse(line) as { msg: string; address: string; otlp: string }
    if (msg !== 'Davy is ready') continue
    child.stdout.resume()
    return { process: child, url: address, otlpUrl: otlp }
  }
  throw new Error(`Davy did not start: exit code ${child.exitCode}`)
}

function startPod(service: string, version: string, pod: string, failing: number): void {
  const env = { SERVICE: service, VERSION: version, POD: pod, RPS: '25', FAILING: String(failing), OTLP: davy.otlpUrl }
  const child = spawn(process.execPath, [fileURLToPath(new URL('pod.ts', import.meta.url))], {
    cwd: repository,
    env: { PATH: process.env.PATH, OTEL_BSP_SCHEDULE_DELAY: '1000', ...env },
    stdio: 'inherit',
  })
  children.push(child)
}

const call = <T>(method: string, path: string, body?: object): Promise<T> => callOf<T>(davy, method, path, body)

/** Asks until the answer is the wanted one; what cannot be answered for the moment is asked again. */
async function until<T>(ask: () => Promise<T>, isWanted: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask().catch(() => null)
    if (answer !== null && isWanted(answer)) return answer
    await sleep(500)
  }
}

type Evidence = {
  readonly engine: string
  readonly deployment: Omit<Deployment, 'template'>
  readonly template: Deployment['template']
  readonly looks: readonly Omit<Look, 'deploymentId'>[]
}

const verdictOfId = (id: string) => () => call<Verdict>('GET', `/api/v1/deployments/${id}/verdict`)
const looksOf = async (id: string) => (await call<Evidence>('GET', `/api/v1/deployments/${id}/evidence`)).looks

let davy: Davy

beforeAll(async () => {
  davy = await serve()
  await call('PUT', `/api/v1/templates/${template.name}`, template)
})
afterAll(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  rmSync(directory, { recursive: true, force: true })
})

describe('a bad release, told by the OpenTelemetry SDK', () => {
  test('is rolled back, and a kill -9 in the middle changes neither looks nor verdict', async () => {
    for (const pod of ['a', 'b']) {
      startPod('checkout', '2.4.0', `checkout-old-${pod}`, 0.03)
      startPod('checkout', '2.4.1', `checkout-new-${pod}`, 0.5)
    }
    type Services = { readonly items: readonly { readonly name: string }[] }
    await until(
      () => call<Services>('GET', '/api/v1/services'),
      ({ items }) => items.some(({ name }) => name === 'checkout'),
    )
    const { id } = await call<{ id: string }>('POST', '/api/v1/deployments', {
      ...{ service: 'checkout', canary: { version: '2.4.1' }, baseline: { version: '2.4.0' }, template: template.name },
    })
    await until(verdictOfId(id), ({ look }) => look >= 2)
    const before = await looksOf(id)
    davy.process.kill('SIGKILL')
    await once(davy.process, 'exit')
    davy = await serve(davy)

    const verdict = await until(verdictOfId(id), ({ final }) => final)
    expect(verdict).toMatchObject({ decision: 'rollback', reason: { code: 'HARM_SHOWN' }, mode: 'enforce' })
    expect(verdict.reason.summary).toContain('POST /pay')
    expect(verdict.metrics[0]?.canary.pods).toBe(2)

    await until(
      () => call<Deployment>('GET', `/api/v1/deployments/${id}`),
      ({ status }) => status === 'closed',
    )
    const evidence = await call<Evidence>('GET', `/api/v1/deployments/${id}/evidence`)
    expect(evidence.deployment).toMatchObject({ status: 'closed', outcome: 'rolled-back' })
    expect(evidence.looks.slice(0, before.length)).toEqual(before)
    // One judge that was never interrupted says at each look, from the slices on record, what is on record.
    expect(await runDavy(['replay', '-'], { input: JSON.stringify(evidence) })).toMatchObject({ exitCode: 0 })
    const { items } = await call<{ items: Verdict[] }>('GET', `/api/v1/deployments/${id}/verdicts`)
    expect(items.at(-1)).toEqual(verdict)
    expect(items.filter((item, index) => index > 0 && isChange(items[index - 1]!, item)).at(-1)).toEqual(verdict)
  })
})

describe('a release that does no harm', () => {
  test('is promoted from telemetry that is already there, as an analysis of the same time says', async () => {
    const end = Math.floor(Date.now() / 10_000) * 10_000 - 20_000
    const start = end - 240_000
    await send(['1', '2'].flatMap((version, index) => requests('cart', version, start, end, index + 1)))
    type Service = { readonly versions: readonly { readonly requests: number }[] }
    const all = ({ versions }: Service) => versions.reduce((sum, { requests }) => sum + requests, 0) === 2 * 240 * 60
    await until(() => call<Service>('GET', '/api/v1/services/cart'), all)
    const cohorts = { service: 'cart', canary: { version: '2' }, baseline: { version: '1' }, template: template.name }
    const { id } = await call<{ id: string }>('POST', '/api/v1/deployments', {
      ...cohorts,
      startedAt: new Date(start).toISOString(),
    })
    const verdict = await until(verdictOfId(id), ({ decision }) => decision !== 'hold')
    expect(verdict).toMatchObject({ decision: 'promote', final: false, reason: { code: 'HARM_RULED_OUT' } })
    const live = await until(
      () => looksOf(id),
      (looks) => looks.length > 24,
    )
    const { looks } = await call<{
      looks: { look: number; decision: string; eValue: number; promoteEValue: number }[]
    }>('POST', '/api/v1/analyses', { ...cohorts, from: new Date(start).toISOString(), to: new Date(end).toISOString() })
    expect(looks).toHaveLength(24)
    for (const { look, decision, eValue, promoteEValue } of looks) {
      const row = live[look]?.verdict
      expect([row?.decision, row?.confidence.eValue, row?.confidence.promoteEValue]).toEqual([
        decision,
        eValue,
        promoteEValue,
      ])
    }
  })
})

/** 60 requests a second of three pods, with 2% of errors. */
function requests(service: string, version: string, from: number, to: number, seed: number): RequestSpan[] {
  const source = random(seed)
  const count = ((to - from) / 1000) * 60
  return Array.from({ length: count }, (_, index) => ({
    ...{
      service,
      version,
      pod: `${service}-${version}-${index % 3}`,
      route: index % 2 === 0 ? 'GET /cart' : 'POST /pay',
    },
    endAt: from + ((index + source.uniform()) * (to - from)) / count,
    seconds: 0.03 * Math.exp(0.4 * source.normal()),
    error: source.uniform() < 0.02,
  }))
}

async function send(spans: readonly RequestSpan[]): Promise<void> {
  for (let from = 0; from < spans.length; from += 5000) {
    const response = await fetch(`${davy.otlpUrl}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: jsonTraces(spans.slice(from, from + 5000)),
    })
    expect(response.status).toBe(200)
    await response.arrayBuffer()
  }
}
