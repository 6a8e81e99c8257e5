import { expect, test } from 'vitest'
import { Settling } from '../../src/engine/settling.ts'
import { aDeployment } from './samples.ts'

const startedAt = Date.UTC(2026, 10, 21, 10, 0)
const minute = 60_000

/** A process that starts and finds so many requests of the time before, minute by minute. */
function started(requestsByMinute: readonly number[] = [0]) {
  let now = startedAt
  const asked: number[] = []
  const totals = async () => {
    asked.push(now)
    const requests = requestsByMinute[Math.floor((now - startedAt) / minute)] ?? requestsByMinute.at(-1) ?? 0
    const { service, environment, namespace } = aDeployment()
    const where = { service, environment, namespace, version: '2', cohort: '' as const, replicaSet: '', pod: '' }
    return [{ ...where, requests, errors: 0 }]
  }
  const settling = new Settling({ now: () => now, rollups: { totals, durationTotals: async () => [] } })
  const ask = (seconds: number, seenUpTo: number | null, lookSeconds = 10, openedAt = startedAt - 5 * minute) => {
    now = startedAt + seconds * 1000
    const at = new Date(openedAt).toISOString()
    const sample = aDeployment({ startedAt: at, createdAt: at })
    const deployment = { ...sample, template: { ...sample.template, lookSeconds, watermarkSeconds: 15 } }
    return settling.isOn(deployment, { seenUpTo, requestsFrom: null })
  }
  return { ask, asked, settling }
}

test.each([
  ['the last look was a moment ago', 30, 10],
  ['looks are ten minutes apart and the next one is not due', 9 * 60, 600],
])('a restart delays no look and asks nothing where %s', async (_name, secondsBehind, lookSeconds) => {
  const { ask, asked } = started()
  expect(await ask(0, startedAt - secondsBehind * 1000, lookSeconds)).toBe(false)
  expect(asked).toEqual([])
})

test('a trial that has seen nothing yet waits where it was opened before the outage, and for nobody where it is new', async () => {
  expect(await started().ask(0, null)).toBe(true)
  expect(await started().ask(0, null, 10, startedAt - 30_000)).toBe(false)
  expect(await started().ask(5, null, 10, startedAt + 1000)).toBe(false)
})

test('after an outage looks wait for a minute that brings nothing more, and never again', async () => {
  const { ask } = started([100, 200, 200, 300])
  const seenUpTo = startedAt - 5 * minute
  expect(await ask(1, seenUpTo)).toBe(true)
  expect(await ask(61, seenUpTo)).toBe(true)
  expect(await ask(119, seenUpTo)).toBe(true)
  expect(await ask(122, seenUpTo)).toBe(false)
  expect(await ask(181, seenUpTo)).toBe(false)
})

test('a queue that does not end holds up looks for a quarter of an hour', async () => {
  const { ask, settling } = started(Array.from({ length: 20 }, (_, index) => index))
  const seenUpTo = startedAt - 5 * minute
  for (let seconds = 1; seconds < 900; seconds += 30) expect(await ask(seconds, seenUpTo)).toBe(true)
  expect(settling.isWaiting(aDeployment().id)).toBe(true)
  expect(await ask(900, seenUpTo)).toBe(false)
  expect(settling.isWaiting(aDeployment().id)).toBe(false)
})
