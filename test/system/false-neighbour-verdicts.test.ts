import { describe, expect, test } from 'vitest'
import type { Slice } from '../../src/domain/evidence.ts'
import { decisionAfter } from '../judges/decision-after.ts'
import { type Harm, neighbourTemplate, type Weather, withNeighbours } from '../judges/neighbour-slices.ts'
import { rollout, trialContext } from '../judges/rollout.ts'

const calm: Weather = { failing: 0.01, seconds: 0.05, calls: 200 }

/** How neighbours are, minute by minute, to both versions alike. */
const weathers: Readonly<Record<string, (index: number) => Weather>> = {
  'a neighbour has an outage': (index) => (index >= 4 && index < 9 ? { failing: 0.5, seconds: 0.4, calls: 200 } : calm),
  'a neighbour is down from the first minutes on': (index) =>
    index >= 2 ? { failing: 0.95, seconds: 1, calls: 200 } : calm,
  'the load is four times as high and everything slower': (index) =>
    index >= 5 ? { failing: 0.03, seconds: 0.15, calls: 800 } : calm,
}

const context = trialContext({ template: neighbourTemplate })

type Harms = { readonly callers?: Harm; readonly callees?: Harm }

function slicesOf(seed: number, minutes: number, weather: (index: number) => Weather, harm: Harms): Slice[] {
  const uneven = { podErrors: 0.15, podLatency: 0.03, rps: 4 }
  const addNeighbours = withNeighbours({ seed: seed + 900_000, weather, ...harm })
  return rollout({
    ...{ seed, seconds: minutes * 60, sliceSeconds: 60, canary: uneven, baseline: uneven },
    change: (slice, index) => ({ ...addNeighbours(slice, index), closesBlock: true }),
  })
}

describe('a harmless release beside neighbours of whom both versions see the same', () => {
  const runs = 20

  test('is not rolled back, whatever befalls the neighbours: at most one in a hundred may be', () => {
    const rollbacks = Object.values(weathers).flatMap((weather, scenario) =>
      Array.from({ length: runs }, (_, run) => slicesOf(10_000 * (scenario + 1) + run, 12, weather, {})).filter(
        (slices) => decisionAfter(slices, context, 'rollback') !== null,
      ),
    )
    expect(rollbacks.length).toBeLessThanOrEqual(0.01 * runs * Object.keys(weathers).length)
  })
})

describe('a release that its neighbours suffer from', () => {
  const runs = 4
  const outage = (index: number): Weather =>
    index >= 6 && index < 12 ? { failing: 0.5, seconds: 0.4, calls: 200 } : calm
  const found = (harm: Harms) =>
    Array.from({ length: runs }, (_, run) => slicesOf(90_000 + run, 20, outage, harm)).filter(
      (slices) => decisionAfter(slices, context, 'rollback') !== null,
    ).length

  test.each([
    ['callers see ten times the failures', { callers: { failing: 10 } }],
    ['callers wait three times as long', { callers: { seconds: 3 } }],
    ['its calls fail ten times as often', { callees: { failing: 10 } }],
  ])('is rolled back nearly always when %s, in an outage too', (_, harm) => {
    expect(found(harm)).toBe(runs)
  })
})
