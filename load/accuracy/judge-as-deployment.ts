import { type ArmSlice, type Histogram, histogramScale } from '../../src/domain/evidence.ts'
import type { Template } from '../../src/domain/template.ts'
import type { Decision } from '../../src/domain/verdict.ts'
import { judges } from '../../src/judges/index.ts'
import { spanKey } from '../../src/judges/windows/link-spans.ts'
import type { TelemetryWindow } from '../../src/judges/windows/telemetry-window.ts'

/** The default template's metrics of requests, with its weights and margins. */
const template: Template = {
  name: 'requests',
  alpha: 0.01,
  alphaPromote: 0.05,
  lookSeconds: 60,
  blockSeconds: 60,
  watermarkSeconds: 0,
  warmUpSeconds: 0,
  minimum: { seconds: 300, requests: 500 },
  exposureMode: false,
  deadlineSeconds: 3600,
  onDeadline: 'hold',
  onSilence: 'hold',
  metrics: [
    {
      ...{ name: 'error-rate', kind: 'proportion', source: 'spans', direction: 'increase', group: 'errors' },
      ...{ weight: 0.35, margin: 1.25, promoteMargin: 2, promoteFloor: 0.005, rollbackFloor: 0.001, critical: true },
    },
    {
      ...{ name: 'latency', kind: 'distribution', source: 'spans', direction: 'increase', group: 'latency' },
      ...{ weight: 0.25, margin: 1.1, promoteMargin: 1.25, quantiles: [0.5, 0.95, 0.99], critical: true },
    },
  ],
}

const startedAt = 0
const minuteMs = 60_000

/**
 * What the judge of deployments says after the first minute of one: a window's requests to the service as the canary's,
 * those of another window as its baseline's. Both count as one block of the same time, whenever they were, which is
 * harder than what a deployment sees: what differs between the minutes looks like the release. The windows' spans carry
 * no status, so no request counts as failed.
 */
export function judgeAsDeployment(service: string, canary: TelemetryWindow, baseline: TelemetryWindow): Decision {
  const trial = judges.sequential({
    ...{ service, baselineLabel: 'before', canaryLabel: 'after', hasBaseline: true },
    ...{ startedAt, attempt: 1, template, reference: [] },
  })
  trial.observe({
    ...{ from: startedAt, to: startedAt + minuteMs, closesBlock: true, step: 0 },
    ...{ baseline: armOf(baseline, service, 'b-0'), canary: armOf(canary, service, 'c-0') },
  })
  return trial.conclude(startedAt + minuteMs).decision
}

/** A window's requests to a service as one pod's: a request is the first span of the service below another one's. */
export function armOf({ spans }: TelemetryWindow, service: string, pod: string): ArmSlice {
  const services = new Map(spans.map((span) => [spanKey(span.trace, span.id), span.service]))
  const requests = spans.filter(({ service: own, trace, parent }) => {
    return own === service && (parent === null || services.get(spanKey(trace, parent)) !== service)
  })
  const byOperation = Map.groupBy(requests, ({ operation }) => operation)
  const counted = { requests: requests.length, errors: 0 }
  const operations = [...byOperation].map(([name, some]) => [name, { requests: some.length, errors: 0 }] as const)
  return {
    ...counted,
    pods: requests.length === 0 ? {} : { [pod]: counted },
    operations: Object.fromEntries(operations),
    latency: histogramOf(requests),
    latencies: Object.fromEntries([...byOperation].map(([name, some]) => [name, histogramOf(some)])),
  }
}

function histogramOf(requests: readonly { readonly durationUs: number }[]): Histogram {
  const buckets = requests
    .filter(({ durationUs }) => durationUs > 0)
    .map(({ durationUs }) => Math.floor(Math.log2(durationUs * 1000) * 2 ** histogramScale))
  return [...Map.groupBy(buckets, (bucket) => bucket)]
    .map(([bucket, same]) => [bucket, same.length] as const)
    .sort(([a], [b]) => a - b)
}
