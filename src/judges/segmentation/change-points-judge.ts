import { closedObject, listOf } from '../json-schema.ts'
import { inputFault, type SeriesJudge, type SeriesJudgement } from '../series-judge.ts'
import { segmentSeries } from './segment-series.ts'

type Dimensions = readonly (readonly (number | null)[])[]

type Segment = {
  /** Positions: the first one, and the one after the last. */
  readonly from: number
  readonly to: number
  /** One a dimension; null without a value. */
  readonly means: readonly (number | null)[]
}

type ChangePointsJudgement = SeriesJudgement & {
  readonly changePoints: readonly number[]
  readonly segments: readonly Segment[]
}

/** Where a finished series changes its level or its slope. */
export const changePointsJudge: SeriesJudge<{ readonly dimensions: Dimensions }, ChangePointsJudgement> = {
  question: 'Where does a finished series change its level or its slope?',
  input: closedObject({
    dimensions: listOf(
      listOf({ type: ['number', 'null'] }, 'one value a position; null: not measured', 1),
      'series of the same length that change together; mostly one',
      1,
    ),
  }),
  judge({ dimensions }) {
    const { length } = dimensions[0]!
    for (const [at, values] of dimensions.entries()) {
      if (values.length !== length) throw inputFault(`/dimensions/${at}`, `${length} values`, String(values.length))
    }
    const { changePoints } = segmentSeries(dimensions)
    const bounds = [0, ...changePoints, length]
    const segments = bounds.slice(1).map((to, at) => segmentOf(dimensions, bounds[at]!, to))
    const many = `${changePoints.length} changes, at the positions ${changePoints.join(', ')}`
    const found = changePoints.length === 1 ? `One change, at the position ${changePoints[0]}` : many
    const reason =
      changePoints.length === 0
        ? { code: 'NO_CHANGE', summary: `${length} positions without a change.` }
        : { code: 'CHANGES', summary: `${found}.` }
    return { reason, changePoints, segments }
  },
  table({ segments }) {
    const means = (values: Segment['means']) => values.map((value) => (value === null ? '–' : shown(value))).join(', ')
    return [['FROM', 'TO', 'MEAN'], ...segments.map(({ from, to, means: own }) => [`${from}`, `${to}`, means(own)])]
  },
}

function segmentOf(dimensions: Dimensions, from: number, to: number): Segment {
  const means = dimensions.map((values) => {
    const known = values.slice(from, to).filter((value) => value !== null)
    return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length
  })
  return { from, to, means }
}

function shown(value: number): string {
  return String(Number(value.toPrecision(4)))
}
