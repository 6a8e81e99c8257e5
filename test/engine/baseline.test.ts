import { expect, test } from 'vitest'
import { chooseBaseline } from '../../src/engine/baseline.ts'
import { aVersion } from './samples.ts'

const unit = { namespace: '', service: 'checkout', environment: 'default' }
const none: ReadonlySet<string> = new Set()
const one = aVersion({ version: '1', requests: 1000 })
const two = aVersion({ version: '2', requests: 2000 })

test.each([
  { name: 'nothing answered', versions: [], rolledBack: none, chosen: null },
  { name: 'one version', versions: [one], rolledBack: none, chosen: '1' },
  { name: 'the one with most requests', versions: [one, two], rolledBack: none, chosen: '2' },
  { name: 'a tie, which is no answer', versions: [one, { ...two, requests: 1000 }], rolledBack: none, chosen: null },
  { name: 'the rolled back one does not count', versions: [one, two], rolledBack: new Set(['2']), chosen: '1' },
  {
    name: 'a tie with a rolled back one is none',
    versions: [one, { ...two, requests: 1000 }],
    rolledBack: new Set(['2']),
    chosen: '1',
  },
  {
    name: 'the canary itself',
    versions: [aVersion({ version: '3', requests: 9999 }), one],
    rolledBack: none,
    chosen: '1',
  },
  {
    name: 'telemetry without a version',
    versions: [aVersion({ version: '', requests: 9999 })],
    rolledBack: none,
    chosen: null,
  },
  {
    name: 'another environment, namespace, service',
    versions: [
      aVersion({ version: '4', environment: 'staging' }),
      aVersion({ version: '5', namespace: 'eu' }),
      aVersion({ version: '6', service: 'cart' }),
    ],
    rolledBack: none,
    chosen: null,
  },
])('$name: $chosen', ({ versions, rolledBack, chosen }) => {
  for (const canary of [{ version: '3' }, { match: { version: ['3'] } }]) {
    expect(chooseBaseline(unit, canary, versions, rolledBack)?.version ?? null).toBe(chosen)
  }
})
