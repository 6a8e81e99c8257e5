import { expect, test } from 'vitest'
import type { TaggedSeries } from '../../../src/domain/series-source.ts'
import { pairSeries } from '../../../src/judges/kayenta/pair-series.ts'

const side = (...series: [tags: Record<string, string>, values: number[]][]) => ({
  scope: { start: 600_000, end: 900_000, stepSeconds: 60 },
  query: 'q',
  series: series.map(([tags, values]): TaggedSeries => ({ tags, startAt: 600_000, stepMs: 60_000, values })),
})
const pair = (control: ReturnType<typeof side>, experiment: ReturnType<typeof side>) =>
  pairSeries('m', control, experiment, (position) => `id-${position}`)
const gone = Number.NaN

test('series are paired by their tags, in whatever order these come', () => {
  const left = side([{ a: '1', b: '2' }, [1, 2, 3, 4, 5]], [{ a: '3', b: '4' }, [6, 7, 8, 9, 10]])
  const right = side([{ b: '4', a: '3' }, [16, 17, 18, 19, 20]], [{ b: '2', a: '1' }, [11, 12, 13, 14, 15]])
  expect(pair(left, right)).toMatchObject([
    {
      name: 'm',
      id: 'id-0',
      tags: { a: '1', b: '2' },
      values: { control: [1, 2, 3, 4, 5], experiment: [11, 12, 13, 14, 15] },
    },
    { name: 'm', id: 'id-1', values: { control: [6, 7, 8, 9, 10], experiment: [16, 17, 18, 19, 20] } },
  ])
})

test('a series that only one side has stands beside missing values', () => {
  const [one, two] = pair(side([{ a: '1' }, [1, 2, 3, 4, 5]]), side([{ a: '2' }, [1, 2, 3, 4, 5]]))
  expect(one).toMatchObject({ tags: { a: '1' }, values: { experiment: [gone, gone, gone, gone, gone] } })
  expect(two).toMatchObject({ tags: { a: '2' }, values: { control: [gone, gone, gone, gone, gone] } })
})

test('short sides are filled up at their end to what the window holds, longer ones stay', () => {
  const [one] = pair(side([{}, [1, 2]]), side([{}, [1, 2, 3, 4, 5, 6]]))
  expect(one?.values).toEqual({ control: [1, 2, gone, gone, gone], experiment: [1, 2, 3, 4, 5, 6] })
})

test('nothing on either side is one pair of missing values', () => {
  expect(pair(side(), side())).toMatchObject([
    { tags: {}, values: { control: Array(5).fill(gone), experiment: Array(5).fill(gone) } },
  ])
})

test('a side without tags beside a tagged one is a placeholder, and what it says is discarded', () => {
  const [one, ...more] = pair(side([{ a: '1' }, [1, 2, 3, 4, 5]]), side([{}, [9, 9, 9, 9, 9]]))
  expect(one).toMatchObject({ tags: { a: '1' }, values: { experiment: Array(5).fill(gone) } })
  expect(more).toEqual([])
})

test('tags of different names cannot be paired', () => {
  expect(() => pair(side([{ a: '1' }, [1]]), side([{ b: '1' }, [1]]))).toThrow(/different tag keys/)
})

test('a pair says where its values come from', () => {
  const [one] = pair(side([{}, [1]]), side([{}, [1]]))
  expect(one?.scopes.control).toEqual({
    startTimeIso: '1970-01-01T00:10:00.000Z',
    startTimeMillis: 600_000,
    stepMillis: 60_000,
  })
  expect(one?.attributes).toEqual({ control: { query: 'q' }, experiment: { query: 'q' } })
})
