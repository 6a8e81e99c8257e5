import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import type { Caller } from '../client.ts'
import { closedPort, serve } from './answering-server.ts'
import { evaluateAzureCheck } from './simulators/azure-check.ts'
import { type KargoStep, kargoStep } from './simulators/kargo-step.ts'
import { spinnakerStage } from './simulators/spinnaker-stage.ts'

/*
 * What platforms, simulated from their sources and documents, make of a Davy in trouble: never a pass, and a fault only
 * where deploy/controllers.md says so. The real Argo Rollouts and Flagger are asked the same in test/controllers, and the
 * command line, by which Jenkins, Cloud Deploy and the recipe for OpenKruise ask, in test/cli/wait.test.ts.
 */

/** What a client waits, in milliseconds: the platforms wait for seconds, but an answer that never comes need not be waited for. */
const patienceOf = (trouble: string) => (trouble === 'is slow' ? 200 : 20_000)

const troubles: readonly [string, () => Promise<string>][] = [
  ['is down', closedPort],
  ['is slow', () => serve(() => undefined)],
  ['restarts', () => serve((request) => request.socket.resetAndDestroy())],
  ['answers 500', () => serve((_request, response) => response.writeHead(500).end('{"verdict":"promote"}'))],
]

function impatientCaller(url: string, patienceMs: number): Caller {
  return async (method, path, body) => {
    const response = await fetch(url + path, {
      ...{ method, signal: AbortSignal.timeout(patienceMs) },
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: JSON.parse(text), text }
  }
}

describe.each(troubles)('while Davy %s', (trouble, start) => {
  const patienceMs = patienceOf(trouble)

  test("Spinnaker's stage polls on; its first call fails the stage where no answer comes", async () => {
    const url = await start()
    const stage = spinnakerStage(impatientCaller(url, patienceMs))
    expect(await stage.monitor(`${url}/integrations/spinnaker/runs/01D`)).toBe('RUNNING')
    const { end } = await stage.create({ service: 'checkout', canary: { version: '2' } })
    expect(end).toBe(trouble === 'answers 500' ? 'RUNNING' : 'TERMINAL')
  })

  test("Azure's check is evaluated again", async () => {
    expect(await evaluateAzureCheck(impatientCaller(await start(), patienceMs), { service: 'checkout' })).toBe(
      'evaluated again',
    )
  })

  test("Kargo's steps go on asking", async () => {
    const [, stage] = parseAllDocuments(
      readFileSync(join(import.meta.dirname, '../../../deploy/kargo/stage.yaml'), 'utf8'),
    ).map((document) => document.toJS())
    const steps: readonly KargoStep[] = stage.spec.promotionTemplate.spec.steps
    expect(steps.length).toBeGreaterThan(1)
    const call = impatientCaller(await start(), patienceMs)
    for (const step of steps) {
      const reconcile = kargoStep(step, () => call(step.config.method ?? 'GET', '/'))
      for (let round = 0; round < 3; round += 1) expect(await reconcile()).toBe('Running')
    }
  })

  test('the hooks for ECS and CodeDeploy go on asking', async () => {
    const { askDavy } = await import(new URL('../../../deploy/aws/ask-davy.mjs', import.meta.url).href)
    const about = { service: 'checkout', environment: 'production', version: '2.4.1' }
    const answer = await askDavy(about, 'key', { DAVY_URL: await start(), DAVY_TOKEN: 't' }, patienceMs)
    expect(answer).toMatchObject({ hookStatus: 'IN_PROGRESS', callBackDelay: 30 })
  })
})

test('a Kargo step without an errorThreshold would end with the first question that gets no answer', async () => {
  const config = { url: '', successExpression: 'true', failureExpression: 'false' }
  const nobody = () => Promise.reject(new Error('ECONNREFUSED'))
  expect(await kargoStep({ config, retry: { timeout: '2h' } }, nobody)()).toBe('Errored')
})
