import { expect, test } from 'vitest'
import type { Deployment } from '../../../src/domain/deployment.ts'
import { stillAnswers } from '../../../src/engine/workloads/still-answers.ts'

const now = Date.UTC(2026, 10, 21, 12)
const controllers = ['argo-rollouts', 'flagger']
const ago = (seconds: number) => now - seconds * 1000

test.each([
  { name: 'a rollback that nobody heard', outcome: 'rolled-back', asked: 7200, ended: 7200, is: true },
  { name: 'a rollback that nobody heard for a day', outcome: 'rolled-back', asked: 90_000, ended: 90_000, is: false },
  { name: 'a rollback that was heard, asked about again', outcome: 'rolled-back', asked: 30, told: true, is: true },
  { name: 'a rollback that was heard, after a pause', outcome: 'rolled-back', asked: 61, told: true, is: false },
  { name: 'one that was superseded a minute ago', outcome: 'superseded', asked: 30, ended: 60, is: true },
  {
    name: 'one that was superseded, however often it is asked about',
    outcome: 'superseded',
    asked: 1,
    ended: 121,
    is: false,
  },
  { name: 'one that expired', outcome: 'expired', asked: 1, ended: 1, is: false },
  { name: 'one that a person finished', outcome: 'aborted', by: 'local', asked: 1, ended: 1, is: false },
  { name: 'one that a pipeline promoted', outcome: 'promoted', by: 'ci', asked: 1, ended: 1, is: false },
  {
    name: 'one that its controller ended a moment ago',
    outcome: 'aborted',
    by: 'argo-rollouts',
    asked: 1,
    ended: 5,
    is: true,
  },
  { name: 'one that its controller ended', outcome: 'aborted', by: 'argo-rollouts', asked: 1, ended: 11, is: false },
])('$name: goes on answering is $is', ({ outcome, by = 'davy', asked, ended = 60, told = false, is }) => {
  const deployment = { outcome, endedAt: new Date(ago(ended)).toISOString() } as Deployment
  const question = { askedAt: ago(asked), isTold: told, closedBy: by, controllers }
  expect(stillAnswers(deployment, question, now)).toBe(is)
})
