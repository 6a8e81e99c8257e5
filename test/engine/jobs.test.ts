import { expect, test } from 'vitest'
import { Jobs } from '../../src/engine/jobs.ts'
import { createLogger } from '../../src/platform/logger.ts'
import { createFakeClock } from '../platform/fake-clock.ts'

function bench() {
  const clock = createFakeClock()
  const lines: { level: string; job?: string; seconds?: number }[] = []
  const log = createLogger('info', { write: (line: string) => void lines.push(JSON.parse(line)) })
  return { clock, lines, log, jobs: new Jobs(clock, log) }
}

test('a job runs once a period, and a failure is logged and does not end it', async () => {
  const { clock, lines, jobs } = bench()
  let rounds = 0
  jobs.every('looks', 1000, async () => {
    rounds += 1
    if (rounds === 2) throw new Error('no storage')
  })
  await clock.advance(3500)
  expect(rounds).toBe(4)
  expect(lines).toEqual([expect.objectContaining({ level: 'error', job: 'looks' })])
  await jobs.stop()
  await clock.advance(10_000)
  expect(rounds).toBe(4)
})

test('a job does not overlap itself, a hanging round is told about, and stop waits for it', async () => {
  const { clock, lines, jobs } = bench()
  let rounds = 0
  let end = () => {}
  jobs.every('looks', 1000, (signal) => {
    rounds += 1
    return new Promise((resolve) => {
      end = resolve
      signal.addEventListener('abort', () => resolve())
    })
  })
  await clock.advance(130_000)
  expect(rounds).toBe(1)
  expect(lines.map(({ level, seconds }) => [level, seconds])).toEqual([
    ['warn', 60],
    ['warn', 120],
  ])
  end()
  await clock.advance(5000)
  expect(rounds).toBe(2)
  await jobs.stop()
  expect(clock.sleepers()).toBe(0)
})

test('a clock that is set back does not stop a job', async () => {
  const { clock, log } = bench()
  let offset = 0
  const moved = new Jobs({ now: () => clock.now() + offset, sleep: (ms, signal) => clock.sleep(ms, signal) }, log)
  let rounds = 0
  moved.every('looks', 1000, async () => {
    rounds += 1
    offset = -3_600_000
  })
  await clock.advance(3000)
  expect(rounds).toBeGreaterThan(2)
  await moved.stop()
})
