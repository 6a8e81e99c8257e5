import { describe, expect, test } from 'vitest'
import type { ChangeInput } from '../../../src/judges/uncontrolled/change-input.ts'
import { judgeChange } from '../../../src/judges/uncontrolled/judge-change.ts'
import { random } from '../../stats/random.ts'

const startAt = Date.UTC(2031, 4, 5)

type Invented = {
  readonly days: number
  readonly stepSeconds?: number
  readonly minutesAfter?: number
  /** Added from the change on, in standard deviations of the noise. */
  readonly jump?: number
  readonly seed?: number
}

/** A day's course a hundred times the noise, then a change, then what follows it. */
function series({ days, stepSeconds = 60, minutesAfter = 125, jump = 0, seed = 1 }: Invented): ChangeInput {
  const { normal } = random(seed)
  const perDay = 86_400 / stepSeconds
  const change = Math.round(days * perDay)
  const values = Array.from({ length: change + Math.ceil((minutesAfter * 60) / stepSeconds) }, (_, i) => {
    return 500 + 100 * Math.sin((2 * Math.PI * i) / perDay) + normal() + (i >= change ? jump : 0)
  })
  return { startAt, stepSeconds, values, changeAt: startAt + change * stepSeconds * 1000 }
}

function withValues(input: ChangeInput, value: (old: number | null, i: number) => number | null): ChangeInput {
  return { ...input, values: input.values.map(value) }
}

describe('a change of one series without a control', () => {
  test('is shown by a jump that no placebo change made, in the unit of the series', () => {
    const found = judgeChange(series({ days: 3.3, jump: 5 }))
    expect(found).toMatchObject({ isChanged: true, reason: 'CHANGE_SHOWN', isSeasonal: true })
    expect(found.p).toBe(1 / (found.placebos + 1))
    expect(found.effect!.shift).toBeGreaterThan(4)
    expect(found.effect!.shift).toBeLessThan(6)
    expect(found.windows.map(({ minutes }) => minutes)).toEqual([10, 30, 60, 120])
  })

  test('is not shown by the steepest hour of an ordinary day', () => {
    const found = judgeChange(series({ days: 3, seed: 5 }))
    expect(found).toMatchObject({ isChanged: false, reason: 'CHANGE_NOT_SHOWN', isSeasonal: true })
    expect(found.explanation).toContain('usual course of a day taken off')
  })

  test('is called in about alpha of the series in which nothing changed', () => {
    let called = 0
    for (let seed = 1; seed <= 200; seed++) {
      if (judgeChange(series({ days: 2.4, stepSeconds: 300, seed })).isChanged) called++
    }
    expect(called / 200).toBeLessThan(0.09)
    expect(called / 200).toBeGreaterThan(0.01)
  })

  test.each([60, 240, 300, 600])('is found in steps of %d seconds', (stepSeconds) => {
    expect(judgeChange(series({ days: 3.2, stepSeconds, jump: 8 })).isChanged).toBe(true)
  })

  test('a spike of ten minutes counts, not only a lasting shift', () => {
    const input = series({ days: 3.3 })
    const change = Math.round(3.3 * 1440)
    const spiked = withValues(input, (old, i) => (i >= change && i < change + 10 ? old! + 30 : old))
    expect(judgeChange(spiked)).toMatchObject({ isChanged: true, effect: { minutes: 10 } })
  })

  test('only the harmful direction counts', () => {
    const rise = series({ days: 3.3, jump: 5 })
    expect(judgeChange({ ...rise, direction: 'up' }).isChanged).toBe(true)
    expect(judgeChange({ ...rise, direction: 'down' }).isChanged).toBe(false)
    expect(judgeChange({ ...series({ days: 3.3, jump: -5 }), direction: 'down' }).isChanged).toBe(true)
  })

  test('missing values weaken it and do not fake it', () => {
    const every = (n: number) => (old: number | null, i: number) => (i % n === 0 ? null : old)
    expect(judgeChange(withValues(series({ days: 3.3, jump: 5 }), every(3))).isChanged).toBe(true)
    expect(judgeChange(withValues(series({ days: 3.3 }), every(3))).isChanged).toBe(false)
  })

  test('larger jumps rank higher although p cannot fall any more', () => {
    const found = [5, 20, 80].map((jump) => judgeChange(series({ days: 3.3, jump })))
    expect(new Set(found.map(({ p }) => p)).size).toBe(1)
    const ranks = found.map(({ rankLogE }) => rankLogE!)
    expect(ranks).toEqual(ranks.toSorted((a, b) => a - b))
    expect(new Set(ranks).size).toBe(3)
  })

  test('units and offsets of the series make no difference', () => {
    const input = series({ days: 2.6, jump: 1 })
    const scaled = judgeChange(withValues(input, (old) => old! * 1024 + 4096))
    expect(scaled.p).toBe(judgeChange(input).p)
    expect(scaled.rankLogE).toBeCloseTo(judgeChange(input).rankLogE!, 6)
  })

  test('the same input gives the same judgement, and is left as it was', () => {
    const input = series({ days: 2.4, jump: 2 })
    const values = Object.freeze([...input.values])
    expect(judgeChange({ ...input, values })).toEqual(judgeChange(input))
  })

  test('a series that never moved is not changed', () => {
    const flat = withValues(series({ days: 2.5 }), () => 0.1)
    expect(judgeChange(flat)).toMatchObject({ isChanged: false, p: 1, reason: 'CHANGE_NOT_SHOWN' })
  })
})

describe('what cannot be decided', () => {
  test('too few placebos: it says how many there are and what they cannot prove', () => {
    const found = judgeChange(series({ days: 0.2, jump: 50 }))
    expect(found).toMatchObject({ isChanged: false, reason: 'UNDERPOWERED', p: null, rankLogE: null })
    expect(found.explanation).toContain(`With ${found.placebos} placebos alpha 0.05 cannot be proven`)
  })

  test('alpha decides how many placebos are enough', () => {
    const input = series({ days: 2.5, jump: 50 })
    const { placebos } = judgeChange(input)
    expect(judgeChange({ ...input, alpha: 1.001 / (placebos + 1) }).reason).toBe('CHANGE_SHOWN')
    expect(judgeChange({ ...input, alpha: 1e-4 }).reason).toBe('UNDERPOWERED')
  })

  test('less than a day of history is judged without the course of a day, and says so', () => {
    const found = judgeChange(series({ days: 0.7, jump: 200 }))
    expect(found).toMatchObject({ isChanged: true, isSeasonal: false })
    expect(found.explanation).toContain('too short for the usual course of a day')
  })

  test('windows that are not over do not count', () => {
    expect(judgeChange(series({ days: 2.5, minutesAfter: 119 })).windows.map(({ minutes }) => minutes)).toEqual([
      10, 30, 60,
    ])
    expect(judgeChange(series({ days: 2.5, minutesAfter: 9 }))).toMatchObject({ reason: 'TOO_EARLY', effect: null })
  })

  test('a metric that went silent is no data, neither changed nor unchanged', () => {
    const change = Math.round(2.5 * 1440)
    const silent = withValues(series({ days: 2.5 }), (old, i) => (i >= change ? null : old))
    expect(judgeChange(silent)).toMatchObject({ isChanged: false, reason: 'NO_DATA', p: null })
  })
})

describe('what can never be judged', () => {
  const good = series({ days: 2.5 })

  test.each<[string, Partial<ChangeInput>]>([
    ['a step of no length', { stepSeconds: 0 }],
    ['a change before the series', { changeAt: startAt - 1 }],
    ['a change at no time', { changeAt: Number.NaN }],
    ['an alpha of 1', { alpha: 1 }],
    ['no level before', { beforeMinutes: 0 }],
    ['no window', { windowsMinutes: [] }],
    ['windows that are all shorter than a step', { stepSeconds: 86_400 }],
    ['a window of no length', { windowsMinutes: [0, 30] }],
    ['a value that is no number', { values: [1, Number.NaN, 2] }],
  ])('%s is refused', (_, wrong) => {
    expect(() => judgeChange({ ...good, ...wrong })).toThrow(RangeError)
  })
})
