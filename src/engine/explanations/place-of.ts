import { sumCounts } from '../../domain/evidence.ts'
import type { ExplainedSignal, PlaceFinding } from '../../domain/explanation.ts'
import { findPlace, type PodCounts } from '../../judges/explanation/find-place.ts'
import type { ArmPod, SignalRead } from './read-signals.ts'

/** Requests as spans tell of them come first, then as metrics do, then what is logged. */
const order: readonly ExplainedSignal[] = ['traces', 'metrics', 'logs']

const unseen: PlaceFinding = {
  ...{ kind: 'unknown', place: null, eValue: 1 },
  summary: 'Nothing was seen of the canary that would tell its pods apart.',
}

/**
 * Whether one pod or node is bad, by the first signal that saw the canary.
 * @param instruments those that count requests, the first one that did is looked at: others count something else
 */
export function placeOf(
  seen: readonly SignalRead[],
  event: 'failed' | 'slow',
  instruments: readonly string[],
): PlaceFinding {
  for (const signal of order) {
    const pods = seen.find(({ look }) => look.signal === signal)?.pods ?? []
    const named = signal === 'metrics' ? ofFirst(pods, instruments) : pods
    const canary = named.filter(({ arm }) => arm === 'canary')
    if (canary.length === 0) continue
    const baseline = sumCounts(named.filter(({ arm }) => arm === 'baseline'))
    return findPlace(byPod(canary), baseline, signal === 'logs' ? 'logged' : event)
  }
  return unseen
}

function ofFirst(pods: readonly ArmPod[], instruments: readonly string[]): readonly ArmPod[] {
  const first = instruments.find((name) => pods.some(({ metric, arm }) => metric === name && arm === 'canary'))
  return pods.filter(({ metric }) => metric === first)
}

/** A pod may come in several rows, of several revisions. */
function byPod(rows: readonly ArmPod[]): readonly PodCounts[] {
  return [...Map.groupBy(rows, ({ pod }) => pod)].map(([pod, of]) => ({
    ...{ pod, node: of[0]?.node ?? '' },
    ...sumCounts(of),
  }))
}
