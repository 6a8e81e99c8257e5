import type { Slice } from '../../src/domain/evidence.ts'
import type { MetricSpec } from '../../src/domain/template.ts'
import { coldStart } from '../../src/judges/sequential/cold-start.ts'
import type { Reading } from '../../src/judges/sequential/metric-trial.ts'
import { openMetric } from '../../src/judges/sequential/open-metric.ts'
import { trackPodAges } from '../../src/judges/sequential/pod-ages.ts'
import { trackPodEffect } from '../../src/judges/sequential/pod-effect.ts'

/** One metric's readings after every slice without the rest of a trial, for simulations: no intervals, no late starts. */
function readAlone(spec: MetricSpec, slices: readonly Slice[]): Reading[] {
  const ages = trackPodAges()
  const pods = trackPodEffect()
  const trial = openMetric(spec, { context: { reference: [] }, parameters: coldStart, isLearned: false, ages })
  return slices.map((slice) => {
    for (const part of [ages, pods, trial]) part.observe(slice)
    if (slice.closesBlock) {
      pods.closeBlock()
      trial.closeBlock()
    }
    return trial.read({
      ...{ budget: { alpha: 0.01, alphaPromote: 0.05 }, parameters: coldStart },
      ...{ priors: pods.priors(), intervals: [], pods: pods.pods(), seconds: 0 },
    })
  })
}

/** Whether the evidence of harm was ever enough to roll back with the whole budget. */
export function isEverShown(spec: MetricSpec, slices: readonly Slice[]): boolean {
  return readAlone(spec, slices).some(({ logE }) => logE >= Math.log(100))
}
