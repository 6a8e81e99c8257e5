import { summaryStatistics } from '../../stats/summary-statistics.ts'
import type { CanaryJudgeRequest } from './canary-config.ts'
import type { CanaryAnalysisResult, CanaryJudgeResult, JudgementWarning } from './canary-judge-result.ts'
import { checkRequest, type JudgedPair } from './check-request.ts'
import { classifyMetric } from './classify-metric.ts'
import { cleanValues } from './clean-values.ts'
import { gaussian } from './gaussian.ts'
import { scoreCanary } from './score-canary.ts'
import { groupWarnings, metricWarnings } from './warnings.ts'

/** The name under which canary configs ask for this judge. */
export const kayentaJudgeName = 'NetflixACAJudge-v1.0'

/**
 * Each metric draws from its own generator of this seed, so a judgement can be repeated, and what one metric says does
 * not depend on the others.
 */
const noiseSeed = 1

/**
 * Judges two arms as Kayenta's `NetflixACAJudge-v1.0` does: validate, clean, classify, score; the same labels, reasons,
 * figures and scores from the same input. What there is random (noise on constant data) comes from a fixed seed here.
 * What there fails open does so here as well, and `warnings` says it.
 *
 * @throws DavyError VALIDATION where the original fails with an exception of its own
 */
export function judgeKayenta(request: CanaryJudgeRequest): CanaryJudgeResult {
  const checked = checkRequest(request)
  const judged = checked.pairs.map(judgePair)
  const results = judged.map(({ result }) => result)
  const counted = results.filter(({ muted }) => !muted)
  const { groupScores, score } = scoreCanary(counted, checked.groupWeights, request.scoreThresholds)
  const warnings = [...judged.flatMap((one) => one.warnings), ...groupWarnings(counted, checked.groupWeights)]
  return { judgeName: kayentaJudgeName, results, groupScores, score, warnings }
}

type Judged = { readonly result: CanaryAnalysisResult; readonly warnings: readonly JudgementWarning[] }

function judgePair({ pair, groups, options }: JudgedPair): Judged {
  const experiment = cleanValues(pair.values.experiment, options)
  const control = cleanValues(pair.values.control, options)
  const samples = { name: pair.name, experiment, control }
  const outcome = classifyMetric(samples, options, gaussian(noiseSeed))
  const { test } = outcome
  const result: CanaryAnalysisResult = {
    name: pair.name,
    id: pair.id,
    tags: pair.tags,
    groups,
    classification: outcome.label,
    ...(outcome.reason === null ? {} : { classificationReason: outcome.reason }),
    critical: outcome.isCritical,
    muted: options.isMuted,
    controlMetadata: { stats: summaryStatistics(control) },
    experimentMetadata: { stats: summaryStatistics(experiment) },
    ...(outcome.ratio === null ? {} : { resultMetadata: { ratio: outcome.ratio } }),
    ...(test === null
      ? {}
      : { test: { low: test.low, high: test.high, estimate: test.estimate, effectSize: test.effectSize } }),
  }
  return { result, warnings: metricWarnings(samples, groups, options, outcome) }
}
