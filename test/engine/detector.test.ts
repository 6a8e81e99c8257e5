import { expect, test } from 'vitest'
import { isNewRelease } from '../../src/engine/detector.ts'
import { aDeployment, aVersion } from './samples.ts'

const fresh = aVersion({ version: '2', requests: 20 })
const baseline = aVersion({ version: '1', requests: 100 })
const other = { canary: { version: '9' }, status: 'open' } as const

test.each([
  { name: 'a new version beside a busy one', row: fresh, seen: false, baseline, deployments: [], is: true },
  {
    name: 'telemetry without a version',
    row: { ...fresh, version: '' },
    seen: false,
    baseline,
    deployments: [],
    is: false,
  },
  { name: 'a version that was there before', row: fresh, seen: true, baseline, deployments: [], is: false },
  { name: "the service's first version", row: fresh, seen: false, baseline: null, deployments: [], is: false },
  {
    name: 'a baseline with too few requests',
    row: fresh,
    seen: false,
    baseline: { ...baseline, requests: 99 },
    deployments: [],
    is: false,
  },
  {
    name: 'while a registered deployment of the unit is open',
    row: fresh,
    seen: false,
    baseline,
    deployments: [aDeployment(other)],
    is: false,
  },
  {
    name: 'while what was merely seen is open',
    row: fresh,
    seen: false,
    baseline,
    deployments: [aDeployment({ ...other, origin: 'detected', mode: 'observe' })],
    is: true,
  },
  {
    name: 'after a registered deployment was closed',
    row: fresh,
    seen: false,
    baseline,
    deployments: [aDeployment({ ...other, status: 'closed', outcome: 'promoted' })],
    is: true,
  },
  {
    name: 'while another environment has one open',
    row: fresh,
    seen: false,
    baseline,
    deployments: [aDeployment({ ...other, environment: 'staging' })],
    is: true,
  },
  {
    name: 'a version that was deployed before, whatever became of it',
    row: fresh,
    seen: false,
    baseline,
    deployments: [aDeployment({ canary: { version: '2' }, status: 'closed', outcome: 'rolled-back' })],
    is: false,
  },
])('$name: $is', ({ row, seen, baseline, deployments, is }) => {
  expect(isNewRelease(row, seen, baseline, deployments)).toBe(is)
})
