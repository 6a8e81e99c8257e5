import { random } from '../stats/random.ts'
import { history, rollout, steady } from './rollout/shop.ts'
import { shopMinute } from './windows/shop.ts'

const startAt = Date.UTC(2026, 10, 1)

function noise(count: number, seed: number, at: (index: number) => number = () => 10): number[] {
  const { normal } = random(seed)
  return Array.from({ length: count }, (_, index) => at(index) + normal())
}

function node(name: string, seed: number, slower: number) {
  const { normal } = random(seed)
  const row = (factor: number) => ({
    requests: 200,
    latencySeconds: 0.05 * factor * Math.exp(0.1 * normal()),
    failedShare: 0,
  })
  return {
    node: name,
    baseline: Array.from({ length: 600 }, () => row(1)),
    current: Array.from({ length: 5 }, (_, at) => row(at < 2 ? 1 : slower)),
  }
}

const failing = rollout({ success: ({ pod }) => (pod.startsWith('v2') ? 0.3 : 1) })
const calm = rollout({ cpu: (at) => steady(40)(at)! })

/** An input of each judge as JSON, and what it is judged as. */
export const seriesInputs = {
  rollout: { input: { ...failing, history, policy: { alpha: 0.02 } }, code: 'HARM_SHOWN', decision: 'rollback' },
  rollouts: { input: { rollouts: [{ ...calm, service: 'other', mesh: [] }, failing], history }, code: 'HARM_SHOWN' },
  windows: {
    input: {
      service: 'price',
      canary: shopMinute({ seed: 99, delayMs: 20 }),
      baseline: [1, 2, 3, 4].map((seed) => shopMinute({ seed })),
    },
    ...{ code: 'REGRESSION', decision: 'rollback' },
  },
  'window-causes': {
    input: { canary: shopMinute({ seed: 99, delayMs: 20 }), baseline: [1, 2, 3].map((seed) => shopMinute({ seed })) },
    code: 'RANKED',
  },
  replicates: {
    input: { baseline: [noise(9, 1), noise(9, 2), noise(9, 3)], canary: [noise(9, 4), noise(9, 5)], worse: 'up' },
    ...{ code: 'HARM_RULED_OUT', decision: 'promote' },
  },
  change: {
    input: {
      ...{ startAt, stepSeconds: 60, changeAt: startAt + 5 * 86_400_000 },
      values: noise(5 * 1440 + 120, 6, (index) => (index >= 5 * 1440 ? 20 : 10)),
    },
    code: 'CHANGE_SHOWN',
  },
  'root-cause': {
    input: {
      nodes: [node('site', 1, 9), node('table', 2, 4), node('queue', 3, 1)],
      calls: [{ caller: 'site', callee: 'table' }],
    },
    code: 'ISSUE_SHOWN',
  },
  anomalies: {
    input: {
      points: noise(3000, 7, (index) => (index === 2900 ? 99 : 10)).map((value, index) => ({
        at: startAt + index * 300_000,
        value: index === 5 ? null : value,
      })),
      threshold: 3,
    },
    code: 'ANOMALIES',
  },
  'change-points': {
    input: { dimensions: [noise(200, 8, (index) => (index < 90 ? 10 : 30))] },
    code: 'CHANGES',
  },
  'log-templates': {
    input: {
      lines: ['user 17 logged in', 'user 4711 logged in', 'disk /dev/sda1 is full'],
      baseline: ['user 3 logged in'],
    },
    code: 'NEW_TEMPLATES',
  },
} as const
