import { type ArmSlice, type Counts, emptyArm, type Slice } from '../../src/domain/evidence.ts'
import type { MetricSpec, Template } from '../../src/domain/template.ts'
import { quickTemplate, startedAt } from './rollout.ts'

/** 'b-0', 'b-1' ... */
export function podNames(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}-${i}`)
}

/** An arm whose requests and failures are spread evenly over its pods. */
export function madeArm(counts: Counts, pods: readonly string[], more: Partial<ArmSlice> = {}): ArmSlice {
  const share = (total: number, index: number): number =>
    Math.floor(total / pods.length) + (index < total % pods.length ? 1 : 0)
  const byPod = pods.map((pod, i) => [pod, { requests: share(counts.requests, i), errors: share(counts.errors, i) }])
  return { ...emptyArm, ...counts, pods: Object.fromEntries(byPod), ...more }
}

/** An arm by its strata. */
export function stratifiedArm(operations: Readonly<Record<string, Counts>>, pods: readonly string[]): ArmSlice {
  const sum = { requests: 0, errors: 0 }
  for (const { requests, errors } of Object.values(operations)) {
    sum.requests += requests
    sum.errors += errors
  }
  return madeArm(sum, pods, { operations })
}

/** Slices one after the other; blocks of a minute are closed. */
export function madeSlices(
  count: number,
  make: (index: number) => Pick<Slice, 'canary' | 'baseline'> & Partial<Slice>,
  seconds = 60,
): Slice[] {
  return Array.from({ length: count }, (_, index) => ({
    from: startedAt + index * seconds * 1000,
    to: startedAt + (index + 1) * seconds * 1000,
    closesBlock: ((index + 1) * seconds) % 60 === 0,
    step: 0,
    ...make(index),
  }))
}

/** A template with these metrics, blocks of a minute, and nothing promoted before five. */
export function templateWith(metrics: readonly MetricSpec[], changes: Partial<Template> = {}): Template {
  return {
    ...quickTemplate,
    blockSeconds: 60,
    minimum: { seconds: 300, requests: 500 },
    deadlineSeconds: 7200,
    ...changes,
    metrics,
  }
}

/** The error rate of the default template, alone with the whole budget. */
export const errorRate: MetricSpec = { ...quickTemplate.metrics[0]!, weight: 1, promoteMargin: 2 }
