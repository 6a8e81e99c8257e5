import type { DataSet, Goal, SetScore } from './data-set.ts'

type Scores = Readonly<Record<string, SetScore>>

/** A set's scores: of all cases, and of each half of them where it can be halved. */
export type ScoredSet = { readonly set: DataSet; readonly scores: Scores; readonly halves: readonly Scores[] }

/**
 * One line a goal: what was measured and of how many cases, the same in both halves of them, and whether the whole
 * reaches it.
 */
export function goalTable(scored: readonly ScoredSet[]): string {
  const lines = scored.flatMap(({ set, scores, halves }) =>
    set.goals.map((goal) => {
      const measured = scores[goal.row]?.[goal.figure]
      return [
        ...[goal.what, limitOf(goal), cell(goal, scores), ...[0, 1].map((at) => cell(goal, halves[at] ?? {}))],
        measured === undefined ? 'not measured' : isReached(goal, measured) ? 'yes' : 'NO',
      ]
    }),
  )
  if (lines.length === 0) return ''
  const head = ['goal', 'limit', 'measured (cases)', 'half 1', 'half 2', 'reached']
  const widths = head.map((title, column) => Math.max(title.length, ...lines.map((line) => line[column]!.length)))
  return [head, ...lines]
    .map((line) => line.map((text, column) => pad(text, column, widths[column]!)).join('  '))
    .map((line) => line.trimEnd())
    .join('\n')
}

function isReached({ limit }: Goal, figure: number): boolean {
  return 'least' in limit ? figure >= limit.least : figure <= limit.most
}

function limitOf({ limit }: Goal): string {
  return 'least' in limit ? `>= ${limit.least}` : `<= ${limit.most}`
}

/** A figure and how many cases its score is of, good and bad ones. */
function cell({ row, figure }: Goal, scores: Scores): string {
  const score = scores[row]
  const value = score?.[figure]
  return score === undefined || value === undefined ? '' : `${value.toFixed(3)} (${score.cases})`
}

function pad(text: string, column: number, width: number): string {
  return column === 0 ? text.padEnd(width) : text.padStart(width)
}
