import { rolloutAnnotations } from '../builder/annotations.ts'
import { dashboard, type Row } from '../builder/dashboard.ts'
import { stat, timeseries } from '../builder/panels.ts'
import { lines, newest } from '../builder/queries.ts'
import { colours } from '../builder/states.ts'
import { davyVariables } from '../builder/variables.ts'
import { burnWindows, type Objective, objectives, wrongShare } from './objectives.ts'

const alerts = burnWindows.map(({ long, short, factor }) => `${factor} in ${long} and ${short}`).join(', ')

function rowOf(objective: Objective): Row {
  const { name, promise, advice, budget } = objective
  const kept = Number((1 - budget).toPrecision(6))
  const noValue = 'nothing happened'
  return {
    title: name,
    panels: [
      stat({
        title: `Budget left: ${name}`,
        description: `${promise} Promised for ${kept * 100}% over 30 days; this is what is left of the rest. Below zero: stop what is not urgent. ${advice}`,
        ...{ unit: 'percentunit', width: 6, noValue, max: 1 },
        thresholds: [
          { from: null, colour: colours.rollback },
          { from: 0, colour: colours.hold },
          { from: 0.25, colour: 'text' },
        ],
        queries: [newest(`1 - (${wrongShare(objective, '30d')}) / ${budget}`)],
      }),
      stat({
        title: `Kept: ${name}`,
        description: `Share of this time range that was as promised. ${promise} ${advice}`,
        ...{ unit: 'percentunit', width: 6, noValue, max: 1, decimals: 3 },
        thresholds: [
          { from: null, colour: colours.rollback },
          { from: kept, colour: 'text' },
        ],
        queries: [newest(`1 - ${wrongShare(objective, '$__range')}`)],
      }),
      timeseries(
        {
          title: `Burn rate: ${name}`,
          description: `How many times too fast the budget is used; 1 uses it up in exactly 30 days. The alerts ask for ${alerts}. ${advice}`,
          ...{ unit: 'none', width: 12, min: 0, noValue },
          thresholds: [
            { from: null, colour: 'transparent' },
            { from: 14.4, colour: colours.rollback },
          ],
          queries: burnWindows.map(({ long }) => lines(`(${wrongShare(objective, long)}) / ${budget}`, long)),
        },
        { areas: true },
      ),
    ],
  }
}

/** Does Davy keep what it promises? */
export const slo = dashboard({
  uid: 'davy-slo',
  title: 'Davy / Objectives',
  description:
    'Does Davy keep what it promises: verdicts in time, webhooks delivered, telemetry taken in, requests answered?',
  variables: davyVariables,
  annotations: rolloutAnnotations(''),
  rows: objectives.map(rowOf),
})
