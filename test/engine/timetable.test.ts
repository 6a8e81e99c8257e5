import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { closesBlock, firstTick, nextWindow, stepAt, watermark } from '../../src/engine/timetable.ts'
import { quick } from './lab.ts'
import { aDeployment, startedAt } from './samples.ts'

const first = startedAt - 4_000
const seconds = (count: number) => first + count * 1000

describe('windows', () => {
  test('start at the whole tick at or before the start', () => {
    expect(firstTick(aDeployment())).toBe(first)
    expect(firstTick(aDeployment({ startedAt: new Date(first).toISOString() }))).toBe(first)
  })

  test.each([
    { look: 10, seenUpTo: null, from: 0, to: 10 },
    { look: 10, seenUpTo: 10, from: 10, to: 20 },
    { look: 60, seenUpTo: null, from: 0, to: 60 },
    { look: 60, seenUpTo: 120, from: 120, to: 180 },
    // An adoption brought longer looks in the middle of one: the rest of it comes first.
    { look: 60, seenUpTo: 130, from: 130, to: 180 },
    { look: 30, seenUpTo: 360, from: 360, to: 390 },
  ])('a look every $look s after $seenUpTo s goes from $from to $to', ({ look, seenUpTo, from, to }) => {
    const deployment = aDeployment({ template: { ...quick, lookSeconds: look, blockSeconds: 60 } })
    const window = nextWindow(deployment, seenUpTo === null ? null : seconds(seenUpTo))
    expect(window).toEqual({ from: seconds(from), to: seconds(to) })
  })

  test('follow each other without gap or overlap, whatever looks an adoption brings and whenever', () => {
    const looks = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(looks, (ticks) => {
        let seenUpTo: number | null = null
        for (const tick of ticks) {
          const deployment = aDeployment({ template: { ...quick, lookSeconds: tick * 10, blockSeconds: tick * 10 } })
          const window = nextWindow(deployment, seenUpTo)
          expect(window.from).toBe(seenUpTo ?? first)
          expect((window.to - first) % (tick * 10_000)).toBe(0)
          expect(window.to - window.from).toBeGreaterThan(0)
          expect(window.to - window.from).toBeLessThanOrEqual(tick * 10_000)
          seenUpTo = window.to
        }
      }),
    )
  })
})

describe('blocks', () => {
  const window = (from: number) => ({ from: seconds(from), to: seconds(from + 10) })

  test('end where their length says', () => {
    const closing = [0, 10, 20, 30, 40, 50].filter((from) => closesBlock(aDeployment(), window(from)))
    expect(closing).toEqual([20, 50])
  })

  test('end with a step of the rollout, in the window that the step lies in', () => {
    const at = new Date(seconds(5)).toISOString()
    const deployment = aDeployment({ progress: [{ at, weight: 10, step: '1' }] })
    expect(closesBlock(deployment, window(0))).toBe(true)
    expect(closesBlock(deployment, window(10))).toBe(false)
  })
})

test('a step counts from the window on that ends after it', () => {
  const at = new Date(seconds(10)).toISOString()
  const deployment = aDeployment({ progress: [{ at, weight: 10, step: null }] })
  expect([stepAt(deployment, seconds(10)), stepAt(deployment, seconds(20))]).toEqual([0, 1])
})

test.each([
  { name: 'all is stored', oldest: null, complete: 80 },
  { name: 'a segment waits', oldest: 60, complete: 40 },
  { name: 'a segment is from after now, by a clock that was set back', oldest: 120, complete: 80 },
])('data counts as complete up to $complete s at 100 s when $name', ({ oldest, complete }) => {
  expect(watermark(seconds(100), oldest === null ? null : seconds(oldest), 20)).toBe(seconds(complete))
})
