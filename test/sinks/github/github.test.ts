import { afterEach, describe, expect, test } from 'vitest'
import type { Delivery } from '../../../src/domain/sink.ts'
import { type CaseName, cases, sinkOf } from '../deliveries.ts'
import { appKey, commitHash, githubToken, startGithub } from '../simulators/forges.ts'
import type { Platform } from '../simulators/platform.ts'
import { send } from '../way-out.ts'

const opened: Platform[] = []
afterEach(async () => {
  for (const platform of opened.splice(0)) await platform.close()
})

const at = new Date('2026-11-21T10:00:11Z')

async function open(options: Readonly<Record<string, string>> = {}, more: Parameters<typeof startGithub>[0] = {}) {
  const github = await startGithub({ at, ...more })
  opened.push(github)
  const settings = { url: github.url, options: { repository: 'shop/checkout', ...options } }
  const tell = (name: CaseName, changes: Partial<Delivery> = {}) =>
    send('github', settings, cases[name], { secrets: [githubToken], ...changes })
  const written = () => github.requests.filter(({ method, path }) => method === 'POST' && path.includes('statuses'))
  return { github, tell, written }
}

describe('statuses of a deployment', () => {
  test.each([
    ['started', 'in_progress', 'Started: rolls out in production at 5%, judged against 2.4.0'],
    ['hold', 'in_progress', 'Hold: No harm seen in checkout 2.4.1, but too few requests to rule it out'],
    ['rollback', 'failure', 'Roll back: fails 3.1% of requests against 0.50% for 2.4.0, nearly all on POST /pay'],
    ['promote', 'in_progress', 'Promote: does no harm beyond your margins'],
    ['final-promote', 'success', 'Promote: does no harm beyond your margins'],
    ['finished-promoted', 'success', 'Promoted: was promoted in production'],
    ['finished-rolled-back', 'failure', 'Rolled back: was rolled back in production'],
    ['finished-aborted', 'inactive', 'Aborted: was aborted in production'],
  ] as const)('%s is %s', async (name, state, description) => {
    const { tell, written } = await open()
    expect(await tell(name)).toMatchObject({ outcome: 'delivered', status: 201, receipt: { githubDeployment: '42' } })
    expect(written()).toMatchObject([
      {
        path: '/repos/shop/checkout/deployments/42/statuses',
        json: {
          state,
          description,
          auto_inactive: false,
          log_url: 'https://davy.example.com/deployments/01JD8Q4V7W3N5T9XKZ0000ABCD',
        },
      },
    ])
  })

  test('a deployment that was made of a branch is found by the commit of the version, and then by its receipt', async () => {
    const { tell, github } = await open({}, { deployedRef: 'main' })
    const first = await tell('rollback')
    expect(first).toMatchObject({ outcome: 'delivered', receipt: { githubDeployment: '42' } })
    expect(github.requests.map(({ path }) => path.replace('/repos/shop/checkout', ''))).toEqual([
      ...['/deployments', '/commits/2.4.1', '/deployments', '/deployments/42/statuses'],
    ])
    await tell('rollback', { receipts: [{ githubDeployment: '42' }] })
    expect(github.requests).toHaveLength(5)
  })

  test('where there is none, nothing is made and the error says which', async () => {
    const { tell, github } = await open({ environment: 'staging' })
    expect(await tell('rollback')).toEqual({
      outcome: 'failed',
      status: null,
      error: 'GitHub has no deployment of 2.4.1 in staging',
    })
    expect(github.requests.every(({ method }) => method === 'GET')).toBe(true)
  })
})

describe('statuses of a commit', () => {
  test.each([
    ['hold', 'pending'],
    ['rollback', 'failure'],
    ['promote', 'success'],
    ['finished-aborted', 'error'],
  ] as const)('%s is %s', async (name, state) => {
    const { tell, written } = await open({ kind: 'commit' })
    expect(await tell(name)).toMatchObject({ outcome: 'delivered', receipt: { commit: commitHash } })
    expect(written()).toMatchObject([
      { path: `/repos/shop/checkout/statuses/${commitHash}`, json: { state, context: 'davy/production/checkout' } },
    ])
  })

  test('a version that is no commit is a failure and asks for nothing else', async () => {
    const { tell } = await open({ kind: 'commit', ref: 'v{canary}' })
    expect(await tell('rollback')).toMatchObject({ outcome: 'failed', status: 404 })
  })
})

describe('as an App', () => {
  test('the key signs a token, which buys one of the installation', async () => {
    const { pem, publicKey } = appKey()
    const { tell, github } = await open({ appId: '4711', installationId: '99' }, { appPublicKey: publicKey })
    expect(await tell('rollback', { secrets: [pem] })).toMatchObject({ outcome: 'delivered' })
    expect(github.requests[0]?.path).toBe('/app/installations/99/access_tokens')
    expect(github.requests[1]?.headers.authorization).toBe('Bearer ghs_installation-secret')
  })

  test('another key is refused by GitHub, and what is no key by us', async () => {
    const { tell } = await open({ appId: '4711', installationId: '99' }, { appPublicKey: appKey().publicKey })
    expect(await tell('rollback', { secrets: [appKey().pem] })).toMatchObject({ outcome: 'failed', status: 401 })
    const result = await tell('rollback', { secrets: ['ghp_no-key-at-all'] })
    expect(result).toMatchObject({ outcome: 'failed', status: null })
    expect(JSON.stringify(result)).not.toContain('ghp_no-key')
  })

  test('its two options come together', () => {
    const fault = sinkOf('github').requires.fault
    expect(fault?.({ url: '', act: false, options: { appId: '1' } }, true)).toContain('installationId')
    expect(fault?.({ url: '', act: false, options: { appId: '1', installationId: '2' } }, true)).toBeNull()
  })
})

describe('limits', () => {
  const reset = String(at.getTime() / 1000 + 90)

  test.each([
    [403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset }, { outcome: 'retry', retryAfterSeconds: 90 }],
    [429, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset }, { outcome: 'retry', retryAfterSeconds: 90 }],
    [403, { 'retry-after': '7' }, { outcome: 'retry', retryAfterSeconds: 7 }],
    [403, { 'x-ratelimit-remaining': '12' }, { outcome: 'failed' }],
    [401, {}, { outcome: 'failed' }],
    [422, {}, { outcome: 'failed' }],
    [502, {}, { outcome: 'retry' }],
    [301, { location: 'https://evil.example' }, { outcome: 'failed' }],
  ])('%i with %j is %j', async (status, headers, expected) => {
    const { tell, github } = await open()
    github.answerNext({ status, headers, body: { message: `no ${githubToken}` } })
    const result = await tell('rollback')
    expect(result).toMatchObject({ ...expected, status })
    expect(JSON.stringify(result)).not.toContain(githubToken)
  })

  test('a secondary limit that is told in words waits a minute', async () => {
    const { tell, github } = await open()
    github.answerNext({ status: 403, body: { message: 'You have exceeded a secondary rate limit.' } })
    expect(await tell('rollback')).toMatchObject({ outcome: 'retry', retryAfterSeconds: 60 })
  })
})

test('every case fits a description, whatever its names are, and leads to no other path', async () => {
  const { tell, github } = await open()
  for (const name of Object.keys(cases) as CaseName[]) {
    const result = await tell(name, { receipts: [{ githubDeployment: '42' }] })
    expect([name, result.outcome]).toEqual([name, 'delivered'])
  }
  for (const name of ['hostile', 'long'] as const) expect(await tell(name)).toMatchObject({ outcome: 'failed' })
  expect(github.requests.every(({ path }) => path.startsWith('/repos/shop/checkout'))).toBe(true)
})

test('an overtaken message changes no status, and a test reads only', async () => {
  const { tell, github } = await open()
  expect(await tell('hold', { isOvertaken: true })).toMatchObject({ outcome: 'skipped' })
  expect(await tell('test')).toMatchObject({ outcome: 'delivered', status: 200 })
  expect(github.requests.map(({ method }) => method)).toEqual(['GET'])
})

test.each([
  ['shop/checkout', true],
  ['../admin', false],
  ['shop/..', false],
  ['shop', false],
  ['shop/checkout/x', false],
])('%j as a repository: %j', (text, isFit) => {
  expect(sinkOf('github').requires.options.repository?.pattern?.test(text)).toBe(isFit)
})
