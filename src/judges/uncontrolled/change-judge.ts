import { closedObject, type JsonSchema, listOf } from '../json-schema.ts'
import { inputFault, type SeriesJudge } from '../series-judge.ts'
import type { ChangeInput } from './change-input.ts'
import type { ChangeJudgement, ChangeReason } from './change-judgement.ts'
import { judgeChange } from './judge-change.ts'

type ExplainedChange = Omit<ChangeJudgement, 'reason' | 'explanation'> & {
  readonly reason: { readonly code: ChangeReason; readonly summary: string }
}

const positive: JsonSchema = { type: 'number', exclusiveMinimum: 0 }
const moment: JsonSchema = { type: 'number', description: 'Unix milliseconds' }

/** A change on one series that nothing runs beside. */
export const changeJudge: SeriesJudge<ChangeInput, ExplainedChange> = {
  question: 'Did the level of one series shift at a change? Without a control, so never a gate alone.',
  input: closedObject(
    {
      startAt: { ...moment, description: 'of the first value, Unix milliseconds' },
      stepSeconds: positive,
      values: listOf({ type: ['number', 'null'] }, 'one a step; null: missing, which is never 0', 1),
      changeAt: { ...moment, description: 'Unix milliseconds; a value with this time comes after the change' },
    },
    {
      direction: { enum: ['up', 'down', 'any'], description: 'the harmful one; any' },
      windowsMinutes: listOf(positive, 'how long after the change the level is looked at; 10, 30, 60, 120', 1),
      beforeMinutes: { ...positive, description: 'of the level before the change; 15' },
      alpha: { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1, description: 'false alarms; 0.05' },
    },
  ),
  judge(input) {
    const { startAt, changeAt } = input
    if (changeAt < startAt) throw inputFault('/changeAt', `at least startAt, ${startAt}`, String(changeAt))
    const { reason: code, explanation: summary, ...rest } = judgeChange(input)
    return { reason: { code, summary }, ...rest }
  },
  table({ windows }) {
    const head = ['MINUTES', 'SHIFT', 'P']
    return [head, ...windows.map(({ minutes, shift, p }) => [String(minutes), shown(shift), shown(p)])]
  },
}

function shown(value: number): string {
  return String(Number(value.toPrecision(3)))
}
