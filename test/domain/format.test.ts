import { describe, expect, test } from 'vitest'
import {
  formatCount,
  formatDuration,
  formatInterval,
  formatPercent,
  formatRatio,
  formatSeconds,
  formatTime,
} from '../../src/domain/format.ts'

describe('numbers for people', () => {
  test.each([
    [0, '0%'],
    [0.005, '0.50%'],
    [0.031, '3.1%'],
    [0.12, '12%'],
    [0.1234, '12.3%'],
    [1, '100%'],
    [0.00001, '0.0010%'],
    [1e-12, '< 0.0001%'],
    [-0.031, '−3.1%'],
    [null, '–'],
    [Number.NaN, '–'],
  ])('a share of %s is %s', (share, text) => expect(formatPercent(share)).toBe(text))

  test.each([
    [0.95, '0.95×'],
    [1.14, '1.14×'],
    [1.999, '2.0×'],
    [6.21, '6.2×'],
    [13.8, '14×'],
    [250, '> 99×'],
    [0.001, '< 0.01×'],
    [null, '–'],
    [Number.POSITIVE_INFINITY, '–'],
  ])('a ratio of %s is %s', (ratio, text) => expect(formatRatio(ratio)).toBe(text))

  test.each([
    [4.9, 7.8, '4.9 to 7.8'],
    [4.9, null, 'at least 4.9'],
    [0, 1.16, 'at most 1.16'],
    [0, null, '–'],
  ])('an interval from %s to %s is %s', (low, high, text) => expect(formatInterval(low, high)).toBe(text))

  test.each([
    [1.18, '1.18 s'],
    [0.64, '0.64 s'],
    [1.2, '1.2 s'],
    [0.352, '352 ms'],
    [0.0554, '55.4 ms'],
    [12.34, '12.3 s'],
    [0, '0 ms'],
    [null, '–'],
  ])('a latency of %s is %s', (seconds, text) => expect(formatSeconds(seconds)).toBe(text))

  test.each([
    [5, '5'],
    [16190, '16,190'],
    [1_390_000, '1.39 million'],
    [2_000_000, '2 million'],
  ])('a count of %s is %s', (count, text) => expect(formatCount(count)).toBe(text))

  test.each([
    [40, '40 s'],
    [60, '1 min'],
    [510, '8 min 30 s'],
    [2040, '34 min'],
    [3600, '1 h'],
    [4800, '1 h 20 min'],
  ])('%s seconds are %s', (seconds, text) => expect(formatDuration(seconds)).toBe(text))

  test('times are in UTC', () => {
    expect(formatTime(Date.UTC(2026, 10, 21, 9, 5, 7))).toBe('09:05')
    expect(formatTime(Date.UTC(2026, 10, 21, 9, 5, 7), true)).toBe('09:05:07')
    expect(formatTime(null)).toBe('–')
  })
})
