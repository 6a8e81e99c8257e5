import { seriesJudges } from '../../../src/judges/index.ts'
import { judgeSeries } from '../../../src/judges/series-judge.ts'
import { changePointCover, changePointF1 } from '../change-point-score.ts'
import { dataSet } from '../data-set.ts'

type Series = { readonly name: string; readonly series: readonly { readonly v: readonly (number | null)[] }[] }
type Truth = { readonly name: string; readonly annotations: Readonly<Record<string, readonly number[]>> }
type Judged = ReadonlyMap<string, { readonly length: number; readonly changePoints: readonly number[] }>

/** Series of the Turing Change Point Dataset, segmented offline; scores averaged over the series as TCPDBench does. */
export const changePoints = dataSet<Judged>({
  name: 'change-points',
  references: [
    { who: 'never', score: { changePointF1: 0.661, changePointCover: 0.562 } },
    { who: 'binary segmentation', score: { changePointF1: 0.691, changePointCover: 0.638 } },
    { who: 'PELT', score: { changePointF1: 0.686, changePointCover: 0.649 } },
    { who: 'BOCPD', score: { changePointF1: 0.714, changePointCover: 0.643 } },
  ],
  judge(folder, progress) {
    const all = folder.jsonLines<Series>('series.jsonl.gz')
    return new Map(
      all.map(({ name, series }, at) => {
        const values = series.map(({ v }) => v)
        const { changePoints } = judgeSeries(seriesJudges['change-points'], { dimensions: values })
        progress(at + 1, all.length)
        return [name, { length: values[0]!.length, changePoints }]
      }),
    )
  },
  score(judged, folder) {
    const truths = folder.jsonLines<Truth>('truth.jsonl')
    if (truths.length !== judged.size) {
      throw new Error(`change-points: expected truth for ${judged.size} series, got ${truths.length}`)
    }
    const scores = truths.map(({ name, annotations }) => {
      const found = judged.get(name)
      if (found === undefined) throw new Error(`change-points: expected a series ${name}, which truth.jsonl names`)
      const people = Object.values(annotations)
      return {
        f1: changePointF1(people, found.changePoints),
        cover: changePointCover(people, found.changePoints, found.length),
      }
    })
    return {
      'change-points': {
        cases: scores.length,
        changePointF1: scores.reduce((sum, { f1 }) => sum + f1, 0) / scores.length,
        changePointCover: scores.reduce((sum, { cover }) => sum + cover, 0) / scores.length,
      },
    }
  },
})
