import { describe, expect, test } from 'vitest'
import { checkCohorts, onlyNamespace, startOf } from '../../src/engine/registration.ts'

const now = Date.UTC(2026, 10, 21, 10)
const hour = 3_600_000
const unit = { service: 'checkout', environment: 'default' }
const row = (namespace: string, environment = 'default') => ({ namespace, service: 'checkout', environment })

describe('the namespace that nobody named', () => {
  test.each([
    { name: 'no telemetry', rows: [], is: '' },
    { name: 'the only one', rows: [row('eu')], is: 'eu' },
    { name: 'none, where some telemetry has none', rows: [row('eu'), row('')], is: '' },
    { name: 'another environment does not count', rows: [row('eu'), row('us', 'staging')], is: 'eu' },
  ])('$name: "$is"', ({ rows, is }) => {
    expect(onlyNamespace(rows, unit)).toBe(is)
  })

  test('is asked for when there are several', () => {
    expect(() => onlyNamespace([row('us'), row('eu')], unit)).toThrow(
      expect.objectContaining({ code: 'UNPROCESSABLE', expected: 'namespace: one of eu, us' }),
    )
  })
})

describe('cohorts', () => {
  test.each([
    { canary: {}, baseline: undefined, where: 'canary' },
    { canary: { version: '1' }, baseline: { version: '1' }, where: 'baseline' },
    { canary: { match: { pod: ['a'] } }, baseline: { match: { pod: ['a'] } }, where: 'baseline' },
    { canary: { match: { pod: ['a', 'b'] } }, baseline: { match: { pod: ['b', 'a'] } }, where: 'baseline' },
  ])('$canary against $baseline is refused', ({ canary, baseline, where }) => {
    expect(() => checkCohorts(canary, baseline)).toThrow(expect.objectContaining({ code: 'UNPROCESSABLE', where }))
  })

  test.each([
    { canary: { version: '2' }, baseline: undefined },
    { canary: { version: '2' }, baseline: { version: '1' } },
    { canary: { match: { pod: ['a'] } }, baseline: { match: { pod: ['b'] } } },
    { canary: { version: '2', match: { pod: ['a'] } }, baseline: { version: '2', match: { pod: ['b'] } } },
    { canary: { version: '2', match: { pod: ['a'] } }, baseline: { version: '2' } },
  ])('$canary against $baseline is taken', ({ canary, baseline }) => {
    expect(() => checkCohorts(canary, baseline)).not.toThrow()
  })
})

describe('the start', () => {
  test.each([
    { startedAt: undefined, is: '2026-11-21T10:00:00.000Z' },
    { startedAt: '2026-11-21T10:30:00+01:00', is: '2026-11-21T09:30:00.000Z' },
    { startedAt: new Date(now - 24 * hour).toISOString(), is: '2026-11-20T10:00:00.000Z' },
    { startedAt: new Date(now + hour).toISOString(), is: '2026-11-21T11:00:00.000Z' },
  ])('$startedAt is $is', ({ startedAt, is }) => {
    expect(startOf(startedAt === undefined ? {} : { startedAt }, now)).toBe(is)
  })

  test.each([new Date(now - 25 * hour).toISOString(), new Date(now + 2 * hour).toISOString(), 'yesterday'])(
    '%s is refused',
    (startedAt) => {
      expect(() => startOf({ startedAt }, now)).toThrow(
        expect.objectContaining({ code: 'UNPROCESSABLE', where: 'startedAt', got: startedAt }),
      )
    },
  )
})
