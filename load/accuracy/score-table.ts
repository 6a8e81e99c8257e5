import type { DataSet, SetScore } from './data-set.ts'

const columns = [
  ['precision', 'precision'],
  ['recall', 'recall'],
  ['f1', 'F1'],
  ['falsePositiveRate', 'FP rate'],
  ['auc', 'AUC'],
  ['hitRateAt1', 'HR@1'],
  ['hitRateAt3', 'HR@3'],
  ['groupingAccuracy', 'GA'],
  ['nabStandard', 'NAB'],
  ['changePointF1', 'CP F1'],
  ['changePointCover', 'CP cover'],
  ['holdShare', 'hold'],
] as const satisfies readonly (readonly [keyof SetScore, string])[]

/** One line a data set, its references below it, columns that say nothing left out. */
export function scoreTable(scores: Readonly<Record<string, SetScore>>, sets: readonly DataSet[]): string {
  const rows = Object.entries(scores).map(([name, score]) => ({ name, cases: String(score.cases), score }))
  const references = (name: string) =>
    sets
      .filter((set) => set.name === name)
      .flatMap((set) => set.references.map(({ who, score }) => ({ name: `  ${who}`, cases: '', score })))
  const lines = rows.flatMap((row) => [row, ...references(row.name)])
  const head = ['', 'cases', ...columns.map(([, title]) => title)]
  const body = lines.map(({ name, cases, score }) => [name, cases, ...columns.map(([key]) => figure(key, score))])
  const kept = head.map((_, column) => column < 2 || body.some((line) => line[column] !== ''))
  const widths = head.map((title, column) => Math.max(title.length, ...body.map((line) => line[column]!.length)))
  return [head, ...body]
    .map((line) =>
      line
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
        .filter((_, column) => kept[column])
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function figure(key: keyof SetScore, score: Omit<SetScore, 'cases'>): string {
  const value = (score as SetScore)[key]
  return value === undefined ? '' : value.toFixed(key === 'nabStandard' ? 1 : 3)
}
