import { expect, test } from 'vitest'
import { CalleeSums } from '../../../src/engine/calls/callee-sums.ts'
import type { CalleeRow } from '../../../src/storage/calls-rollup-reader.ts'

const row = (more: Partial<CalleeRow>): CalleeRow => ({
  ...{ namespace: '', service: 'checkout', environment: 'default', version: '1', cohort: '', replicaSet: '', pod: '' },
  ...{ at: 0, system: 'http', peer: 'payments', target: '', calls: 10, failures: 1, nanoseconds: 2e9 },
  ...more,
})

test('calls are added up by edge', () => {
  const sums = new CalleeSums()
  sums.add('canary', row({}))
  sums.add('canary', row({ calls: 5, failures: 0, nanoseconds: 1e9 }))
  sums.add('canary', row({ system: 'postgresql', target: 'shop.orders' }))
  expect(sums.slices()).toEqual({
    baseline: {},
    canary: {
      callees: {
        payments: { calls: 15, failed: 1, seconds: 3 },
        'postgresql shop.orders': { calls: 10, failed: 1, seconds: 2 },
      },
    },
  })
})

test('of many edges the ones that take most time are kept, the same ones of both arms, and nothing is lost', () => {
  const sums = new CalleeSums()
  for (let index = 0; index < 30; index += 1) {
    sums.add('baseline', row({ peer: `peer-${index}`, nanoseconds: index * 1e9 }))
    sums.add('canary', row({ peer: `peer-${index}`, nanoseconds: 1e9 }))
  }
  const { baseline, canary } = sums.slices()
  expect(Object.keys(canary.callees!)).toEqual(Object.keys(baseline.callees!))
  expect(Object.keys(canary.callees!)).toHaveLength(13)
  expect(canary.callees!['peer-29']).toEqual({ calls: 10, failed: 1, seconds: 1 })
  expect(canary.callees!['(other)']).toEqual({ calls: 180, failed: 18, seconds: 18 })
})

test('what fails fast is kept beside what takes long', () => {
  const sums = new CalleeSums()
  for (let index = 0; index < 30; index += 1) {
    sums.add('baseline', row({ peer: `peer-${index}`, failures: 0, nanoseconds: 1e9 + index }))
  }
  sums.add('canary', row({ peer: 'refuses', failures: 10, nanoseconds: 1000 }))
  const { baseline, canary } = sums.slices()
  expect(canary.callees).toEqual({ refuses: { calls: 10, failed: 10, seconds: 1e-6 } })
  expect(Object.keys(baseline.callees!)).toHaveLength(12)
})

test('rows in any order give the same bytes', () => {
  const rows = Array.from({ length: 200 }, (_, index) =>
    row({ peer: `p${index % 20}`, nanoseconds: 1 + 7 ** (index % 17) }),
  )
  const bytes = (of: readonly CalleeRow[]) => {
    const sums = new CalleeSums()
    for (const each of of) sums.add(each.peer < 'p15' ? 'canary' : 'baseline', each)
    return JSON.stringify(sums.slices())
  }
  expect(bytes(rows.toReversed())).toBe(bytes(rows))
  expect(bytes(rows.toSorted((a, b) => a.nanoseconds - b.nanoseconds))).toBe(bytes(rows))
})
