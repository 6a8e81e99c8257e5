import { expect, test } from 'vitest'
import type { Deployment } from '../../../src/domain/deployment.ts'
import type { Verdict } from '../../../src/domain/verdict.ts'
import { promoteOrWait } from '../../../src/http/integrations/workload-gate.ts'

const gate = { verdict: 'promote' as const, score: 100, reason: 'Ruled out.', url: 'u', deploymentId: 'd' }
const at = (seconds: number) => new Date(Date.UTC(2026, 10, 21, 10) + seconds * 1000).toISOString()

/** A deployment with looks that are taken 20 s after their window's end, and two steps. */
function deployment(more: object = {}): Deployment {
  const progress = [
    { step: '10%', at: at(0), weight: 10 },
    { step: '50%', at: at(100), weight: 50 },
  ]
  return {
    status: 'open',
    outcome: null,
    template: { watermarkSeconds: 20 },
    progress,
    ...more,
  } as unknown as Deployment
}

function verdict(decidedAt: number, more: object = {}): Verdict {
  return { decidedAt: at(decidedAt), final: false, reason: { code: 'HARM_RULED_OUT', summary: '' }, ...more } as Verdict
}

test.each([
  { name: 'a look that saw the step', decidedAt: 121, step: '50%', is: 'promote' },
  { name: 'a look whose window ended as the step began', decidedAt: 120, step: '50%', is: 'wait' },
  { name: 'a look of the step before', decidedAt: 90, step: '50%', is: 'wait' },
  { name: 'a look of the step before, asked there', decidedAt: 90, step: '10%', is: 'promote' },
  { name: 'a look of the step before, asked by a watch', decidedAt: 90, step: null, is: 'promote' },
  { name: 'a step that was never opened', decidedAt: 500, step: '100%', is: 'wait' },
])('$name: $is', ({ decidedAt, step, is }) => {
  expect(promoteOrWait(gate, verdict(decidedAt), deployment(), step).verdict).toBe(is)
})

test('a person promotes every step, and so does what is final', () => {
  const overridden = verdict(0, { reason: { code: 'OVERRIDDEN', summary: '' } })
  expect(promoteOrWait(gate, overridden, deployment(), '50%').verdict).toBe('promote')
  expect(promoteOrWait(gate, verdict(0, { final: true }), deployment(), '50%').verdict).toBe('promote')
})

test('what was closed otherwise is not promoted, whatever was said before', () => {
  const closed = (outcome: string) => deployment({ status: 'closed', outcome })
  expect(promoteOrWait(gate, verdict(500), closed('aborted'), '50%')).toMatchObject({
    verdict: 'wait',
    reason: expect.stringContaining('closed as aborted'),
  })
  expect(promoteOrWait(gate, verdict(500), closed('promoted'), '50%').verdict).toBe('promote')
})
