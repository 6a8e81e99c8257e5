import { seriesJudges } from '../../../src/judges/index.ts'
import { judgeSeries } from '../../../src/judges/series-judge.ts'
import { dataSet, type SetScore } from '../data-set.ts'

const truthEnding = '.truth.csv.gz'

/**
 * Log lines of many systems with their true templates; one setting for all systems. The text of a line without its header
 * stands only in a column of the truth's own file, which a blind folder does not open. So `judge` hands on the systems' names,
 * and `score` gives the miner that one column and nothing else. Original labels, as in all published figures.
 */
export const loghub = dataSet<readonly string[]>({
  name: 'loghub',
  references: [
    { who: 'Drain, masks per system', score: { groupingAccuracy: 0.855 } },
    { who: 'Brain, masks and thresholds per system', score: { groupingAccuracy: 0.991 } },
  ],
  judge(folder, progress) {
    const systems = folder
      .list()
      .filter((file) => file.endsWith(truthEnding))
      .map((file) => file.slice(0, -truthEnding.length))
    if (systems.length === 0) throw new Error(`loghub: expected files that end in ${truthEnding}, got none`)
    progress(systems.length, systems.length)
    return systems
  },
  score(systems, folder) {
    const scores: Record<string, SetScore> = {}
    let sum = 0
    for (const system of systems) {
      const file = `${system}${truthEnding}`
      const [contents, labels] = csvColumns(folder.text(file), ['content', 'event_original'], file)
      const accuracy = groupingAccuracy(judgeSeries(seriesJudges['log-templates'], { lines: contents }).ids, labels)
      scores[`loghub/${system}`] = { cases: labels.length, groupingAccuracy: accuracy }
      sum += accuracy
    }
    return { loghub: { cases: systems.length, groupingAccuracy: sum / systems.length }, ...scores }
  },
})

/**
 * The share of lines whose group, as a set of lines, is exactly the set of lines with their label.
 * Source: Zhu et al., "Tools and benchmarks for automated log parsing" (ICSE-SEIP 2019).
 */
export function groupingAccuracy(groups: ArrayLike<number>, labels: readonly string[]): number {
  if (groups.length !== labels.length || labels.length === 0)
    throw new RangeError(`expected as many groups as labels and some, got ${groups.length} and ${labels.length}`)
  const groupSizes = new Map<number, number>()
  const linesByLabel = new Map<string, number[]>()
  labels.forEach((label, line) => {
    const group = groups[line] as number
    groupSizes.set(group, (groupSizes.get(group) ?? 0) + 1)
    const lines = linesByLabel.get(label)
    if (lines === undefined) linesByLabel.set(label, [line])
    else lines.push(line)
  })
  let right = 0
  for (const lines of linesByLabel.values()) {
    const group = groups[lines[0] as number] as number
    const isWhole = groupSizes.get(group) === lines.length && lines.every((line) => groups[line] === group)
    if (isWhole) right += lines.length
  }
  return right / labels.length
}

/** Two named columns of a CSV text (RFC 4180) with a header. */
export function csvColumns(
  text: string,
  names: readonly [string, string],
  file: string,
): readonly [string[], string[]] {
  const [header, ...rows] = csvRows(text)
  const [first, second] = names.map((name) => header?.indexOf(name) ?? -1) as [number, number]
  if (first < 0 || second < 0)
    throw new Error(`${file}: expected columns ${names.join(' and ')}, got ${header?.join()}`)
  const columns: readonly [string[], string[]] = [[], []]
  rows.forEach((row, at) => {
    const [one, other] = [row[first], row[second]]
    if (one === undefined || other === undefined || row.length !== header?.length)
      throw new Error(`${file}, record ${at + 2}: expected ${header?.length} fields, got ${row.length}`)
    columns[0].push(one)
    columns[1].push(other)
  })
  return columns
}

function csvRows(text: string): string[][] {
  const rows: string[][] = []
  let row: string[] = []
  for (const [field, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    if (field === '' && row.length === 0) break
    row.push(quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'))
    if (end === ',') continue
    rows.push(row)
    row = []
  }
  return rows
}
