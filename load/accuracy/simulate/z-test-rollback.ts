import { normalQuantile } from '../../../src/stats/normal-quantile.ts'
import type { CanaryRun } from './canary-run.ts'

const critical = normalQuantile(0.99)

/**
 * Seconds until a z test of two proportions, one-sided at 1%, finds that the canary fails more often, or null. Looked at
 * every minute, all requests so far: what its 1% promises holds for one look.
 */
export function zTestRollback({ minutes }: CanaryRun): number | null {
  let [xc, nc, xb, nb] = [0, 0, 0, 0]
  for (const [index, { canary, baseline }] of minutes.entries()) {
    xc += canary.errors
    nc += canary.requests
    xb += baseline.errors
    nb += baseline.requests
    const pooled = (xc + xb) / (nc + nb)
    const deviation = Math.sqrt(pooled * (1 - pooled) * (1 / nc + 1 / nb))
    if ((xc / nc - xb / nb) / deviation > critical) return (index + 1) * 60
  }
  return null
}
