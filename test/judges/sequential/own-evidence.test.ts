import { describe, expect, test } from 'vitest'
import { type ArmSlice, emptyArm, type OwnEvidence, type Slice } from '../../../src/domain/evidence.ts'
import type { MetricSpec } from '../../../src/domain/template.ts'
import { openTrial } from '../../../src/judges/sequential/open-trial.ts'
import { errorRate, madeArm, madeSlices, podNames, templateWith } from '../made-slices.ts'
import { trialContext } from '../rollout.ts'

const pods = { baseline: podNames('a', 4), canary: podNames('b', 4) }
const asked: MetricSpec = { ...errorRate, name: 'checkout-errors', source: 'prometheus', weight: 0.5 }
const template = templateWith([{ ...errorRate, weight: 0.5 }, asked])

const arm = (of: 'baseline' | 'canary', errors: number): ArmSlice => madeArm({ requests: 6000, errors }, pods[of])

/** Both versions answer spans alike; what the source says of each minute is `own`. */
function minutes(count: number, own: (index: number, slice: Slice) => OwnEvidence | undefined): Slice[] {
  return madeSlices(count, () => ({ baseline: arm('baseline', 6), canary: arm('canary', 6) })).map((slice, index) => {
    const evidence = own(index, slice)
    return evidence === undefined ? slice : { ...slice, own: { [asked.name]: evidence } }
  })
}

function conclusionOf(slices: readonly Slice[]) {
  const trial = openTrial(trialContext({ template }))
  return slices.map((slice) => {
    trial.observe(slice)
    return trial.conclude(slice.to)
  })
}

const told = (errors: number) => (_index: number, slice: Slice) => ({
  from: slice.from,
  baseline: arm('baseline', 6),
  canary: arm('canary', errors),
})

describe('a metric with a source of its own', () => {
  test('is judged by what its source told and by nothing else', () => {
    const last = conclusionOf(minutes(12, told(240))).at(-1)!
    expect(last).toMatchObject({ decision: 'rollback', reason: { code: 'HARM_SHOWN' } })
    const [spans, source] = last.metrics
    expect(source).toMatchObject({ name: asked.name, finding: 'harm-shown', canary: { value: 0.04 } })
    expect(spans?.canary.value).toBe(0.001)
  })

  test('whose source cannot be asked forbids a promote and says why', () => {
    const down = minutes(30, (index, slice) =>
      index < 3 ? told(6)(index, slice) : { fault: 'Prometheus answers 503.' },
    )
    const conclusions = conclusionOf(down)
    const last = conclusions.at(-1)!
    expect(last).toMatchObject({ decision: 'hold', reason: { code: 'SOURCE_DOWN' } })
    expect(last.reason.detail).toContain('Prometheus answers 503.')
    expect(last.metrics[1]).toMatchObject({ finding: 'error', fault: 'Prometheus answers 503.' })
    expect(conclusions.some(({ decision }) => decision === 'promote')).toBe(false)
    expect(conclusionOf(minutes(30, told(6))).at(-1)).toMatchObject({ decision: 'promote' })
  })

  test('that is the main evidence and cannot be asked is no silence, critical or not', () => {
    const main = templateWith([{ ...asked, critical: false }])
    const trial = openTrial(trialContext({ template: main }))
    const codes = minutes(6, (index, slice) => (index < 3 ? told(6)(index, slice) : { fault: 'It is down.' })).map(
      (slice, index) => {
        trial.observe(index < 3 ? slice : { ...slice, baseline: emptyArm, canary: emptyArm })
        return trial.conclude(slice.to).reason.code
      },
    )
    expect(codes.slice(3)).toEqual(Array(3).fill('SOURCE_DOWN'))
  })

  test('whose source is down does not keep harm elsewhere from being shown', () => {
    const slices = minutes(12, () => ({ fault: 'Prometheus answers 503.' })).map((slice) => ({
      ...slice,
      canary: arm('canary', 240),
    }))
    expect(conclusionOf(slices).at(-1)).toMatchObject({ decision: 'rollback', reason: { code: 'HARM_SHOWN' } })
  })

  test('takes in what was missed once its source answers', () => {
    const caughtUp = minutes(12, (index, slice) => {
      if (index < 5) return { fault: 'Prometheus answers 503.' }
      const missed = index === 5 ? 6 : 1
      return {
        from: slice.to - missed * 60_000,
        baseline: madeArm({ requests: 6000 * missed, errors: 6 * missed }, pods.baseline),
        canary: madeArm({ requests: 6000 * missed, errors: 6 * missed }, pods.canary),
      }
    })
    const samples = (slices: readonly Slice[]) => conclusionOf(slices).at(-1)!.metrics[1]?.canary.samples
    expect(samples(caughtUp)).toBe(samples(minutes(12, told(6))))
  })
})
