import { expect, test } from 'vitest'
import { ShutdownStack } from '../../src/platform/shutdown.ts'
import { createFakeClock } from './fake-clock.ts'

function setUp(totalMs = 10_000) {
  const clock = createFakeClock()
  const log: string[] = []
  const stack = new ShutdownStack(clock, (name, error) => log.push(`${name}: ${(error as Error).message}`), totalMs)
  return { clock, log, stack }
}

test('what was started last is stopped first', async () => {
  const { log, stack } = setUp()
  for (const name of ['storage', 'engine', 'http']) stack.push(name, 1000, () => void log.push(name))
  await stack.run()
  expect(log).toEqual(['http', 'engine', 'storage'])
})

test('a stop that fails, at once or later, is reported and the others still run', async () => {
  const { log, stack } = setUp()
  stack.push('storage', 1000, () => void log.push('storage'))
  stack.push('engine', 1000, async () => Promise.reject(new Error('broken')))
  stack.push('http', 1000, () => {
    throw new Error('also broken')
  })
  await stack.run()
  expect(log).toEqual(['http: also broken', 'engine: broken', 'storage'])
})

test('a stop that hangs is left behind at its deadline', async () => {
  const { clock, log, stack } = setUp()
  stack.push('storage', 1000, () => void log.push('storage'))
  stack.push('http', 1000, () => new Promise(() => {}))
  const stopping = stack.run()
  await clock.advance(999)
  expect(log).toEqual([])
  await clock.advance(1)
  await stopping
  expect(log).toEqual(['http: not stopped after 1000 ms', 'storage'])
})

test('all together never take longer than the total', async () => {
  const { clock, log, stack } = setUp(1500)
  for (const name of ['a', 'b', 'c']) stack.push(name, 1000, () => new Promise(() => {}))
  const stopping = stack.run()
  await clock.advance(1500)
  await stopping
  expect(log).toEqual(['c: not stopped after 1000 ms', 'b: not stopped after 500 ms', 'a: not stopped after 0 ms'])
})

test('stopping twice stops once, and nothing can be started meanwhile', async () => {
  const { log, stack } = setUp()
  stack.push('http', 1000, () => void log.push('http'))
  await Promise.all([stack.run(), stack.run()])
  expect(log).toEqual(['http'])
  expect(() => stack.push('late', 1000, () => {})).toThrow('late was started while Davy was stopping')
})

test('a stop that ends in time leaves no sleeper', async () => {
  const { clock, stack } = setUp()
  stack.push('http', 1000, () => {})
  await stack.run()
  expect(clock.sleepers()).toBe(0)
})
