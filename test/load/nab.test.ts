import { describe, expect, test } from 'vitest'
import { type NabFile, nabScore } from '../../load/accuracy/nab-score.ts'

const costs = { tpWeight: 1, fnWeight: 1, fpWeight: 0.11 }
const times = Array.from({ length: 200 }, (_, row) => `row ${row}`)
const windows = [
  ['row 60', 'row 79'],
  ['row 140', 'row 159'],
] as const

function fileWith(alarms: readonly number[]): NabFile {
  return { times, windows, scores: times.map((_, row) => (alarms.includes(row) ? 1 : 0)) }
}

function scoreOf(...alarms: number[]): number {
  return nabScore([fileWith(alarms)], costs).score
}

describe('the NAB score', () => {
  test('a silent detector has 0, one that alarms at the first row of each window has 100', () => {
    expect(scoreOf()).toBe(0)
    expect(scoreOf(60, 140)).toBeCloseTo(100, 12)
    expect(
      nabScore([fileWith([60, 140]), { times, windows: [], scores: times.map(() => 0) }], costs).score,
    ).toBeCloseTo(100, 12)
  })

  test('one window of two is half; later in the window is less; only the first alarm of a window counts', () => {
    expect(scoreOf(60)).toBeCloseTo(50, 12)
    const late = (2 / (1 + Math.exp(-5 * (10 / 20))) - 1) / (2 / (1 + Math.exp(-5)) - 1)
    expect(scoreOf(140, 70)).toBeCloseTo(50 + 25 * (1 + late), 12)
    expect(scoreOf(140, 70, 75, 79)).toBeCloseTo(scoreOf(140, 70), 12)
  })

  test('a false alarm costs fpWeight of the four that lie between silent and perfect, less right behind a window', () => {
    expect(scoreOf(60, 140, 45)).toBeCloseTo(100 - (100 * 0.11) / 4, 12)
    const behind = scoreOf(60, 140, 80)
    expect(behind).toBeCloseTo(100 - ((100 * 0.11) / 4) * (1 - 2 / (1 + Math.exp(5 / 19))), 12)
    expect(behind).toBeGreaterThan(scoreOf(60, 140, 45))
  })

  test('the first 15% of the rows count neither way', () => {
    expect(scoreOf(60, 140, 0, 29)).toBeCloseTo(100, 12)
    expect(scoreOf(60, 140, 30)).toBeLessThan(99)
  })

  test('one threshold serves all files: what it costs in one file is weighed against what it finds in the other', () => {
    const found = { times, windows, scores: times.map((_, row) => (row === 60 || row === 140 ? 0.4 : 0)) }
    const noisy = { times, windows: [], scores: times.map((_, row) => (row >= 30 && row < 35 ? 0.5 : 0)) }
    const { score, threshold } = nabScore([found, noisy], costs)
    expect(threshold).toBe(0.4)
    expect(score).toBeCloseTo(100 - (5 * 0.11 * 100) / 4, 12)
  })

  test('silence is never worse than an alarm everywhere', () => {
    const noisy = { times, windows: [], scores: times.map(() => 1) }
    expect(nabScore([fileWith([]), noisy], costs).score).toBe(0)
  })

  test('no windows, windows whose ends are no rows, and scores that are not finite are errors', () => {
    expect(() => nabScore([{ times, windows: [], scores: times.map(() => 0) }], costs)).toThrow('window')
    expect(() => nabScore([{ ...fileWith([]), windows: [['row 60', 'row 999']] }], costs)).toThrow('row 999')
    expect(() => nabScore([{ ...fileWith([]), scores: times.map(() => Number.NaN) }], costs)).toThrow('finite')
    expect(() => nabScore([{ ...fileWith([]), scores: [1] }], costs)).toThrow('200')
  })
})
