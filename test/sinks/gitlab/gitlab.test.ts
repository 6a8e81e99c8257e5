import { afterEach, describe, expect, test } from 'vitest'
import type { Delivery, Endpoint } from '../../../src/domain/sink.ts'
import { type CaseName, cases, deployment, sinkOf, told, verdict } from '../deliveries.ts'
import { commitHash, gitlabToken, startGitlab } from '../simulators/forges.ts'
import { send } from '../way-out.ts'

type Gitlab = Awaited<ReturnType<typeof startGitlab>>
const opened: Gitlab[] = []
afterEach(async () => {
  for (const gitlab of opened.splice(0)) await gitlab.close()
})

async function open(options: Readonly<Record<string, string>> = {}, more: Partial<Endpoint> = {}) {
  const gitlab = await startGitlab()
  opened.push(gitlab)
  const settings = { url: gitlab.url, options: { project: 'shop/checkout', ...options }, ...more }
  const tell = (name: CaseName, changes: Partial<Delivery> = {}) =>
    send('gitlab', settings, cases[name], { secrets: [gitlabToken], ...changes })
  const written = () => gitlab.requests.filter(({ method }) => method === 'POST')
  return { gitlab, tell, written, settings }
}

describe('statuses of a commit', () => {
  test.each([
    ['started', 'running'],
    ['hold', 'running'],
    ['rollback', 'failed'],
    ['promote', 'success'],
    ['finished-aborted', 'canceled'],
  ] as const)('%s is %s', async (name, state) => {
    const { tell, written } = await open()
    expect(await tell(name)).toMatchObject({ outcome: 'delivered', status: 201, receipt: { commit: commitHash } })
    expect(written()).toMatchObject([{ json: { state, name: 'davy/production/checkout' } }])
  })

  test('a state that the commit has already is no failure', async () => {
    const { tell } = await open()
    await tell('hold')
    expect(await tell('hold')).toMatchObject({ outcome: 'delivered', note: 'the commit had this state already' })
  })

  test('any other 400 is one', async () => {
    const { tell, gitlab } = await open()
    gitlab.answerNext(
      { status: 200, body: { id: commitHash } },
      { status: 400, body: { message: `no ${gitlabToken}` } },
    )
    const result = await tell('rollback')
    expect(result).toMatchObject({ outcome: 'failed', status: 400 })
    expect(JSON.stringify(result)).not.toContain(gitlabToken)
  })
})

test.each([
  ['hold', 'pending'],
  ['rollback', 'failed'],
  ['promote', 'passed'],
] as const)('an external status check of the open merge request: %s is %s', async (name, status) => {
  const { tell, written } = await open({ kind: 'status-check', statusCheckId: '3' })
  expect(await tell(name)).toMatchObject({ outcome: 'delivered' })
  expect(written()).toMatchObject([{ json: { status, sha: commitHash, external_status_check_id: 3 } }])
})

describe('an approval', () => {
  test.each([
    ['promote', 'approved'],
    ['rollback', 'rejected'],
  ] as const)('%s: the blocked deployment is %s, when the endpoint acts', async (name, status) => {
    const dry = await open({ kind: 'approval' })
    expect(await dry.tell(name)).toMatchObject({
      outcome: 'delivered',
      note: `dry run: deployment 9 in production would be ${status}`,
    })
    expect(dry.gitlab.approvals).toEqual([])
    const acting = await open({ kind: 'approval' }, { act: true })
    expect(await acting.tell(name)).toMatchObject({ outcome: 'delivered', note: `deployment 9 was ${status}` })
    expect(acting.gitlab.approvals).toMatchObject([
      { status, comment: expect.stringContaining('https://davy.example.com/deployments/') },
    ])
  })

  test('is given for nothing that is undecided or only observed', async () => {
    const { tell, gitlab, settings } = await open({ kind: 'approval' }, { act: true })
    for (const name of ['started', 'hold', 'waits', 'finished-promoted'] as const)
      expect([name, (await tell(name)).outcome]).toEqual([name, 'skipped'])
    const of = verdict('promote', { mode: 'observe' })
    const observed = { message: told(of), deployment: deployment(of) }
    expect(await send('gitlab', settings, observed, { secrets: [gitlabToken] })).toMatchObject({ outcome: 'skipped' })
    expect(gitlab.approvals).toEqual([])
  })

  test('of another version is none', async () => {
    const { tell, gitlab } = await open({ kind: 'approval', ref: '2.4' }, { act: true })
    expect(await tell('promote')).toMatchObject({ outcome: 'failed' })
    expect(gitlab.approvals).toEqual([])
  })
})

test('hostile and long names are failures of their own and lead to no other path', async () => {
  const { tell, gitlab } = await open()
  for (const name of ['hostile', 'long'] as const) expect(await tell(name)).toMatchObject({ outcome: 'failed' })
  expect(await tell('hostile', { receipts: [{ commit: commitHash }] })).toMatchObject({ outcome: 'delivered' })
  expect(gitlab.requests.every(({ path }) => path.startsWith('/api/v4/projects/shop%2Fcheckout'))).toBe(true)
})

test('settings fit each other: a check has its number, and only an approval acts', () => {
  const fault = (options: Readonly<Record<string, string>>, act = false) =>
    sinkOf('gitlab').requires.fault?.({ url: '', options, act }, true) ?? null
  expect(fault({})).toBeNull()
  expect(fault({ kind: 'status-check' })).toContain('statusCheckId')
  expect(fault({ statusCheckId: '3' })).toContain('status-check')
  expect(fault({}, true)).toContain('approval')
  expect(fault({ kind: 'approval' }, true)).toBeNull()
})

test.each([
  ['shop/checkout', true],
  ['4711', true],
  ['a/b/c.d', true],
  ['../x', false],
  ['shop/..', false],
])('%j as a project: %j', (text, isFit) => {
  expect(sinkOf('gitlab').requires.options.project?.pattern?.test(text)).toBe(isFit)
})
