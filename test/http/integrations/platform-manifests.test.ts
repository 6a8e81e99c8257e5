import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Value } from 'typebox/value'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { checkConfigured } from '../../../src/engine/deliveries/endpoints.ts'
import { configSchema } from '../../../src/platform/config-schema.ts'
import { createSinks } from '../../../src/sinks/index.ts'
import { closedPort, serve } from './answering-server.ts'

const deploy = join(import.meta.dirname, '../../../deploy')
const read = (file: string) => readFileSync(join(deploy, file), 'utf8')
const documents = (file: string) => parseAllDocuments(read(file)).map((document) => document.toJS())

afterEach(() => vi.unstubAllEnvs())

describe('the hooks for AWS', () => {
  const about = { service: 'checkout', environment: 'production', version: '2.4.1' }
  const ask = async (url: string, of: object = about) => {
    const { askDavy } = await import(new URL('../../../deploy/aws/ask-davy.mjs', import.meta.url).href)
    return askDavy(of, `ecs/${'x'.repeat(300)}`, { DAVY_URL: url, DAVY_TOKEN: 'the-token' })
  }

  test('pass on what the gate says, of the deployment that is registered once', async () => {
    const asked: object[] = []
    const url = await serve((request, response) => {
      asked.push([
        request.method,
        request.url,
        request.headers.authorization,
        request.headers['idempotency-key']?.length,
      ])
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(request.method === 'POST' ? { id: 'D1' } : { hookStatus: 'FAILED', hookDetails: {} }))
    })
    expect(await ask(url)).toEqual({ hookStatus: 'FAILED', hookDetails: {} })
    expect(asked).toEqual([
      ['POST', '/api/v1/deployments', 'Bearer the-token', 255],
      ['GET', '/api/v1/deployments/D1/verdict?format=ecs-hook', 'Bearer the-token', undefined],
    ])
  })

  test.each([
    ['is down', closedPort],
    ['answers 500', () => serve((_request, response) => response.writeHead(500).end('{}'))],
    ['refuses', () => serve((_request, response) => response.writeHead(422).end('{}'))],
    ['answers something else', () => serve((_request, response) => response.end('{"hookStatus":"YES"}'))],
    ['is another server', () => serve((_request, response) => response.end('<html>'))],
    ['redirects', () => serve((_request, response) => response.writeHead(302, { location: '/' }).end())],
  ])('go on waiting while Davy %s', async (_name, server) => {
    expect(await ask(await server())).toMatchObject({ hookStatus: 'IN_PROGRESS', callBackDelay: 30 })
  })

  test('ask for the service revision that ECS brings out', async () => {
    const keys: unknown[] = []
    const url = await serve((request, response) => {
      keys.push(request.headers['idempotency-key'])
      response.end(JSON.stringify(request.method === 'POST' ? { id: 'D1' } : { hookStatus: 'SUCCEEDED' }))
    })
    vi.stubEnv('DAVY_URL', url)
    const { handler } = await import(new URL('../../../deploy/aws/ecs-hook.mjs', import.meta.url).href)
    const event = { hookDetails: about, executionDetails: { targetServiceRevisionArn: 'arn:revision/7' } }
    expect(await handler(event)).toEqual({ hookStatus: 'SUCCEEDED' })
    expect(keys).toEqual(['ecs/arn:revision/7', undefined])
    await expect(handler({ hookDetails: about })).rejects.toThrow('names no service revision')
  })

  test('report nothing to CodeDeploy while Davy is down', async () => {
    vi.stubEnv('DAVY_URL', await closedPort())
    vi.stubEnv('DAVY_SERVICE', 'checkout')
    vi.stubEnv('DAVY_VERSION', '2.4.1')
    const { handler } = await import(new URL('../../../deploy/aws/codedeploy-hook.mjs', import.meta.url).href)
    const event = { DeploymentId: 'd-1', LifecycleEventHookExecutionId: 'e-1' }
    const asked = handler(event, { getRemainingTimeInMillis: () => 59_000 })
    await expect(asked).rejects.toThrow('undecided: Davy could not be asked')
  })

  test('go on waiting when nobody says what is deployed', async () => {
    expect(await ask(await closedPort(), {})).toMatchObject({ hookStatus: 'IN_PROGRESS' })
  })
})

test('Spinnaker goes on after a promote and after nothing else that Davy says', () => {
  const stage = JSON.parse(read('spinnaker/stage.json'))
  expect(stage).toMatchObject({
    waitForCompletion: true,
    statusUrlResolution: 'locationHeader',
    statusJsonPath: '$.status',
  })
  expect(stage.successStatuses).toBe('PROMOTE')
  expect(stage.terminalStatuses.split(',')).toEqual(['ROLLBACK', 'INCONCLUSIVE'])
  expect([stage.failPipeline, stage.continuePipeline, stage.failFastStatusCodes]).toEqual([true, false, []])
})

test('Azure passes a stage for a promote alone', () => {
  const { apiResponse, callback } = JSON.parse(read('azure-pipelines/check.json'))
  expect(apiResponse.successCriteria).toBe("eq(root['verdict'], 'promote')")
  expect([apiResponse.urlSuffix, callback.urlSuffix]).toEqual([
    '/integrations/azure/check',
    '/integrations/azure/callback',
  ])
  expect(apiResponse.retryIntervalMinutes * 10).toBeLessThan(apiResponse.timeoutMinutes)
})

test('Kargo promotes by a promote alone, and asks on through an outage', () => {
  const [template, stage] = documents('kargo/stage.yaml')
  const [metric] = template.spec.metrics
  expect([metric.successCondition, metric.failureCondition]).toEqual([
    'result.verdict == "promote"',
    'result.verdict == "rollback"',
  ])
  expect(metric).toMatchObject({ failureLimit: 0, consecutiveSuccessLimit: 1, consecutiveErrorLimit: 8640 })
  const step = stage.spec.promotionTemplate.spec.steps.find(({ as }: { as: string }) => as === 'davy')
  expect(step.config.successExpression).toBe("response.status == 200 && response.body.verdict == 'promote'")
  expect(step.config.failureExpression).toBe("response.status == 200 && response.body.verdict == 'rollback'")
  expect(step.retry.timeout).toBe('2h')
})

test.each(['github/davy.yaml', 'gitlab/davy.yaml'])(
  '%s is a configuration whose endpoints fit their formats',
  (file) => {
    const [settings] = documents(file)
    const value = Value.Default(configSchema, settings)
    expect([...Value.Errors(configSchema, value)]).toEqual([])
    const { webhooks } = value as { webhooks: { name: string; secretFile: string }[] }
    const configured = webhooks.map(({ secretFile: _file, ...webhook }) => ({
      ...{ url: null, events: null, where: webhook.name, secrets: ['glpat-a-token'], ...webhook },
    }))
    const checked = checkConfigured(configured as never, createSinks({ publicUrl: 'https://davy.example.com' }))
    expect([...checked.keys()]).toEqual(webhooks.map(({ name }) => name))
  },
)
