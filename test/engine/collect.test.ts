import { describe, expect, test } from 'vitest'
import { byNearness, collectRows, countLate, type Due, dueWindows } from '../../src/engine/collect.ts'
import { sliceOf } from '../../src/engine/slices.ts'
import { firstTick, nextWindow } from '../../src/engine/timetable.ts'
import { judges } from '../../src/judges/index.ts'
import { RunningTrial } from '../../src/judges/verdict/running-trial.ts'
import type { RollupReader } from '../../src/storage/rollup-reader.ts'
import { quick } from './lab.ts'
import { aDeployment, aRow, rowsOf } from './samples.ts'

const deployment = aDeployment()
const first = firstTick(deployment)
const slow = aDeployment({ template: { ...quick, lookSeconds: 300, blockSeconds: 300 } })
const verySlow = aDeployment({ template: { ...quick, lookSeconds: 1800, blockSeconds: 1800 } })

describe('due windows', () => {
  test.each([
    { name: 'none before the first is complete', deployment, seen: null, complete: 9, count: 0, upTo: null },
    { name: 'one when it just is', deployment, seen: null, complete: 10, count: 1, upTo: 10 },
    { name: 'all that are complete', deployment, seen: 30, complete: 79, count: 4, upTo: 70 },
    { name: 'at most 60 at once', deployment, seen: null, complete: 7200, count: 60, upTo: 600 },
    { name: 'at most ten minutes at once', deployment: slow, seen: null, complete: 7200, count: 2, upTo: 600 },
    {
      name: 'one at least, however long it is',
      deployment: verySlow,
      seen: null,
      complete: 7200,
      count: 1,
      upTo: 1800,
    },
  ])('$name', ({ deployment, seen, complete, count, upTo }) => {
    const windows = dueWindows(deployment, seen === null ? null : first + seen * 1000, first + complete * 1000)
    expect(windows).toHaveLength(count)
    expect(windows.at(-1)?.to ?? null).toBe(upTo === null ? null : first + upTo * 1000)
  })
})

test('who catches up reads alone, so that the live ones share a short window', () => {
  const due = (id: string, from: number): Due => ({
    deployment: aDeployment({ id }),
    trial: RunningTrial.start(deployment, { reference: [] }, judges.sequential),
    windows: [{ from: first + from * 1000, to: first + (from + 10) * 1000 }],
  })
  const groups = byNearness([due('a', 1000), due('behind', 10), due('b', 950), due('further', 0)])
  expect(groups.map((group) => group.map(({ deployment }) => deployment.id))).toEqual([
    ['a', 'b'],
    ['behind'],
    ['further'],
  ])
  expect(byNearness([])).toEqual([])
})

test('what is called is read by pod of those services alone whose arms are told apart by pod', async () => {
  const asked: unknown[] = []
  const rollups = {
    requests: async () => [],
    callees: async (services: readonly string[], _from: number, _to: number, byPod: boolean) => {
      asked.push([services, byPod])
      return []
    },
  } as unknown as RollupReader
  const of = (service: string, match?: object) =>
    ({
      deployment: aDeployment({ service, ...(match === undefined ? {} : { canary: { match } }) }),
      requestsFrom: null,
    }) as const
  const subjects = [of('cart'), of('pods', { pod: ['pods-1'] }), of('cart'), of('hashes', { replicaSet: ['abc'] })]
  await collectRows(rollups, subjects, first, first + 10_000)
  expect(asked).toEqual([
    [['cart', 'hashes'], false],
    [['pods'], true],
  ])
})

describe('what came late', () => {
  /** A trial that saw 10 requests of each arm in each of `looks` windows of `lookSeconds`. */
  function trialOf(lookSeconds: number, looks: number) {
    const deployment = aDeployment({ template: { ...quick, lookSeconds, blockSeconds: lookSeconds } })
    const trial = RunningTrial.start(deployment, { reference: [] }, judges.sequential)
    for (let look = 0; look < looks; look += 1) {
      const window = nextWindow(deployment, trial.seenUpTo)
      const rows = [aRow({ at: window.from }), aRow({ at: window.from, version: '2', pod: 'b-1' })]
      trial.observe(sliceOf(deployment, window, rowsOf(rows)), window.to)
    }
    return { deployment, trial }
  }

  /** A storage that has `perWindow` requests of each arm in every window of `lookSeconds` that lies in the question. */
  function rollups(lookSeconds: number, perWindow: { baseline: number; canary: number }) {
    const asked: { from: number; to: number }[] = []
    const totals: RollupReader['totals'] = async (_services, from, to) => {
      asked.push({ from, to })
      const count = (to - from) / lookSeconds / 1000
      return [
        { ...aRow({ requests: perWindow.baseline * count }), errors: 0 },
        { ...aRow({ version: '2', requests: perWindow.canary * count }), errors: 0 },
      ]
    }
    return { reader: { totals } as RollupReader, asked }
  }

  test('is what is stored beyond what the slices saw, with what they saw beside it', async () => {
    const { deployment, trial } = trialOf(10, 6)
    const { reader } = rollups(10, { baseline: 10, canary: 12 })
    expect(await countLate(reader, deployment, trial, first + 60_000)).toEqual({
      baseline: 0,
      canary: 12,
      inTime: { baseline: 60, canary: 60 },
    })
  })

  test.each([10, 70, 50, 130])(
    'with looks of %i s nothing is late when all was seen, also past the hour',
    async (seconds) => {
      const looks = Math.ceil(4000 / seconds)
      const { deployment, trial } = trialOf(seconds, looks)
      const { reader, asked } = rollups(seconds, { baseline: 10, canary: 10 })
      const before = first + looks * seconds * 1000
      expect(await countLate(reader, deployment, trial, before)).toMatchObject({ baseline: 0, canary: 0 })
      expect(asked[0]?.to).toBe(before)
      expect(before - (asked[0]?.from ?? 0)).toBeLessThanOrEqual(3_600_000)
    },
  )

  test('asks nothing before the first slice', async () => {
    const { deployment, trial } = trialOf(10, 0)
    const { reader, asked } = rollups(10, { baseline: 10, canary: 10 })
    expect(await countLate(reader, deployment, trial, first)).toMatchObject({ baseline: 0, canary: 0 })
    expect(asked).toEqual([])
  })
})
