import { expect, test, vi } from 'vitest'
import { awaitNews } from '../../src/http/await-news.ts'

/** A value that can be read and changed, and tells of its changes; `reads` counts. */
function source(initial: number) {
  const listeners = new Set<() => void>()
  const self = {
    value: initial,
    reads: 0,
    onRead: async () => {},
    listeners,
    read: async () => {
      self.reads += 1
      const { value } = self
      await self.onRead()
      return value
    },
    subscribe: (wake: () => void) => {
      listeners.add(wake)
      return () => void listeners.delete(wake)
    },
    set: (value: number) => {
      self.value = value
      for (const wake of listeners) wake()
    },
  }
  return self
}

const settle = () => new Promise<void>((resolve) => setImmediate(resolve))

test('what is news already is the answer at once', async () => {
  const from = source(2)
  expect(await awaitNews({ ...from, isNews: (value) => value > 1, signal: new AbortController().signal })).toBe(2)
  expect(from.listeners.size).toBe(0)
})

test('it ends with the first news and leaves nothing behind', async () => {
  const from = source(1)
  const { signal } = new AbortController()
  const answer = awaitNews({ read: from.read, subscribe: from.subscribe, isNews: (value) => value > 2, signal })
  await settle()
  from.set(2)
  await settle()
  expect(from.reads).toBe(2)
  from.set(3)
  expect(await answer).toBe(3)
  expect(from.listeners.size).toBe(0)
})

test('a change while it reads is not missed', async () => {
  const from = source(1)
  from.onRead = async () => {
    if (from.reads === 1) from.set(2)
  }
  const { signal } = new AbortController()
  const answer = awaitNews({ read: from.read, subscribe: from.subscribe, isNews: (value) => value > 1, signal })
  expect(await answer).toBe(2)
})

test('when the time is over the answer is the newest, news or not', async () => {
  const from = source(1)
  const over = new AbortController()
  const answer = awaitNews({ read: from.read, subscribe: from.subscribe, isNews: () => false, signal: over.signal })
  await settle()
  from.value = 5
  over.abort()
  expect(await answer).toBe(5)
  expect(from.listeners.size).toBe(0)
})

test('news that nobody told of is found all the same', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const from = source(1)
    const { signal } = new AbortController()
    const answer = awaitNews({ read: from.read, subscribe: from.subscribe, isNews: (value) => value > 1, signal })
    await settle()
    from.value = 2
    await vi.advanceTimersByTimeAsync(10_000)
    expect(await answer).toBe(2)
  } finally {
    vi.useRealTimers()
  }
})

test('an error of the reading ends the waiting', async () => {
  const from = source(1)
  const read = () => Promise.reject(new Error('the storage is down'))
  const { signal } = new AbortController()
  await expect(awaitNews({ read, subscribe: from.subscribe, isNews: () => true, signal })).rejects.toThrow('down')
  expect(from.listeners.size).toBe(0)
})
