import { judgeViews, type WindowsJudgement } from './judge-views.ts'
import { viewWindow } from './view-window.ts'
import type { Windows } from './windows-input.ts'

/**
 * Judges a deployed service's canary window against 1 to 6 windows without the change, from spans, log messages and
 * CPU; see {@link judgeViews}. Who compares one window with many reduces it once with {@link viewWindow} instead.
 *
 * @throws RangeError without a baseline window, Error when a span is its own ancestor
 */
export function judgeWindows({
  service,
  canary,
  baseline,
}: Windows & {
  readonly service: string
}): WindowsJudgement {
  return judgeViews(
    viewWindow(canary, service),
    baseline.map((window) => viewWindow(window, service)),
  )
}
