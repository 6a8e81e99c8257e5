import { expect, test } from 'vitest'
import type { Deployment } from '../../../src/domain/deployment.ts'
import { Alerts } from '../../../src/engine/alerts/alerts.ts'
import { factsInMemory } from '../facts-in-memory.ts'

const minuteMs = 60_000
const deployment = {
  ...{ service: 'checkout', environment: 'production', startedAt: '2026-11-21T10:00:00Z' },
  ...{ canary: { version: '2' }, baseline: { version: '1' } },
} as unknown as Deployment

/** An Alertmanager that says something at a minute of the release, and what Davy makes of it. */
function listen() {
  let now = Date.parse(deployment.startedAt)
  const { store, of } = factsInMemory(() => now)
  let alerts = new Alerts(store, () => now)
  const labels = { alertname: 'Burn', service: 'checkout', version: '2' }
  return {
    async say(minute: number, status: 'firing' | 'resolved') {
      now = Date.parse(deployment.startedAt) + minute * minuteMs
      await alerts.receive([{ status, labels, summary: '', startsAt: deployment.startedAt, url: null }])
      return alerts.statesOf(deployment).length
    },
    async restart() {
      alerts = new Alerts(store, () => now)
      await alerts.refresh()
      return alerts.statesOf(deployment).length
    },
    facts: () => of('alert').length,
  }
}

test('an alert that ended is not lit again by a message that was on its way', async () => {
  const { say, restart } = listen()
  expect(await say(1, 'firing')).toBe(1)
  expect(await say(2, 'resolved')).toBe(0)
  expect(await say(2.5, 'firing')).toBe(0)
  expect(await restart()).toBe(0)
})

test('an alert that is said to have ended while its Prometheus was away fires again', async () => {
  const { say, restart } = listen()
  expect(await say(1, 'firing')).toBe(1)
  expect(await say(10, 'resolved')).toBe(0)
  expect(await say(20, 'firing')).toBe(1)
  expect(await restart()).toBe(1)
  expect(await say(30, 'resolved')).toBe(0)
  expect(await restart()).toBe(0)
})

test('what is repeated is on record once an hour, and forgotten a day after the last time', async () => {
  const { say, facts, restart } = listen()
  for (const minute of [1, 2, 30, 59]) expect(await say(minute, 'firing')).toBe(1)
  expect(facts()).toBe(1)
  await say(61, 'firing')
  expect(facts()).toBe(2)
  expect(await say(26 * 60, 'resolved')).toBe(0)
  expect(await restart()).toBe(0)
})
