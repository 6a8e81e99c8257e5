import type { Deployment } from '../domain/deployment.ts'

/** Rollups have this resolution; looks and blocks are multiples of it. */
export const tickMs = 10_000

/** Start of the first slice: the deployment's start, down to a whole tick. */
export function firstTick(deployment: Deployment): number {
  return Math.floor(Date.parse(deployment.startedAt) / tickMs) * tickMs
}

export type Window = { readonly from: number; readonly to: number }

/**
 * The window of the next look: from where the last slice ended to the next end on the deployment's grid of looks. It
 * depends on the deployment and its slices alone, never on when somebody looks, so that a restart, a late replica and a
 * replay cut the data at the same places; and when an adoption brought another grid, nothing is left out or seen twice.
 * @param seenUpTo end of the last slice, Unix milliseconds; null before the first.
 */
export function nextWindow(deployment: Deployment, seenUpTo: number | null): Window {
  const start = firstTick(deployment)
  const lookMs = deployment.template.lookSeconds * 1000
  const from = seenUpTo ?? start
  return { from, to: start + (Math.floor((from - start) / lookMs) + 1) * lookMs }
}

/** Whether the block ends with this window: by the block's length, or because the rollout took a step in it. */
export function closesBlock(deployment: Deployment, window: Window): boolean {
  const blockMs = deployment.template.blockSeconds * 1000
  if ((window.to - firstTick(deployment)) % blockMs === 0) return true
  return deployment.progress.some(({ at }) => Date.parse(at) >= window.from && Date.parse(at) < window.to)
}

/** How many steps the controller had announced before `to`. */
export function stepAt(deployment: Deployment, to: number): number {
  return deployment.progress.filter(({ at }) => Date.parse(at) < to).length
}

/**
 * Share of the traffic, 0 to 1, that was announced for the canary at `at`: by the newest step that named one, else by
 * the registration. null: nobody did.
 */
export function plannedWeightAt({ progress, plannedWeight }: Deployment, at: number): number | null {
  const step = progress.findLast((one) => one.weight !== null && Date.parse(one.at) < at)
  const percent = step?.weight ?? plannedWeight
  return percent === null ? null : percent / 100
}

/**
 * Up to where data counts as complete: the template's watermark behind now, and as far behind the oldest telemetry that
 * is not stored yet, which may hold items just as late.
 */
export function watermark(now: number, oldestUnstoredAt: number | null, watermarkSeconds: number): number {
  return Math.min(now, oldestUnstoredAt ?? now) - watermarkSeconds * 1000
}
