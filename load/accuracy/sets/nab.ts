import { seriesJudges } from '../../../src/judges/index.ts'
import { judgeSeries } from '../../../src/judges/series-judge.ts'
import type { DataFolder } from '../data-folder.ts'
import { dataSet } from '../data-set.ts'
import { type NabCosts, type NabFile, nabScore } from '../nab-score.ts'

type Index = {
  readonly files: Readonly<Record<string, Pick<NabFile, 'windows'>>>
  readonly profiles: { readonly standard: { readonly CostMatrix: NabCosts } }
}
/** By category/file.csv. */
type Judged = ReadonlyMap<string, Pick<NabFile, 'times' | 'scores'>>

/** The Numenta Anomaly Benchmark: every file a stream of its own, through the detector with nothing set. */
export const nab = dataSet<Judged>({
  name: 'nab',
  references: [
    { who: 'ARTime', score: { nabStandard: 71.9 } },
    { who: 'Numenta', score: { nabStandard: 65.4 } },
    { who: 'Random Cut Forest', score: { nabStandard: 61.9 } },
    { who: 'windowed Gaussian', score: { nabStandard: 49.1 } },
  ],
  judge(folder, progress) {
    const files = folder
      .list('data')
      .flatMap((category) => folder.list(`data/${category}`).map((file) => `${category}/${file}`))
    return new Map(
      files.map((file, at) => {
        const rows = readRows(folder, `data/${file}`)
        const points = rows.map(({ ms, value }) => ({ at: ms, value }))
        const { scores } = judgeSeries(seriesJudges.anomalies, { points })
        progress(at + 1, files.length)
        return [
          file.replace(/\.gz$/, ''),
          { times: rows.map(({ time }) => time), scores: scores.map((score) => score ?? 0) },
        ]
      }),
    )
  },
  score(judged, folder) {
    const { files, profiles } = folder.json<Index>('index.json')
    const scored = Object.entries(files).map(([name, { windows }]) => {
      const rows = judged.get(name)
      if (rows === undefined) throw new Error(`nab: expected data/${name}.gz, which index.json names`)
      return { ...rows, windows: windows.map(([first, last]) => [toSecond(first), toSecond(last)] as const) }
    })
    const { score } = nabScore(scored, profiles.standard.CostMatrix)
    return { nab: { cases: scored.length, nabStandard: score } }
  },
})

function readRows(folder: DataFolder, file: string): { time: string; ms: number; value: number }[] {
  const [head, ...lines] = folder.text(file).trimEnd().split(/\r?\n/)
  if (head !== 'timestamp,value') throw new Error(`${file}: expected a head of timestamp,value, got ${head}`)
  return lines.map((line) => {
    const [time = '', value = ''] = line.split(',')
    return { time, ms: Date.parse(`${time.replace(' ', 'T')}Z`), value: value === '' ? Number.NaN : Number(value) }
  })
}

/** Windows are written with microseconds, rows without. */
function toSecond(time: string): string {
  return time.replace(/\.0+$/, '')
}
