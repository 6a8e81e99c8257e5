import { logWeightedSumExp } from '../../stats/log-weighted-sum-exp.ts'
import { type PlaceboTail, placeboTail } from '../../stats/placebo-tail.ts'
import { seasonalResidual } from '../../stats/seasonal-residual.ts'
import { type ChangeInput, type Direction, type Timeline, timelineOf } from './change-input.ts'
import type { ChangeJudgement, ChangeReason, WindowShift } from './change-judgement.ts'
import { explainChange } from './explain-change.ts'
import { levelShifts } from './level-shifts.ts'

/** The shifts at the change and at placebo changes before it, one a window. */
type Shifts = {
  readonly windows: readonly { readonly minutes: number; readonly steps: number }[]
  readonly atChange: readonly number[]
  readonly placebos: readonly (readonly number[])[]
  readonly isSeasonal: boolean
}

/**
 * Did the level of one series shift at a change, more than it shifts at moments when nothing was changed? The series'
 * own history is the placebo: the same windows are laid at every tenth minute before the change, on what is left when
 * the usual value of that time of day is taken off, and the change is ranked among them by all windows together, so
 * looking at several windows costs nothing. A window counts when it is over and at least half of its values are there.
 *
 * It is changed when that empirical p is at most alpha. p is right on average over series whose past is like their
 * present; without a control nothing can tell the change from a coincidence of that hour, so this is no gate alone.
 * RangeError on input that can never be judged.
 */
export function judgeChange(input: ChangeInput): ChangeJudgement {
  const timeline = timelineOf(input)
  const { values, change, windows, alpha } = timeline
  const seasonal = shiftsIn(timeline, seasonalResidual(values, timeline.day, sameTimeOf(timeline)), true)
  const shifts = canProve(seasonal, alpha) ? seasonal : moreTelling(seasonal, shiftsIn(timeline, values, false))
  if (change + windows[0]!.steps > values.length) return undecided('TOO_EARLY', shifts, alpha)
  if (shifts.windows.length === 0) return undecided('NO_DATA', shifts, alpha)
  if (!canProve(shifts, alpha)) return undecided('UNDERPOWERED', shifts, alpha)

  const sizesOf = (row: readonly number[]): number[] => row.map((shift) => sizeOf(shift, timeline.direction))
  const placeboSizes = shifts.placebos.map(sizesOf)
  const tails = shifts.windows.map((_, w) => placeboTail(placeboSizes.map((sizes) => sizes[w]!)))
  const sizes = sizesOf(shifts.atChange)
  const rankLogE = evidenceOf(sizes, tails)
  const p = placeboTail(placeboSizes.map((each) => evidenceOf(each, tails))).p(rankLogE)
  const windowShifts = shifts.windows.map(({ minutes }, w) => ({
    minutes,
    shift: shifts.atChange[w]!,
    p: tails[w]!.p(sizes[w]!),
  }))
  const found = {
    isChanged: p <= alpha,
    reason: p <= alpha ? 'CHANGE_SHOWN' : 'CHANGE_NOT_SHOWN',
    alpha,
    p,
    rankLogE,
    effect: { ...mostTelling(windowShifts, tails, sizes), levelBefore: levelBefore(timeline) },
    windows: windowShifts,
    placebos: shifts.placebos.length,
    isSeasonal: shifts.isSeasonal,
  } as const
  return { ...found, explanation: explainChange(found) }
}

/** A day of less steps than the same time has cannot happen above a few minutes a step, where the width is 0. */
function sameTimeOf({ day, sameTime }: Timeline): number {
  return Math.min(sameTime, (day - 1) >> 1)
}

/** Placebo windows end before the change, so none of them contains it. */
function shiftsIn(timeline: Timeline, values: Float64Array, isSeasonal: boolean): Shifts {
  const { change, before, stride } = timeline
  const shiftAt = levelShifts(values, before)
  const windows = timeline.windows.filter(({ steps }) => !Number.isNaN(shiftAt(change, steps)))
  const placebos: number[][] = []
  const longest = windows.at(-1)?.steps ?? Infinity
  for (let at = change - longest; at >= before; at -= stride) {
    const row = windows.map(({ steps }) => shiftAt(at, steps))
    if (!row.some(Number.isNaN)) placebos.push(row)
  }
  return { windows, atChange: windows.map(({ steps }) => shiftAt(change, steps)), placebos, isSeasonal }
}

/** Whether the most extreme change of all, p = 1 / (n + 1), would be below alpha. */
function canProve({ placebos }: Shifts, alpha: number): boolean {
  return 1 / (placebos.length + 1) <= alpha
}

function moreTelling(seasonal: Shifts, plain: Shifts): Shifts {
  return plain.placebos.length > seasonal.placebos.length || seasonal.windows.length === 0 ? plain : seasonal
}

function sizeOf(shift: number, direction: Direction): number {
  if (direction === 'any') return Math.abs(shift)
  return direction === 'up' ? shift : -shift
}

/** log of the average of 0.5 / sqrt(p), a p-to-e calibrator (Vovk & Wang 2021, section 2). */
function evidenceOf(sizes: readonly number[], tails: readonly PlaceboTail[]): number {
  return logWeightedSumExp(
    sizes.map(() => 0.5 / sizes.length),
    sizes.map((size, w) => -0.5 * tails[w]!.extrapolatedLogP(size)),
  )
}

function mostTelling(
  windows: readonly WindowShift[],
  tails: readonly PlaceboTail[],
  sizes: readonly number[],
): WindowShift {
  const logPs = sizes.map((size, w) => tails[w]!.extrapolatedLogP(size))
  return windows[logPs.indexOf(Math.min(...logPs))]!
}

/** The mean of the values themselves, what a relative effect is relative to; the shifts saw that half are there. */
function levelBefore({ values, change, before }: Timeline): number {
  const there = values.subarray(change - before, change).filter((value) => !Number.isNaN(value))
  return there.reduce((sum, value) => sum + value, 0) / there.length
}

function undecided(reason: ChangeReason, { placebos, isSeasonal }: Shifts, alpha: number): ChangeJudgement {
  const found = {
    isChanged: false,
    reason,
    alpha,
    p: null,
    rankLogE: null,
    effect: null,
    windows: [],
    placebos: placebos.length,
    isSeasonal,
  } as const
  return { ...found, explanation: explainChange(found) }
}
