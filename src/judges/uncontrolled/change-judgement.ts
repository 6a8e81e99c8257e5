/**
 * CHANGE_SHOWN: p is at most alpha. CHANGE_NOT_SHOWN: it could have been and is not. UNDERPOWERED: even the most extreme
 * shift could not reach alpha with so few placebos. TOO_EARLY: no window is over. NO_DATA: a window is over, and too
 * much of it, of the level before it or of the same time on earlier days is missing.
 */
export type ChangeReason = 'CHANGE_SHOWN' | 'CHANGE_NOT_SHOWN' | 'UNDERPOWERED' | 'TOO_EARLY' | 'NO_DATA'

/** One window after the change. */
export type WindowShift = {
  readonly minutes: number
  /** Mean after minus mean before, in the series' unit, what is usual at that time of day taken off. */
  readonly shift: number
  /** Empirical, of this window alone: four of them are four looks. */
  readonly p: number
}

/** What is known about a change without a control. Never a gate alone: a coincidence of that hour looks the same. */
export type ChangeJudgement = {
  readonly isChanged: boolean
  readonly reason: ChangeReason
  /** For people. */
  readonly explanation: string
  readonly alpha: number
  /**
   * The share of placebo changes, this one counted, whose windows together were at least as extreme; at least
   * 1 / (placebos + 1). It decides. null unless the reason is one of the two with a decision.
   */
  readonly p: number | null
  /**
   * log of the average over the windows of 0.5 / sqrt(p), with each p's tail beyond the placebos extrapolated: an
   * e-value if that tail were true. It ranks changes, across series too, and decides nothing. null as `p`.
   */
  readonly rankLogE: number | null
  /** The window that stands out most. null without windows. */
  readonly effect: (WindowShift & { readonly levelBefore: number }) | null
  readonly windows: readonly WindowShift[]
  /** Their windows overlap, so they count for less than as many independent ones. */
  readonly placebos: number
  /** false: the history was too short for the usual course of a day, and the plain level was judged. */
  readonly isSeasonal: boolean
}
