import type { Slice } from '../../domain/evidence.ts'
import type { MetricSpec } from '../../domain/template.ts'
import type { MetricTrial } from './metric-trial.ts'

/**
 * A metric whose source is asked for it alone: it sees its own arms in place of the slice's. While the source cannot be
 * asked the finding is `error`; what was seen before stays, since it was seen.
 */
export function withOwnEvidence(spec: MetricSpec, trial: MetricTrial): MetricTrial {
  let fault: string | null = null
  return {
    observe(slice: Slice) {
      const own = slice.own !== undefined && Object.hasOwn(slice.own, spec.name) ? slice.own[spec.name] : undefined
      if (own === undefined) return
      fault = 'fault' in own ? own.fault : null
      if ('fault' in own) return
      const { from, baseline, canary } = own
      trial.observe({ ...slice, from, baseline, canary })
    },
    closeBlock: () => trial.closeBlock(),
    read(look) {
      const reading = trial.read(look)
      return fault === null ? reading : { ...reading, judgement: { ...reading.judgement, finding: 'error', fault } }
    },
  }
}
