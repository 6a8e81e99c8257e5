import { describe, expect, test } from 'vitest'
import { type AttributeCounts, rankAttributes } from '../../../src/judges/explanation/rank-attributes.ts'
import { random } from '../../stats/random.ts'

type Rates = { readonly baseline: number; readonly canary: number }

/** Requests of one operation at one value, with events drawn at these rates; the canary has a tenth of the traffic. */
function drawn(
  source: ReturnType<typeof random>,
  at: Pick<AttributeCounts, 'attribute' | 'value' | 'operation'>,
  requests: number,
  { baseline, canary }: Rates,
): AttributeCounts {
  const events = (count: number, rate: number): number => {
    let found = 0
    for (let i = 0; i < count; i += 1) if (source.uniform() < rate) found += 1
    return found
  }
  const few = Math.round(requests / 10)
  return {
    ...{ signal: 'traces', metric: '', ...at },
    baseline: { requests, errors: events(requests, baseline) },
    canary: { requests: few, errors: events(few, canary) },
  }
}

const regions = ['eu', 'us', 'asia', 'africa']

describe('the attribute values that hold the excess', () => {
  test('are named when one value has it', () => {
    const source = random(1)
    const rows = regions.flatMap((value) => [
      drawn(source, { attribute: 'cloud.region', value, operation: 'POST /pay' }, 5000, {
        baseline: 0.01,
        canary: value === 'us' ? 0.2 : 0.01,
      }),
      drawn(source, { attribute: 'browser', value: value.toUpperCase(), operation: 'POST /pay' }, 5000, {
        baseline: 0.01,
        canary: 0.06,
      }),
    ])
    const [first, ...rest] = rankAttributes(rows)
    expect(first).toMatchObject({ attribute: 'cloud.region', value: 'us' })
    expect(first!.share).toBeGreaterThan(0.8)
    expect(rest).toEqual([])
  })

  test('are none when all values are hit alike: at most one history in ten tells any', () => {
    let wrong = 0
    for (let seed = 1; seed <= 100; seed += 1) {
      const source = random(seed)
      const rows = ['a', 'b', 'c', 'd', 'e'].flatMap((attribute) =>
        regions.map((value) =>
          drawn(source, { attribute, value, operation: 'GET /' }, 2000, { baseline: 0.02, canary: 0.08 }),
        ),
      )
      if (rankAttributes(rows).length > 0) wrong += 1
    }
    expect(wrong).toBeLessThanOrEqual(10)
  })

  test('are not those that merely have more of a bad operation', () => {
    const source = random(3)
    // The new version breaks POST /pay for everybody, and phones pay more often than they look.
    const rows = [
      ['phone', 'POST /pay', 8000],
      ['phone', 'GET /', 2000],
      ['desktop', 'POST /pay', 2000],
      ['desktop', 'GET /', 8000],
    ].map(([value, operation, requests]) =>
      drawn(
        source,
        { attribute: 'device', value: value as string, operation: operation as string },
        requests as number,
        operation === 'POST /pay' ? { baseline: 0.01, canary: 0.15 } : { baseline: 0.01, canary: 0.01 },
      ),
    )
    expect(rankAttributes(rows)).toEqual([])
    const byRoute = rows.map((row) => ({ ...row, attribute: 'http.route', value: row.operation }))
    expect(rankAttributes(byRoute)).toMatchObject([{ attribute: 'http.route', value: 'POST /pay' }])
  })

  test('are compared within one signal and instrument', () => {
    const source = random(5)
    // What jobs do in one region and mails in the other is no difference of regions.
    const jobs = drawn(source, { attribute: 'region', value: 'eu', operation: '' }, 5000, {
      baseline: 0.1,
      canary: 0.5,
    })
    const mails = drawn(source, { attribute: 'region', value: 'us', operation: '' }, 5000, {
      baseline: 0.1,
      canary: 0.1,
    })
    expect(rankAttributes([jobs, mails])).toMatchObject([{ signal: 'traces', value: 'eu' }])
    expect(rankAttributes([jobs, { ...mails, signal: 'logs' }])).toEqual([])
    const told = (metric: string, counts: AttributeCounts) => ({ ...counts, signal: 'metrics', metric }) as const
    expect(rankAttributes([told('jobs', jobs), told('mails', mails)])).toEqual([])
    expect(rankAttributes([told('jobs', jobs), told('jobs', mails)])).toMatchObject([
      { signal: 'metrics', metric: 'jobs', attribute: 'region', value: 'eu' },
    ])
  })

  test('are at most five, and one that several signals tell of is one of them', () => {
    const source = random(6)
    const rows = ['a', 'b', 'c', 'd', 'e', 'f'].flatMap((attribute) =>
      ['good', 'bad'].flatMap((value) => {
        const rates = { baseline: 0.01, canary: value === 'bad' ? 0.3 : 0.01 }
        const row = drawn(source, { attribute, value, operation: '' }, 5000, rates)
        return [row, { ...row, signal: 'logs' as const }]
      }),
    )
    const told = rankAttributes(rows)
    expect(new Set(told.map(({ attribute }) => attribute)).size).toBe(5)
    expect(told.map(({ signal }) => signal).sort()).toEqual([...Array(5).fill('logs'), ...Array(5).fill('traces')])
  })

  test('need another value to be compared with', () => {
    const only = { attribute: 'host', value: 'one', operation: 'GET /' }
    expect(rankAttributes([drawn(random(4), only, 5000, { baseline: 0.01, canary: 0.5 })])).toEqual([])
    expect(rankAttributes([])).toEqual([])
  })
})
