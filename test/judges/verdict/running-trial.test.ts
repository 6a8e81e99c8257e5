import { describe, expect, test } from 'vitest'
import { type ArmSlice, emptyArm, type Slice } from '../../../src/domain/evidence.ts'
import { openTrial } from '../../../src/judges/sequential/open-trial.ts'
import { RunningTrial } from '../../../src/judges/verdict/running-trial.ts'
import { verdictOf } from '../../../src/judges/verdict/verdict-of.ts'
import { aDeployment } from '../../engine/samples.ts'
import { errorRate, madeArm, madeSlices, templateWith } from '../made-slices.ts'

const template = templateWith([{ ...errorRate, name: 'declines', source: 'prometheus', query: {} }])
const opened = aDeployment({ template, templateDigest: 'a' })
const arm = (pods: readonly string[]): ArmSlice => madeArm({ requests: 600, errors: 3 }, pods)
const frame = (look: number, at: number) => ({
  id: `${look}`,
  look,
  at,
  engine: 'davy/test',
  publicUrl: 'http://davy.test',
})

/** A slice in which a source told of its own metric what it tells of the arms. */
function told(slice: Slice): Slice {
  const { from, baseline, canary } = slice
  return { ...slice, own: { declines: { from, baseline, canary } } }
}

describe('a trial that goes on under another template', () => {
  const [first, second] = madeSlices(2, () => ({ baseline: arm(['1-a']), canary: arm(['2-a']) })) as [Slice, Slice]

  function looksOf(digest: string) {
    const trial = RunningTrial.start({ ...opened, templateDigest: digest }, { reference: [] }, openTrial)
    return [first, second].map((slice, look) => {
      const seen = told(slice)
      const conclusion = trial.observe(seen, slice.to)
      return {
        at: slice.to,
        evidence: { slice: seen },
        verdict: verdictOf({ ...opened, templateDigest: digest }, conclusion, frame(look, slice.to)),
      }
    })
  }

  test('takes nothing that sources told under the one before: its metrics ask of all the time anew', () => {
    const trial = RunningTrial.reopen({ ...opened, templateDigest: 'b' }, undefined, openTrial)
    for (const look of looksOf('a')) trial.take(look)
    expect(trial.ownSeenUpTo('declines')).toBeNull()
    expect(trial.seenUpTo).toBe(second.to)
    expect(trial.conclude(second.to).metrics[0]).toMatchObject({ canary: { samples: 0 } })
  })

  test('takes all of it under the same one', () => {
    const trial = RunningTrial.reopen(opened, undefined, openTrial)
    for (const look of looksOf('a')) trial.take(look)
    expect(trial.ownSeenUpTo('declines')).toBe(second.to)
    expect(trial.conclude(second.to).metrics[0]).toMatchObject({ canary: { samples: 1200 } })
  })
})

test('a pod that keeps its name under another version is of the arm that named it last', () => {
  const slices = madeSlices(2, (index) => ({
    baseline: index === 0 ? arm(['shop-0', 'shop-1']) : arm(['shop-0']),
    canary: index === 0 ? emptyArm : arm(['shop-1']),
  }))
  const trial = RunningTrial.start(opened, { reference: [] }, openTrial)
  for (const slice of slices) trial.observe(slice, slice.to)
  expect(trial.pods()).toEqual({ baseline: ['shop-0'], canary: ['shop-1'] })
})
