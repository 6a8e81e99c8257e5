import { describe, expect, it } from 'vitest'
import type { Slice } from '../../../src/domain/evidence.ts'
import { logFromStart, logShareOfStart } from '../../../src/judges/sequential/late-onset.ts'
import { canaryPods, concludeAll, failing, rollout, type shop, startedAt } from '../rollout.ts'

const healthySeconds = 720

/** Harmless for twelve minutes, then as `worse` says, on the same pods. */
function worsens(seed: number, worse: Partial<typeof shop>, forSeconds = 300): Slice[] {
  const healthy = rollout({ seed, seconds: healthySeconds })
  const harmed = rollout({ seed, seconds: healthySeconds + forSeconds, canary: { pods: canaryPods, ...worse } })
  return [...healthy, ...harmed.slice(healthy.length)]
}

/** Seconds from the onset to the rollback; null without one. */
function secondsToRollback(slices: readonly Slice[]): number | null {
  const first = concludeAll(slices).findIndex(({ decision }) => decision === 'rollback')
  return first === -1 ? null : (slices[first]!.to - startedAt) / 1000 - healthySeconds
}

describe('harm that begins after twelve healthy minutes', () => {
  it.each([1, 2, 3, 4])('is found within two minutes when errors rise to 25%% (seed %i)', (seed) => {
    const seconds = secondsToRollback(worsens(seed, { operations: failing(0.25) }))
    expect(seconds).toBeGreaterThan(0)
    expect(seconds).toBeLessThanOrEqual(120)
  })

  it('is told with the time at which it began and the figures since then', () => {
    const conclusion = concludeAll(worsens(1, { operations: failing(0.25) })).at(-1)!
    expect(conclusion).toMatchObject({ decision: 'rollback', score: 0, reason: { code: 'HARM_SHOWN' } })
    expect(conclusion.reason.detail).toMatch(/It began at about 10:1[23]/)
    expect(conclusion.metrics[0]!.canary.value).toBeGreaterThan(0.15)
    expect(conclusion.metrics[0]!.finding).toBe('harm-shown')
  })

  it('is not called so when it was there from the beginning', () => {
    const conclusion = concludeAll(rollout({ seed: 1, seconds: 300, canary: { operations: failing(0.25) } })).at(-1)!
    expect(conclusion.decision).toBe('rollback')
    expect(conclusion.reason.detail).not.toContain('began')
  })
})

describe('the budget', () => {
  it.each([1, 10, 60, 500])('is not spent twice, whatever the horizon (%i blocks)', (horizon) => {
    let sum = Math.exp(logFromStart)
    for (let block = 1; block <= 20_000; block++) sum += Math.exp(logShareOfStart(block, horizon))
    expect(sum).toBeLessThanOrEqual(1)
  })
})
