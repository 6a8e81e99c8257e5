/** Which way a shift of the level is harmful. */
export type Direction = 'up' | 'down' | 'any'

/** One series around one change, with nothing beside it to compare with. */
export type ChangeInput = {
  /** Of the first value, ms since the epoch. */
  readonly startAt: number
  readonly stepSeconds: number
  /** One a step, the history before the change and what followed it; null is missing, which is never 0. */
  readonly values: readonly (number | null)[]
  /** ms since the epoch; a value that is stamped with this moment comes after the change. */
  readonly changeAt: number
  readonly direction?: Direction
  /** How long after the change the level is looked at, each once, when it is over. */
  readonly windowsMinutes?: readonly number[]
  /** Of the level before the change: as long as it needs against noise, as fresh as it can be against drift. */
  readonly beforeMinutes?: number
  /** The share of changes without effect that may be called changed. */
  readonly alpha?: number
}

/** A {@link ChangeInput} in steps. */
export type Timeline = {
  /** NaN is missing. */
  readonly values: Float64Array
  /** The first step after the change; may lie behind the last value. */
  readonly change: number
  readonly before: number
  /** Ascending; windows shorter than a step are left out. */
  readonly windows: readonly { readonly minutes: number; readonly steps: number }[]
  /** From one placebo change to the next. */
  readonly stride: number
  readonly day: number
  /** To either side: what is the same time of day. */
  readonly sameTime: number
  readonly direction: Direction
  readonly alpha: number
}

const placeboEveryMinutes = 10
const sameTimeMinutes = 2
/** A level of fewer steps would be one value's noise. */
const fewestStepsBefore = 3

/** Checks and fills up what a caller gave. RangeError naming what cannot be judged. */
export function timelineOf(input: ChangeInput): Timeline {
  const { startAt, stepSeconds, changeAt, direction = 'any', alpha = 0.05, beforeMinutes = 15 } = input
  const { windowsMinutes = [10, 30, 60, 120] } = input
  refuse(!(Number.isFinite(stepSeconds) && stepSeconds > 0), `expected a stepSeconds above 0, got ${stepSeconds}`)
  refuse(!Number.isFinite(startAt), `expected a startAt in ms, got ${startAt}`)
  refuse(!(changeAt >= startAt && changeAt < Infinity), `changeAt ${changeAt} lies before startAt ${startAt}`)
  refuse(!(alpha > 0 && alpha < 1), `expected an alpha between 0 and 1, got ${alpha}`)
  refuse(!(beforeMinutes > 0 && beforeMinutes < Infinity), `expected beforeMinutes above 0, got ${beforeMinutes}`)
  const stepsOf = (minutes: number): number => Math.round((minutes * 60) / stepSeconds)
  const windows = windowsMinutes
    .toSorted((a, b) => a - b)
    .map((minutes) => ({ minutes, steps: stepsOf(minutes) }))
    .filter(({ steps }) => steps >= 1)
  refuse(
    windows.length === 0 || windowsMinutes.some((minutes) => !(minutes > 0 && minutes < Infinity)),
    `expected windows above 0 and one at least a step of ${stepSeconds} s, got [${windowsMinutes.join(', ')}] minutes`,
  )
  return {
    values: Float64Array.from(input.values, (value, i) => {
      refuse(value !== null && !Number.isFinite(value), `value ${i} is ${value}, expected a number or null`)
      return value ?? Number.NaN
    }),
    change: Math.ceil((changeAt - startAt) / (stepSeconds * 1000)),
    before: Math.max(fewestStepsBefore, stepsOf(beforeMinutes)),
    windows,
    stride: Math.max(1, stepsOf(placeboEveryMinutes)),
    day: Math.max(1, stepsOf(24 * 60)),
    sameTime: Math.floor((sameTimeMinutes * 60) / stepSeconds),
    direction,
    alpha,
  }
}

function refuse(isWrong: boolean, detail: string): void {
  if (isWrong) throw new RangeError(`judgeChange: ${detail}`)
}
