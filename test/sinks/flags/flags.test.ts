import { afterEach, describe, expect, test } from 'vitest'
import type { Delivery, Endpoint } from '../../../src/domain/sink.ts'
import { type Case, cases, deployment, endpointOf, sinkOf, testMessage, told, verdict } from '../deliveries.ts'
import {
  type FlagPlatform,
  flagsmithKey,
  flagToken,
  startFlagsmith,
  startGrowthbook,
  startLaunchdarkly,
  startUnleash,
} from '../simulators/flags.ts'
import { send } from '../way-out.ts'

const opened: FlagPlatform[] = []
afterEach(async () => {
  for (const platform of opened.splice(0)) await platform.close()
})

const project = { project: 'shop' }
const formats = [
  { format: 'launchdarkly', start: startLaunchdarkly, options: project, secret: flagToken },
  { format: 'unleash', start: startUnleash, options: project, secret: flagToken },
  { format: 'growthbook', start: startGrowthbook, options: {}, secret: flagToken },
  {
    format: 'flagsmith',
    start: startFlagsmith,
    options: { environment: 'production' },
    secret: `${flagsmithKey}:${flagToken}`,
  },
  {
    format: 'flagsmith',
    start: () => startFlagsmith(false),
    options: { environment: 'production' },
    secret: `${flagsmithKey}:${flagToken}`,
  },
] as const

const flag = verdict('rollback', { strategy: 'feature-flag' })
const rollback: Case = { message: told(flag), deployment: deployment(flag) }

function caseOf(changes: Parameters<typeof verdict>[1], variant: 'rollback' | 'promote' | 'hold' = 'rollback'): Case {
  const of = verdict(variant, { strategy: 'feature-flag', ...changes })
  return { message: told(of), deployment: deployment(of) }
}

describe.each(formats)('$format', ({ format, start, options, secret }) => {
  async function open(settings: Partial<Endpoint> = {}) {
    const platform = await start()
    opened.push(platform)
    const endpoint = {
      url: `${platform.url}/`,
      act: true,
      ...settings,
      options: { flag: 'new-checkout', ...options, ...settings.options },
    }
    const tell = (each: Case, changes: Partial<Delivery> = {}) =>
      send(format, endpoint, each, { secrets: [secret], ...changes })
    return { platform, tell }
  }

  test('a rollback switches the flag off, and a second time changes nothing', async () => {
    const { platform, tell } = await open()
    expect(await tell(rollback)).toMatchObject({
      outcome: 'delivered',
      note: expect.stringMatching(/new-checkout in production at .* was switched off$/),
    })
    expect(platform.isOn()).toBe(false)
    const writes = platform.writes().length
    expect(await tell(rollback)).toMatchObject({
      outcome: 'delivered',
      note: expect.stringContaining('was off already'),
    })
    expect(platform.writes()).toHaveLength(writes)
  })

  test('an endpoint that does not act says what it would do', async () => {
    const { platform, tell } = await open({ act: false })
    expect(await tell(rollback)).toMatchObject({
      outcome: 'delivered',
      note: expect.stringMatching(/^dry run: .* would be switched off$/),
    })
    expect(platform.isOn()).toBe(true)
    expect(platform.writes()).toEqual([])
  })

  test.each([
    ['another strategy', caseOf({ strategy: 'canary' })],
    ['a deployment that is only observed', caseOf({ mode: 'observe' })],
    ['a promote', caseOf({}, 'promote')],
    ['a hold', caseOf({}, 'hold')],
    ['the end of a deployment', cases['finished-rolled-back']],
  ])('%s switches nothing off', async (_name, each) => {
    const { platform, tell } = await open()
    expect(await tell(each)).toMatchObject({ outcome: 'skipped' })
    expect(platform.requests).toEqual([])
  })

  test('a test reads the flag and changes nothing', async () => {
    const { platform, tell } = await open({ options: { environment: 'production' } })
    const result = await tell({ message: testMessage, deployment: null })
    expect(result).toMatchObject({ outcome: 'delivered', note: expect.stringMatching(/is on; nothing was changed$/) })
    expect(platform.writes()).toEqual([])
  })

  test('a flag that is not there is a failure, and so is a refused token, which no error holds', async () => {
    const { tell, platform } = await open({ options: { flag: 'another' } })
    expect(await tell(rollback)).toMatchObject({ outcome: 'failed' })
    const refused = await tell(rollback, { secrets: ['wrong:wrong'] })
    expect(refused).toMatchObject({ outcome: 'failed', status: 401 })
    platform.answerNext({ status: 403, body: { message: `${secret.split(':').join(' of ')} may not` } })
    const result = await tell(rollback)
    expect(result).toMatchObject({ outcome: 'failed', status: 403 })
    for (const part of secret.split(':')) expect(JSON.stringify(result)).not.toContain(part)
  })

  test('a limit and a fault of the platform are retried', async () => {
    const { tell, platform } = await open()
    platform.answerNext({ status: 429, headers: { 'retry-after': '3' } }, { status: 503 })
    expect(await tell(rollback)).toMatchObject({ outcome: 'retry', status: 429, retryAfterSeconds: 3 })
    expect(await tell(rollback)).toMatchObject({ outcome: 'retry', status: 503 })
    expect(await tell(rollback)).toMatchObject({ outcome: 'delivered' })
  })

  test('an answer that does not say whether the flag is on is no success', async () => {
    const { tell, platform } = await open()
    platform.answerNext({ status: 200, body: 'a proxy says hello' })
    expect(await tell(rollback)).toMatchObject({ outcome: 'failed' })
    expect(platform.isOn()).toBe(true)
  })

  test('a name from telemetry leads to no other path', async () => {
    const { tell, platform } = await open({ options: { flag: '{service}' } })
    for (const service of ['..', '.', '', 'a/../../b', 'x?y#z', '\ud800']) {
      expect([service, (await tell(caseOf({ service }))).outcome]).toEqual([service, 'failed'])
    }
    expect(platform.isOn()).toBe(true)
  })
})

test('a switch that did not work is no success', async () => {
  const platform = await startUnleash()
  opened.push(platform)
  const settings = { url: platform.url, act: true, options: { flag: 'new-checkout', ...project } }
  const on = { status: 200, body: { enabled: true } }
  platform.answerNext(on, { status: 200 }, on)
  expect(await send('unleash', settings, rollback, { secrets: [flagToken] })).toMatchObject({
    outcome: 'retry',
    error: expect.stringContaining('still on'),
  })
})

test("LaunchDarkly's limit names its end in milliseconds", async () => {
  const platform = await startLaunchdarkly()
  opened.push(platform)
  const reset = String(Date.parse('2026-11-21T10:00:20Z'))
  platform.answerNext({ status: 429, headers: { 'x-ratelimit-reset': reset } })
  const settings = { url: platform.url, act: true, options: { flag: 'new-checkout', ...project } }
  expect(await send('launchdarkly', settings, rollback, { secrets: [flagToken] })).toMatchObject({
    retryAfterSeconds: 9,
  })
})

test('the key of a Flagsmith environment is for its deployments only', async () => {
  const platform = await startFlagsmith()
  opened.push(platform)
  const settings = { url: platform.url, act: true, options: { flag: 'new-checkout', environment: 'production' } }
  const staging = caseOf({ environment: 'staging' })
  expect(await send('flagsmith', settings, staging, { secrets: [`${flagsmithKey}:${flagToken}`] })).toMatchObject({
    outcome: 'skipped',
  })
  expect(platform.isOn()).toBe(true)
  expect(sinkOf('flagsmith').requires.options.environment?.isRequired).toBe(true)
})

test('the flag of each service, by a name that is made of it', async () => {
  const platform = await startUnleash()
  opened.push(platform)
  const settings = { url: platform.url, act: true, options: { flag: 'new-{service}', ...project } }
  expect(await send('unleash', settings, rollback, { secrets: [flagToken] })).toMatchObject({ outcome: 'delivered' })
  expect(platform.isOn()).toBe(false)
  const tested = await send('unleash', settings, { message: testMessage, deployment: null }, { secrets: [flagToken] })
  expect(tested).toMatchObject({ outcome: 'skipped', note: expect.stringContaining('cannot be filled in') })
  expect(endpointOf('unleash').act).toBe(false)
})
