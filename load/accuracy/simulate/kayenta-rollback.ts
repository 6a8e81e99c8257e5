import { judgeKayenta } from '../../../src/judges/kayenta/judge-kayenta.ts'
import type { CanaryRun, Minute } from './canary-run.ts'

const canaryConfig = {
  metrics: [
    {
      name: 'error-rate',
      groups: ['errors'],
      analysisConfigurations: { canary: { direction: 'increase', critical: true } },
    },
  ],
  classifier: { groupWeights: { errors: 100 } },
}

/** Fewer points are not judged. */
const leastMinutes = 5

/**
 * Seconds until Kayenta's judge fails the canary on the error rates of all minutes so far, or null: one critical metric,
 * everything else as it comes. Asked every minute from the fifth on, or only once at the end.
 */
export function kayentaRollback({ minutes }: CanaryRun, when: 'every-minute' | 'at-the-end'): number | null {
  const first = when === 'every-minute' ? leastMinutes : minutes.length
  for (let count = first; count <= minutes.length; count++) if (fails(minutes.slice(0, count))) return count * 60
  return null
}

function fails(minutes: readonly Minute[]): boolean {
  const values = {
    control: minutes.map(({ baseline }) => percentage(baseline)),
    experiment: minutes.map(({ canary }) => percentage(canary)),
  }
  const { score } = judgeKayenta({
    canaryConfig,
    scoreThresholds: { pass: 95, marginal: 75 },
    metricSetPairList: [{ name: 'error-rate', id: 'error-rate', tags: {}, values }],
  })
  return score.classification === 'Fail'
}

/** In percent, as the judge does not resolve shifts of less than 0.0001. */
function percentage({ requests, errors }: Minute['canary']): number {
  return requests === 0 ? Number.NaN : (100 * errors) / requests
}
