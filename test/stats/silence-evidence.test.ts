import { expect, it } from 'vitest'
import { silenceLogE } from '../../src/stats/silence-evidence.ts'

const history = { share: 0.02, pods: 2 }

it.each([
  { pods: 0, silent: 0, e: 50 },
  { pods: 4, silent: 0, e: 150 },
  { pods: 2, silent: 1, e: 4 / 1.04 },
])(
  '$silent of $pods baseline pods silent: a silent canary is $e times as likely to be harmed',
  ({ pods, silent, e }) => {
    expect(Math.exp(silenceLogE(pods, silent, history))).toBeCloseTo(e, 9)
  },
)
