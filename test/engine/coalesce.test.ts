import { expect, test } from 'vitest'
import { coalesce } from '../../src/engine/coalesce.ts'

/** Work that ends when told, one run after the other. */
function manualWork() {
  const runs: { readonly end: () => void; readonly fail: (error: Error) => void }[] = []
  const refresh = coalesce(() => new Promise((end, fail) => runs.push({ end, fail })))
  return { runs, refresh }
}

const settle = () => new Promise((resolve) => setImmediate(resolve))

test('runs never overlap, and those who come while one runs share the next', async () => {
  const { runs, refresh } = manualWork()
  const first = refresh()
  await settle()
  const second = refresh()
  const third = refresh()
  await settle()
  expect(runs).toHaveLength(1)
  runs[0]?.end()
  await first
  await settle()
  expect(runs).toHaveLength(2)
  let isDone = false
  void Promise.all([second, third]).then(() => {
    isDone = true
  })
  await settle()
  expect(isDone).toBe(false)
  runs[1]?.end()
  await settle()
  expect(isDone).toBe(true)
  expect(runs).toHaveLength(2)
})

test('a failure reaches those who shared the run, and nobody after them', async () => {
  const { runs, refresh } = manualWork()
  const failing = Promise.allSettled([refresh(), refresh()])
  await settle()
  const next = refresh()
  runs[0]?.fail(new Error('no storage'))
  expect((await failing).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  await settle()
  runs[1]?.end()
  await expect(next).resolves.toBeUndefined()
})
