import { describe, expect, test } from 'vitest'
import { versionOf, versionsOf } from '../../../src/http/integrations/announced.ts'
import { readArgoCdNotification } from '../../../src/http/integrations/argo-cd.ts'
import { answeredFor } from '../../../src/http/integrations/ask-endpoints.ts'
import { readCloudEvent } from '../../../src/http/integrations/cloud-event.ts'
import { versionOfPurl } from '../../../src/http/integrations/cloud-event-news.ts'
import { readFluxEvent, versionOfRevision } from '../../../src/http/integrations/flux-event.ts'
import { readGithubEvent } from '../../../src/http/integrations/github-events.ts'
import { readGitlabEvent } from '../../../src/http/integrations/gitlab-events.ts'
import { deploymentPayload, rulePayload, sha, statusPayload } from './simulators/github-app.ts'
import { gitlabDeployment, gitlabSha, gitlabStatusCheck } from './simulators/gitlab-project.ts'

const publicUrl = 'https://davy.example.com'
const github = (event: string, body: object, query = {}) => readGithubEvent(event, body, query, publicUrl)

describe('an event of GitHub', () => {
  test.each([
    ['in_progress', {}, { type: 'started' }],
    ['success', {}, { type: 'finished', outcome: 'promoted' }],
    ['success', { judge: 'after' }, { type: 'started' }],
    ['failure', {}, { type: 'finished', outcome: 'aborted' }],
    ['error', { judge: 'after' }, { type: 'finished', outcome: 'aborted' }],
    ['inactive', {}, { type: 'finished', outcome: 'aborted' }],
  ])('of the state %s with %o means %o', (state, query, meaning) => {
    expect(github('deployment_status', statusPayload(7, state), query)).toMatchObject({
      type: 'announcement',
      announcement: { key: 'github/shop/checkout/7', ...meaning },
    })
  })

  test.each([
    ['what is queued', 'deployment_status', statusPayload(7, 'queued')],
    ['a state of tomorrow', 'deployment_status', statusPayload(7, 'sleeping')],
    [
      "Davy's own status",
      'deployment_status',
      statusPayload(7, 'failure', {}, { log_url: `${publicUrl}/deployments/1` }),
    ],
    ['another event', 'push', {}],
    ['a rule that asks nothing', 'deployment_protection_rule', { ...rulePayload(7), action: 'removed' }],
  ])('means nothing: %s', (_name, event, body) => {
    expect(github(event, body)).toEqual({ type: 'ignored', why: expect.any(String) })
  })

  test('says of itself what it is called, before its address does', () => {
    const payload = { davy: { service: 'pay', version: '2.4.1', environment: 'blue' } }
    const query = { service: 'other', environment: 'other', template: 'strict', version: '{tag}' }
    expect(github('deployment', deploymentPayload(7, { payload }), query)).toMatchObject({
      announcement: {
        registration: { service: 'pay', canary: { version: '2.4.1' }, environment: 'blue', template: 'strict' },
      },
    })
    expect(github('deployment', deploymentPayload(7), query)).toMatchObject({
      announcement: { registration: { service: 'other', canary: { version: '2.4.1' }, environment: 'other' } },
    })
  })

  test('asks about every name that the version may have, and names the run that waits', () => {
    expect(github('deployment_protection_rule', rulePayload(42))).toMatchObject({
      question: { run: '42', environment: 'production', versions: [sha, '0123456', '01234567', 'v2.4.1', '2.4.1'] },
    })
    const payload = { davy: { service: 'healthy', version: '2.4.0', environment: 'other' } }
    expect(github('deployment_protection_rule', rulePayload(42, { payload }))).toEqual(
      github('deployment_protection_rule', rulePayload(42)),
    )
    const elsewhere = { ...rulePayload(42), deployment_callback_url: 'https://evil.example/runs/42' }
    expect(() => github('deployment_protection_rule', elsewhere)).toThrow(/which run waits/)
  })
})

describe('an event of GitLab', () => {
  test.each([
    ['running', {}, { type: 'started' }],
    ['success', {}, { type: 'finished', outcome: 'promoted' }],
    ['success', { judge: 'after' as const }, { type: 'started' }],
    ['failed', {}, { type: 'finished', outcome: 'aborted' }],
    ['canceled', {}, { type: 'finished', outcome: 'aborted' }],
  ])('of the status %s with %o means %o', (status, query, meaning) => {
    expect(readGitlabEvent(gitlabDeployment(7, status), query)).toMatchObject({
      announcement: { key: 'gitlab/15/7', registration: { canary: { version: gitlabSha } }, ...meaning },
    })
  })

  test('asks about a blocked deployment and about a merge request', () => {
    expect(readGitlabEvent(gitlabDeployment(7, 'blocked'), {})).toMatchObject({
      question: { kind: 'approval', projects: ['15', 'shop/basket'], details: { deployment: '7' } },
    })
    expect(readGitlabEvent(gitlabStatusCheck(6, 3), {})).toMatchObject({
      question: { kind: 'status-check', statusCheck: '3', details: { mergeRequest: '6', sha: gitlabSha } },
    })
    expect(readGitlabEvent({ object_kind: 'push' }, {})).toMatchObject({ type: 'ignored' })
  })
})

test.each([
  [undefined, sha],
  ['{sha7}', '0123456'],
  ['v{sha8}-{unknown}', 'v01234567-{unknown}'],
  ['{sha7}-{toString}', '0123456-{toString}'],
  ['{ref}', 'refs/tags/v2.4.1'],
  ['{tag}', '2.4.1'],
])('the pattern %s makes the version %s', (pattern, version) => {
  expect(versionOf(pattern, { sha, ref: 'refs/tags/v2.4.1' })).toBe(version)
  expect(versionsOf({ sha: 'abcdefa', ref: '' })).toEqual(['abcdefa'])
})

test.each([
  [[], ['told', 'named'], 'told'],
  [[], [undefined, 'named'], 'named'],
  [['own'], ['told', 'named'], 'own'],
  [['one', 'two'], ['told', 'two'], 'two'],
  [['one', 'two'], ['told', 'named'], null],
])('an endpoint for %o, asked about %o, answers for %s', (named, candidates, answer) => {
  expect(answeredFor(named, candidates)).toBe(answer)
})

test.each([
  ['main@sha1:0123abc', '0123abc'],
  ['sha1:0123abc', '0123abc'],
  ['2.4.1@sha256:0123abc', '2.4.1'],
  ['2.4.1+build.7', '2.4.1+build.7'],
])('the revision %s of Flux is the version %s', (revision, version) => {
  expect(versionOfRevision(revision)).toBe(version)
})

test.each([
  ['info', 'ReconciliationSucceeded', { type: 'started' }],
  ['info', 'RollbackSucceeded', { type: 'finished', outcome: 'rolled-back' }],
  ['error', 'UpgradeFailed', { type: 'finished', outcome: 'aborted' }],
  ['info', 'Progressing', { ignored: expect.any(String) }],
] as const)('of Flux, %s with %s means %o', (severity, reason, meaning) => {
  const involvedObject = { kind: 'Kustomization', namespace: 'shop', name: 'checkout' }
  const metadata = {
    'kustomize.toolkit.fluxcd.io/revision': 'main@sha1:0123abc',
    'event.toolkit.fluxcd.io/service': 'pay',
  }
  const event = { involvedObject, severity, reason, timestamp: '2026-11-21T10:00:00Z', metadata }
  expect(readFluxEvent(event, { environment: 'blue' })).toMatchObject(meaning)
  expect(
    readFluxEvent({ ...event, reason: 'InstallSucceeded', severity: 'info' }, { environment: 'blue' }),
  ).toMatchObject({
    registration: { service: 'pay', environment: 'blue', canary: { version: '0123abc' } },
  })
  const other = { ...event, involvedObject: { ...involvedObject, kind: 'GitRepository' } }
  expect(readFluxEvent(other, {})).toHaveProperty('ignored')
})

test.each([
  [{ images: ['shop/other:1', 'registry:5000/shop/checkout:2.4.1@sha256:00'] }, '2.4.1'],
  [{ images: ['shop/anything:2.4.1'] }, '2.4.1'],
  [{ images: ['shop/a:1', 'shop/b:2'] }, 'abc'],
  [{ images: ['shop/checkout@sha256:00'] }, 'abc'],
  [{ images: ['shop/checkout:2.4.1'], version: 'own' }, 'own'],
])('Argo CD, telling %o, means the version %s', (more, version) => {
  const { registration } = readArgoCdNotification({
    event: 'deployed',
    application: 'checkout',
    revision: 'abc',
    ...more,
  })
  expect(registration.canary).toEqual({ version })
})

test.each([
  ['pkg:oci/mail@sha256%3A0123?repository_url=ghcr.io/shop&tag=2.4.1', '2.4.1'],
  ['pkg:golang/example.com/mail@v2.4.1', 'v2.4.1'],
  ['pkg:npm/%40shop/mail@2.4.1%2Bbuild#sub', '2.4.1+build'],
  ['pkg:oci/mail', null],
  ['mail:2.4.1', null],
])('the package URL %s has the version %s', (purl, version) => {
  expect(versionOfPurl(purl)).toBe(version)
})

test('the headers of a CloudEvent are decoded, and one that is broken is refused', () => {
  const headers = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/caf%C3%A9', 'ce-type': 't%20%22x%22' }
  expect(readCloudEvent(headers, {})).toMatchObject({ source: '/café', type: 't "x"', subject: null })
  expect(() => readCloudEvent({ ...headers, 'ce-type': '%C3' }, {})).toThrow(/percent-encoded/)
})
