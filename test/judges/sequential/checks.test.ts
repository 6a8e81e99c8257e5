import { expect, test } from 'vitest'
import type { Slice } from '../../../src/domain/evidence.ts'
import { openTrial } from '../../../src/judges/sequential/open-trial.ts'
import { errorRate, madeArm, madeSlices, podNames, templateWith } from '../made-slices.ts'
import { trialContext } from '../rollout.ts'

const pods = { baseline: podNames('a', 4), canary: podNames('b', 4) }
const checks = [{ name: 'smoke', kind: 'tests', summary: '1 of 31 tests failed: pays.' }] as const

function conclusions(change: (slice: Slice, index: number) => Slice, errors = 6) {
  const trial = openTrial(trialContext({ template: templateWith([errorRate]) }))
  return madeSlices(20, () => ({
    baseline: madeArm({ requests: 6000, errors: 6 }, pods.baseline),
    canary: madeArm({ requests: 6000, errors }, pods.canary),
  })).map((slice, index) => {
    trial.observe(change(slice, index))
    return trial.conclude(slice.to)
  })
}

test('a check that has failed forbids a promote, and says which', () => {
  const last = conclusions((slice) => ({ ...slice, checks })).at(-1)!
  expect(last).toMatchObject({ decision: 'hold', reason: { code: 'CHECK_FAILED' } })
  expect(last.reason.summary).toBe('Check smoke failed for checkout 2.4.1, so it is not promoted.')
  expect(last.reason.detail).toContain('1 of 31 tests failed: pays.')
})

test.each([
  ['tests', 'Send a report that passes under the same name.'],
  ['probe', 'passes once the canary answers as expected.'],
  ['alert', 'It is judged on once the alert is resolved.'],
] as const)('what to do about one of kind %s is said', (kind, what) => {
  const last = conclusions((slice) => ({ ...slice, checks: [{ ...checks[0], kind }] })).at(-1)!
  expect(last.reason.detail).toContain(what)
})

test('once it passes the release is promoted by what was seen meanwhile', () => {
  const all = conclusions((slice, index) => (index < 15 ? { ...slice, checks } : slice))
  expect(all[14]).toMatchObject({ decision: 'hold' })
  expect(all[15]).toMatchObject({ decision: 'promote', reason: { code: 'HARM_RULED_OUT' } })
})

test('it hides no harm', () => {
  expect(conclusions((slice) => ({ ...slice, checks }), 600).at(-1)).toMatchObject({ decision: 'rollback' })
})
