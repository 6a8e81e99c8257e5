import { expect, test } from 'vitest'
import { podsToAsk } from '../../src/engine/telemetry-pods.ts'
import type { TotalRow } from '../../src/storage/rollup-reader.ts'
import { queried } from '../sources/question.ts'
import { quick } from './lab.ts'
import { aDeployment } from './samples.ts'

const row = (version: string, pod: string): TotalRow => ({
  ...{ namespace: '', service: 'checkout', environment: 'default', version, cohort: '', replicaSet: '', pod },
  ...{ requests: 5, errors: 0 },
})
const rollups = { totals: async () => [row('2', 'b'), row('1', 'a'), row('1', ''), row('3', 'c'), row('2', 'b')] }
const window = { from: 0, to: 600_000 }

test('where a source counts the requests, it is asked about the pods that spans name', async () => {
  const template = { ...quick, metrics: [queried('prometheus', 'proportion', {})] }
  const named = { baseline: ['seen'], canary: [] }
  expect(await podsToAsk(rollups, aDeployment({ template }), named, window)).toEqual({
    baseline: ['a', 'seen'],
    canary: ['b'],
  })
})

test('where spans count them, the slices have named all pods', async () => {
  const named = { baseline: ['a'], canary: ['b'] }
  expect(await podsToAsk(rollups, aDeployment(), named, window)).toBe(named)
})
