import type { ChangeJudgement } from './change-judgement.ts'

/** One or two sentences for people: what was found, how sure it is, and what it cannot mean. */
export function explainChange(found: Omit<ChangeJudgement, 'explanation'>): string {
  const { reason, placebos, alpha } = found
  switch (reason) {
    case 'TOO_EARLY':
      return 'No window after the change is over yet.'
    case 'NO_DATA':
      return 'More than half of the values around the change are missing: nothing can be said about it.'
    case 'UNDERPOWERED':
      return `With ${placebos} placebos alpha ${alpha} cannot be proven: no p-value is below ${shown(1 / (placebos + 1))}.`
    case 'CHANGE_SHOWN':
      return `${shiftOf(found)}, more than at all but ${shown((found.p ?? 1) * 100)}% of ${comparedWith(found)}. Without a control, something else of that hour would look the same.`
    case 'CHANGE_NOT_SHOWN':
      return `${shiftOf(found)}; ${shown((found.p ?? 1) * 100)}% of ${comparedWith(found)} were as extreme.`
  }
}

function shiftOf({ effect }: Omit<ChangeJudgement, 'explanation'>): string {
  if (effect === null) throw new TypeError('explainChange: a decided change has an effect')
  const { shift, minutes, levelBefore } = effect
  const way = shift < 0 ? 'fell' : 'rose'
  return `Within ${minutes} minutes the level ${way} by ${shown(Math.abs(shift))} from ${shown(levelBefore)}`
}

function comparedWith({ placebos, isSeasonal }: Omit<ChangeJudgement, 'explanation'>): string {
  const course = isSeasonal
    ? 'with the usual course of a day taken off'
    : 'the history being too short for the usual course of a day'
  return `${placebos + 1} moments (this one and ${placebos} before it, ${course})`
}

function shown(value: number): string {
  return String(Number(value.toPrecision(3)))
}
