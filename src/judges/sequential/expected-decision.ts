import type { Template } from '../../domain/template.ts'
import type { Arrivals } from './arrivals.ts'
import type { Reading } from './metric-trial.ts'

/** Beyond so many deadlines a forecast is no help. */
const mostDeadlines = 10

/**
 * When a decision is to be expected, Unix milliseconds, or null when none can be named. If some metric looks harmful,
 * what is seen is taken as true, and the first metric to show it counts; else the canary is taken as good as the
 * baseline, and the last critical metric to be ruled out counts.
 */
export function expectedDecision(
  readings: readonly Reading[],
  { from, to, requests }: Arrivals,
  { template, startedAt, at }: { readonly template: Template; readonly startedAt: number; readonly at: number },
): number | null {
  if (from === null || to === null || to <= from) return null
  const evidenceSeconds = (to - from) / 1000
  const harmful = readings.filter((reading) => reading.looksHarmful)
  const needed =
    harmful.length > 0
      ? soonest(harmful)
      : ruledOut(readings, (template.minimum.requests / requests.canary) * evidenceSeconds)
  if (needed === null || !Number.isFinite(needed)) return null
  const seconds = harmful.length > 0 ? needed : Math.max(needed, template.minimum.seconds)
  // Evidence ends before the look by the watermark; the decision will lag behind its evidence as much.
  const expected = at + Math.max(template.lookSeconds, seconds - evidenceSeconds) * 1000
  return expected > startedAt + mostDeadlines * template.deadlineSeconds * 1000 ? null : Math.round(expected)
}

function soonest(readings: readonly Reading[]): number | null {
  const seconds = readings.map((reading) => reading.secondsToShow).filter((value) => value !== null)
  return seconds.length === 0 ? null : Math.min(...seconds)
}

function ruledOut(readings: readonly Reading[], secondsToMinimum: number): number | null {
  const seconds = readings.filter((reading) => reading.judgement.critical).map((reading) => reading.secondsToRuleOut)
  if (seconds.length === 0 || seconds.includes(null)) return null
  return Math.max(secondsToMinimum, ...seconds.map((value) => value ?? 0))
}
