import type { FailedCheck } from '../../domain/check.ts'
import type { Slice } from '../../domain/evidence.ts'

/** What has arrived, from which both the obstacles and the sentences about them are told. Times in Unix ms. */
export type Arrivals = {
  /** The evidence that was judged; null before the first judged slice. */
  readonly from: number | null
  readonly to: number | null
  readonly requests: { readonly baseline: number; readonly canary: number }
  /** End of the newest slice in which the arm had a request; null: never. */
  readonly last: { readonly baseline: number | null; readonly canary: number | null }
  /** Start of the first slice with canary requests. */
  readonly firstCanary: number | null
  /** Share of an arm's requests, of the last hour, that came after their slice was taken. */
  readonly lateShare: { readonly baseline: number; readonly canary: number }
  /** Pods that reported as both arms in the newest slice. */
  readonly overlap: readonly string[]
  /** End of the newest slice of all, those of the warm-up too. */
  readonly newest: number | null
  readonly step: number
  /** Checks that had failed, and alerts that fired, at the newest slice. */
  readonly failedChecks: readonly FailedCheck[]
}

export const noArrivals: Arrivals = {
  from: null,
  to: null,
  requests: { baseline: 0, canary: 0 },
  last: { baseline: null, canary: null },
  firstCanary: null,
  lateShare: { baseline: 0, canary: 0 },
  overlap: [],
  newest: null,
  step: 0,
  failedChecks: [],
}

/** Pods that had requests in both arms of the slice; a pod that nobody named ('') is not one pod. */
export function overlappingPods(slice: Slice): string[] {
  return Object.keys(slice.canary.pods)
    .filter((pod) => pod !== '' && Object.hasOwn(slice.baseline.pods, pod))
    .sort()
}

/** The arrivals with one more slice. Slices of the warm-up are noted, not counted. */
export function addArrivals(before: Arrivals, slice: Slice, isJudged: boolean): Arrivals {
  const noted = {
    ...before,
    newest: slice.to,
    step: slice.step,
    overlap: overlappingPods(slice),
    failedChecks: slice.checks ?? [],
  }
  if (!isJudged) return noted
  const { canary, baseline } = slice
  const requests = {
    baseline: before.requests.baseline + baseline.requests,
    canary: before.requests.canary + canary.requests,
  }
  return {
    ...noted,
    from: before.from ?? slice.from,
    to: slice.to,
    requests,
    last: {
      baseline: baseline.requests > 0 ? slice.to : before.last.baseline,
      canary: canary.requests > 0 ? slice.to : before.last.canary,
    },
    firstCanary: before.firstCanary ?? (canary.requests > 0 ? slice.from : null),
    lateShare:
      slice.late === undefined
        ? before.lateShare
        : {
            baseline: share(slice.late.baseline, (slice.late.inTime ?? requests).baseline),
            canary: share(slice.late.canary, (slice.late.inTime ?? requests).canary),
          },
  }
}

function share(late: number, inTime: number): number {
  return late > 0 ? late / (late + inTime) : 0
}
