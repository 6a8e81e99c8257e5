import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import type { SourceQuestion } from '../../../src/domain/metric-source.ts'
import { createCloudWatchSource } from '../../../src/sources/cloudwatch/cloudwatch-source.ts'
import { queried, questionOf, startedAt } from '../question.ts'
import { type SimulatedAnswer, startSimulator } from '../simulator.ts'
import { type PutValue, startCloudWatch } from './cloudwatch-simulator.ts'

const directory = mkdtempSync(join(tmpdir(), 'davy-cloudwatch-'))
const credentialsFile = join(directory, 'credentials')
const keys = (more: string) => `aws_access_key_id = AKIDEXAMPLE\naws_secret_access_key=signing-secret\n${more}\n`
writeFileSync(
  credentialsFile,
  `[other]\naws_access_key_id = NOBODY\n\n[davy]\n${keys('aws_session_token = session-secret')}`,
)
afterAll(() => rmSync(directory, { recursive: true }))

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

const account = { region: 'eu-central-1', credentialsFile, profile: 'davy', timeoutSeconds: 30, concurrency: 2 }

function sourceAt(url: string, more: object = {}, environment = {}) {
  const source = createCloudWatchSource({ ...account, url, ...more }, environment)
  closing.push(() => source.close())
  return source
}

async function holding(put: readonly PutValue[], mostPoints?: number) {
  const service = await startCloudWatch(put, mostPoints)
  closing.push(() => service.close())
  return { service, source: sourceAt(service.url) }
}

async function answering(body: SimulatedAnswer) {
  const service = await startSimulator(() => body)
  closing.push(() => service.close())
  return { service, source: sourceAt(service.url) }
}

const named = (name: string, dimensions: object = { Service: `\${service}`, Version: `\${version}` }) => ({
  ...{ namespace: 'Shop', name, dimensions },
})
const proportion = { total: named('Requests'), errors: named('Errors'), delaySeconds: 0 }
const signal = () => AbortSignal.timeout(30_000)

/** Looks of 10 s over three minutes. */
const windows = Array.from({ length: 18 }, (_, index) => ({
  from: startedAt + index * 10_000,
  to: startedAt + (index + 1) * 10_000,
}))
const asked = (query: object = proportion, kind: Parameters<typeof queried>[1] = 'proportion'): SourceQuestion => ({
  ...questionOf(queried('cloudwatch', kind, query)),
  windows,
})

const value = (name: string, seconds: number, number: number, version = '2'): PutValue => ({
  ...{ name: `Shop ${name}`, at: startedAt + seconds * 1000, value: number },
  dimensions: { Service: 'shop & co', Version: version },
})

describe('a CloudWatch that counts minutes', () => {
  const put = [
    ...[value('Requests', 5, 30), value('Requests', 65, 40), value('Errors', 66, 4), value('Requests', 170, 50)],
    ...[value('Requests', 1, 300, '1'), value('Requests', -1, 999), value('Requests', 181, 999)],
  ]

  test('tells of each minute in the look in which it ends, and loses and doubles none', async () => {
    const { source, service } = await holding(put)
    const answers = await source.ask(asked(), signal())
    const told = answers.flatMap(({ canary, baseline }, index) =>
      canary.requests + baseline.requests === 0 ? [] : [[index, canary.requests, canary.errors, baseline.requests]],
    )
    expect(told).toEqual([
      [5, 30, 0, 300],
      [11, 40, 4, 0],
      [17, 50, 0, 0],
    ])
    expect(service.requests).toHaveLength(1)
  })

  test('is asked only in the looks in which a minute ends, and tells the same', async () => {
    const { source, service } = await holding(put)
    const counts: number[] = []
    for (const window of windows) {
      const [answer] = await source.ask({ ...asked(), windows: [window] }, signal())
      counts.push(answer!.canary.requests)
    }
    expect(counts.filter((count) => count > 0)).toEqual([30, 40, 50])
    expect(service.requests).toHaveLength(3)
  })

  test('tells of a minute later by the delay', async () => {
    const { source } = await holding(put)
    const answers = await source.ask(asked({ ...proportion, delaySeconds: 65 }), signal())
    expect(answers.flatMap(({ canary }, index) => (canary.requests === 0 ? [] : [index]))).toEqual([12])
  })

  test('tells its answer in pages', async () => {
    const { source, service } = await holding(put, 2)
    const answers = await source.ask(asked(), signal())
    expect(answers.map(({ canary }) => canary.requests).filter(Boolean)).toEqual([30, 40, 50])
    expect(service.requests.length).toBeGreaterThan(1)
  })
})

describe('a CloudWatch', () => {
  test('tells durations as counts up to bounds', async () => {
    const { source } = await holding([0.02, 0.05, 0.07, 9].map((seconds) => value('Latency', 1, seconds)))
    const query = { durations: named('Latency'), bounds: [0.05, 0.1], delaySeconds: 0 }
    const answers = await source.ask(asked(query, 'distribution'), signal())
    expect(answers[5]!.canary.requests).toBe(4)
    expect(answers[5]!.canary.latency.map(([, count]) => count)).toEqual([2, 1, 1])
  })

  test('shows people what it is asked', () => {
    expect(sourceAt('http://127.0.0.1:1').show!(asked())).toContain(
      'errors of the canary: Sum of Shop Errors {"Service":"shop & co","Version":"2"}',
    )
  })

  test('tells levels and events of each pod by itself', async () => {
    const ofPod = (name: string, pod: string, number: number): PutValue => ({
      ...{ name: `Shop ${name}`, at: startedAt + 1000, value: number, dimensions: { Pod: pod } },
    })
    const put = [ofPod('Memory', 'a', 10), ofPod('Memory', 'b', 20), ofPod('Memory', 'c', 30), ofPod('Kills', 'b', 2)]
    const { source } = await holding(put)
    const pods = { canary: ['a', 'b'], baseline: ['c'] }
    const each = (name: string) => named(name, { Pod: `\${pod}` })
    const levels = await source.ask({ ...asked({ level: each('Memory'), delaySeconds: 0 }, 'gauge'), pods }, signal())
    expect(levels[5]!.canary.gauges!.asked).toMatchObject({ a: { sum: 10 }, b: { sum: 20 } })
    expect(levels[5]!.baseline.gauges!.asked).toMatchObject({ c: { sum: 30 } })
    const query = { events: each('Kills'), running: each('Memory'), delaySeconds: 0 }
    const events = await source.ask({ ...asked(query, 'count'), pods }, signal())
    expect([events[5]!.canary.events, events[5]!.baseline.events]).toEqual([
      { asked: { a: 0, b: 2 } },
      { asked: { c: 0 } },
    ])
    expect(events[4]!.canary.events).toBeUndefined()
  })

  test.each(['","Value":"*"}', '2 OR 1=1', "'", `\${pod}`])('takes a version of %j for a value', async (version) => {
    const { source } = await holding([value('Requests', 1, 6, version)])
    const question = asked()
    const deployment = { ...question.deployment, canary: { version } }
    const answers = await source.ask({ ...question, deployment }, signal())
    expect(answers[5]!.canary.requests).toBe(6)
  })

  test('is asked with a key of the environment when there is no file', async () => {
    const { service } = await holding([value('Requests', 1, 6)])
    const environment = {
      ...{
        AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
        AWS_SECRET_ACCESS_KEY: 'signing-secret',
        AWS_SESSION_TOKEN: 'session-secret',
      },
    }
    const { credentialsFile: _none, ...fileless } = account
    const source = createCloudWatchSource({ ...fileless, url: service.url }, environment)
    expect((await source.ask(asked(), signal()))[5]!.canary.requests).toBe(6)
    await source.close()
    const without = createCloudWatchSource({ ...fileless, url: service.url }, {})
    await expect(without.ask(asked(), signal())).rejects.toMatchObject({
      message: expect.stringContaining('the environment has no AWS_ACCESS_KEY_ID'),
    })
    await without.close()
  })
})

const result = { Id: 'q0', StatusCode: 'Complete', Timestamps: [startedAt / 1000], Values: [1] }

describe('SOURCE_DOWN says why, without a key', () => {
  test.each([
    {
      name: 'a signature that is not right, whose answer repeats the token',
      given: {
        status: 403,
        body: { __type: 'a#SignatureDoesNotMatch', message: 'x-amz-security-token:session-secret' },
      },
      said: 'SignatureDoesNotMatch, x-amz-security-token:[redacted]',
    },
    {
      name: 'too many requests',
      given: { status: 400, body: { __type: 'Throttling' } },
      said: 'status 400, Throttling',
    },
    { name: 'another shape', given: { body: {} }, said: 'none of GetMetricData' },
    {
      name: 'what it left out',
      given: { body: { MetricDataResults: [], Messages: [{ Code: 'MaxMetricsExceeded', Value: 'too many' }] } },
      said: 'MaxMetricsExceeded too many',
    },
    {
      name: 'a part of the data without a next page',
      given: { body: { MetricDataResults: [{ ...result, StatusCode: 'PartialData' }] } },
      said: 'q0 is PartialData',
    },
    {
      name: 'a metric that may not be read',
      given: { body: { MetricDataResults: [{ ...result, StatusCode: 'Forbidden' }] } },
      said: 'q0 is Forbidden',
    },
    {
      name: 'a metric that it says nothing of',
      given: { body: { MetricDataResults: [result] } },
      said: 'it tells nothing of q1',
    },
    {
      name: 'other periods',
      given: { body: { MetricDataResults: [{ ...result, Timestamps: [startedAt / 1000 + 10] }] } },
      said: 'other periods',
    },
    { name: 'endless pages', given: { body: { MetricDataResults: [], NextToken: 'x' } }, said: 'more than 20 pages' },
  ])('$name', async ({ given, said }) => {
    const { source } = await answering(given)
    const error = await source.ask(asked(), signal()).catch((thrown: Error) => thrown)
    expect(error).toMatchObject({ code: 'SOURCE_DOWN', message: expect.stringContaining(said) })
    expect(JSON.stringify([error, (error as Error).message])).not.toMatch(/-secret/)
  })

  test.each(['com.amazon.coral.availability#ThrottlingException', 'Throttling'])(
    'of too many requests (%s), and it is left alone for a while',
    async (type) => {
      const { service } = await answering({ status: 400, body: { __type: type, message: 'Rate exceeded' } })
      let at = startedAt
      const source = createCloudWatchSource({ ...account, url: service.url }, {}, () => at)
      closing.push(() => source.close())
      await expect(source.ask(asked(), signal())).rejects.toThrow('Rate exceeded')
      at += 9_000
      await expect(source.ask(asked(), signal())).rejects.toMatchObject({
        ...{ code: 'SOURCE_DOWN', retryAfterSeconds: 1 },
        message: expect.stringContaining('its limit of requests is reached, and it is asked again in 1 s'),
      })
      expect(service.requests).toHaveLength(1)
      at += 1000
      await expect(source.ask(asked(), signal())).rejects.toThrow('Rate exceeded')
      expect(service.requests).toHaveLength(2)
    },
  )

  test('of what else it refuses, and it is asked again at once', async () => {
    const { service, source } = await answering({ status: 400, body: { __type: 'a#InvalidParameterValue' } })
    for (const _again of [1, 2]) await expect(source.ask(asked(), signal())).rejects.toThrow('InvalidParameterValue')
    expect(service.requests).toHaveLength(2)
  })

  test('a section that the file has not', async () => {
    const { service } = await holding([])
    await expect(sourceAt(service.url, { profile: 'other' }).ask(asked(), signal())).rejects.toMatchObject({
      message: expect.stringMatching(/\[other\] of .* has no AWS_SECRET_ACCESS_KEY/),
    })
  })
})

describe('a query is refused', () => {
  const { check } = createCloudWatchSource(account)
  test.each([
    { name: 'that averages', change: { statistic: 'Average' }, key: '/statistic' },
    { name: 'that does not tell the arms apart', change: { total: named('R', { A: 'b' }) }, key: '/total/dimensions' },
    {
      name: 'with the same dimensions for each arm',
      change: { total: named('R', { baseline: { A: 'b' }, canary: { A: 'b' } }) },
      key: '/total/dimensions',
    },
    { name: 'with an unknown variable', change: { errors: named('E', { A: `\${x}` }) }, key: '/errors/dimensions/A' },
    {
      name: 'with two pods',
      change: { errors: named('E', { A: `\${pod}`, B: `\${pod}` }) },
      key: '/errors/dimensions',
    },
    { name: 'with an unknown key', change: { stat: 'Sum' }, key: '/stat' },
  ])('$name', ({ change, key }) => {
    expect(check(queried('cloudwatch', 'proportion', { ...proportion, ...change }))).toMatchObject({ key })
  })

  test('only when something is wrong with it', () => {
    const perArm = { baseline: { TargetGroup: 'blue' }, canary: { TargetGroup: 'green' } }
    const query = {
      ...proportion,
      total: named('RequestCount', perArm),
      errors: named('HTTPCode_Target_5XX_Count', perArm),
    }
    expect(check(queried('cloudwatch', 'proportion', query))).toBeNull()
    expect(check(queried('cloudwatch', 'distribution', { durations: named('TargetResponseTime') }))).toBeNull()
  })
})
