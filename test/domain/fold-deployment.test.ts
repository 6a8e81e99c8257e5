import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Deployment } from '../../src/domain/deployment.ts'
import { type DeploymentFact, foldDeployment, type Opening } from '../../src/domain/fold-deployment.ts'
import { quick } from '../engine/lab.ts'
import { aDeployment } from '../engine/samples.ts'

const { status, outcome, endedAt, progress, override, supersededBy, ...opening } = aDeployment({
  origin: 'detected',
  mode: 'observe',
})

let written = 0
const at = () => `2026-11-21T10:00:${String(++written % 60).padStart(2, '0')}.000000Z`
const opened = { kind: 'deployment', key: 'k#1', subject: '01D', at: at(), body: opening as Opening } as const
const step = (weight: number) =>
  ({ kind: 'progress', key: `p${weight}`, subject: '01D', at: at(), body: { at: at(), weight, step: null } }) as const
const closed = (by: Deployment['outcome']) =>
  ({
    kind: 'close',
    key: '01D',
    subject: '01D',
    at: at(),
    body: { outcome: by ?? 'aborted', supersededBy: by === 'superseded' ? '01E' : null },
  }) as const

describe('a deployment is what its facts say', () => {
  test('opened: as it was registered, with nothing told since', () => {
    expect(foldDeployment([opened])).toEqual(aDeployment({ origin: 'detected', mode: 'observe' }))
  })

  test('without an opening there is none', () => {
    expect(foldDeployment([step(10), closed('promoted')])).toBeNull()
  })

  test('steps in the order in which they were told', () => {
    expect(foldDeployment([opened, step(10), step(20)])?.progress.map(({ weight }) => weight)).toEqual([10, 20])
  })

  test('adopted: enforced under the template that was named, and from now on as if registered', () => {
    const template = { ...quick, name: 'other' }
    const body = { mode: 'enforce', template, templateDigest: 'sha256:other', plannedWeight: 25 } as const
    const adopted = foldDeployment([opened, { kind: 'adopt', key: '01D', subject: '01D', at: at(), body }])
    expect(adopted).toMatchObject({ ...body, origin: 'api', status: 'open' })
  })

  test('overridden: the newest word counts', () => {
    const say = (decision: 'promote' | 'hold') =>
      ({
        kind: 'override',
        key: decision,
        subject: '01D',
        at: at(),
        body: { at: at(), decision, reason: 'because', by: 'ann' },
      }) as const
    expect(foldDeployment([opened, say('promote'), say('hold')])?.override?.decision).toBe('hold')
  })

  test('closed: when the fact was written, and nothing that comes after changes it', () => {
    const before = step(10)
    const close = closed('superseded')
    const late = [step(99), { ...closed('promoted'), key: 'again' }]
    const deployment = foldDeployment([opened, before, close, ...late])
    expect(deployment).toMatchObject({
      status: 'closed',
      outcome: 'superseded',
      supersededBy: '01E',
      endedAt: close.at,
    })
    expect(deployment?.progress).toHaveLength(1)
  })
})

test('facts that came to light in any order make the same deployment', () => {
  const facts: DeploymentFact[] = [opened, step(10), step(20), step(30), closed('promoted'), step(40)]
  const whole = foldDeployment(facts)
  fc.assert(
    fc.property(fc.shuffledSubarray(facts, { minLength: facts.length }), (shuffled) => {
      expect(foldDeployment(shuffled)).toEqual(whole)
    }),
  )
})
