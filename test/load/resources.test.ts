import { expect, test } from 'vitest'
import { activeParts, plusParts } from '../../load/summary/active-parts.ts'
import { highestRate, type Resources, steadiness } from '../../load/summary/resources.ts'

const minute = 60_000

function samples(of: (minutes: number) => Partial<Resources>, minutes: number): Resources[] {
  return Array.from({ length: minutes + 1 }, (_, at) => ({
    ...{ at: at * minute, rssMiB: 500, openFiles: 80, acceptedSpans: 0 },
    ...{ parts: 40, freshParts: 10, partitions: 8 },
    ...of(at),
  }))
}

const kept = (of: (minutes: number) => Partial<Resources>, minutes = 120) =>
  steadiness(samples(of, minutes)).map(({ isKept }) => isKept)

test('what rises while it warms up and stays then is steady', () => {
  const held = kept((at) => ({ rssMiB: at < 15 ? 100 + 30 * at : 550, openFiles: at < 15 ? at : 80 }))
  expect(held).toEqual([true, true, true, true])
})

test('memory that grows by more than 3%, files and parts that become more are not', () => {
  expect(kept((at) => ({ rssMiB: 500 + 0.1 * at }))).toEqual([true, true, true, true])
  expect(kept((at) => ({ rssMiB: 500 + 0.3 * at }))).toEqual([false, true, true, true])
  expect(kept((at) => ({ openFiles: 80 + at }))).toEqual([true, false, true, true])
  expect(kept((at) => ({ freshParts: 10 + at / 4 }))).toEqual([true, true, false, true])
  expect(kept((at) => ({ parts: 40 + at }))).toEqual([true, true, true, false])
})

test('parts may be those of a tree that is merged: two more in each partition when the run is five times as long', () => {
  const sizes = (at: number) => Math.log(Math.max(at, 1)) / Math.log(5)
  expect(kept((at) => ({ parts: 40 + 1.8 * 8 * sizes(at) }))).toEqual([true, true, true, true])
  expect(kept((at) => ({ parts: 40 + 2.4 * 8 * sizes(at) }))).toEqual([true, true, true, false])
})

test('one peak is no growth', () => {
  expect(kept((at) => ({ rssMiB: at === 119 ? 900 : 500 }))).toEqual([true, true, true, true])
})

test('the table says from what to what, and since when', () => {
  expect(steadiness(samples((at) => ({ rssMiB: at < 60 ? 500 : 550 }), 120))[0]).toEqual({
    what: 'resident memory, MiB after 15 min',
    measured: '500 to 550 (+10.0%)',
    limit: '<= 515',
    isKept: false,
  })
  expect(steadiness(samples(() => ({}), 30))[0]?.what).toBe('resident memory, MiB after 10 min')
})

test('a run that is too short to say is an error', () => {
  expect(() => steadiness(samples(() => ({}), 20))).toThrow('expected at least 20 samples of a warm process, got 14')
  expect(() => steadiness([])).toThrow('got 0')
})

test('the highest rate is one that lasted', () => {
  const of = (spans: readonly number[]) =>
    samples(() => ({}), spans.length - 1).map((each, second) => ({
      ...each,
      ...{ at: second * 1000, acceptedSpans: spans[second]! },
    }))
  expect(highestRate(of([0, 10, 20, 120, 130, 140]), 3000)).toBe(40)
  expect(highestRate(of([0, 0, 0, 300]), 3000)).toBe(100)
  expect(highestRate(of([0, 10]), 3000)).toBeNull()
})

test('parts that a larger one covers are not counted, nor what is no part', () => {
  expect(activeParts(['all_1_1_0', 'all_2_2_0', 'all_1_2_1', 'all_3_3_0', 'detached', 'tmp_insert_all_9_9_0'])).toEqual(
    {
      ...{ parts: 2, freshParts: 1, partitions: 1 },
    },
  )
  expect(activeParts(['20260102_1_5_1', '20260103_1_5_1', '20260102_6_6_0', '20260102_3_3_0'])).toEqual({
    ...{ parts: 3, freshParts: 1, partitions: 2 },
  })
  expect(activeParts(['all_1_4_1', 'all_1_4_2', 'all_1_4_1_7'])).toEqual({ parts: 1, freshParts: 0, partitions: 1 })
  expect(activeParts([])).toEqual({ parts: 0, freshParts: 0, partitions: 0 })
  const [a, b] = [activeParts(['all_1_1_0']), activeParts(['all_1_4_1', 'all_5_5_0'])]
  expect(plusParts(a, b)).toEqual({ parts: 3, freshParts: 2, partitions: 2 })
})
