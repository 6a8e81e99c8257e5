import { deploymentStates } from '../../src/platform/metrics.ts'

/** Colours: two hues are data, three are verdicts, all else is grey. Readable on Grafana's light and dark ground. */
export const colours = {
  baseline: '#7d93b0',
  canary: '#8e7bf2',
  promote: 'green',
  hold: 'yellow',
  rollback: 'red',
  judging: 'blue',
  none: '#8e8e8e',
} as const

/** What a value means: its text and its colour. */
export type Mapping = { readonly value: number | string; readonly text: string; readonly colour: string }

/** Values of davy_deployment_state in words. */
export const stateMappings: readonly Mapping[] = [
  { value: deploymentStates.closed, text: 'closed', colour: colours.none },
  { value: deploymentStates.judging, text: 'judging', colour: colours.judging },
  { value: deploymentStates.promote, text: 'promote', colour: colours.promote },
  { value: deploymentStates.inconclusive, text: 'waits for a person', colour: colours.hold },
  { value: deploymentStates.rollback, text: 'rolled back', colour: colours.rollback },
]

/** Decisions as words in the rows of a table or in a stat. */
export const decisionMappings: readonly Mapping[] = [
  { value: 'promote', text: 'promote', colour: colours.promote },
  { value: 'hold', text: 'hold', colour: colours.hold },
  { value: 'rollback', text: 'roll back', colour: colours.rollback },
]

/** Findings of a metric, as numbers so that a history can be drawn of them. */
export const findingCodes: Readonly<Record<string, Mapping>> = {
  'no-data': { value: 0, text: 'no data', colour: colours.none },
  undecided: { value: 1, text: 'undecided', colour: colours.hold },
  'harm-ruled-out': { value: 2, text: 'harm ruled out', colour: colours.promote },
  'harm-likely': { value: 3, text: 'harm likely', colour: 'orange' },
  'harm-shown': { value: 4, text: 'harm shown', colour: colours.rollback },
  error: { value: 5, text: 'could not be judged', colour: 'purple' },
}
