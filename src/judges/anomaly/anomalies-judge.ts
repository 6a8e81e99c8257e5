import { closedObject, listOf } from '../json-schema.ts'
import type { SeriesJudge, SeriesJudgement } from '../series-judge.ts'
import { openAnomalyDetector } from './open-anomaly-detector.ts'

type AnomaliesInput = {
  /** In the order that they came; times in Unix milliseconds, null: not measured. */
  readonly points: readonly { readonly at: number; readonly value: number | null }[]
  /** An alarm is a score of at least this. Default 4: strayed as far once in 10,000 values. */
  readonly threshold?: number
}

type Alarm = {
  readonly at: number
  readonly value: number
  readonly expected: number
  readonly surprise: number
  readonly score: number
}

type AnomaliesJudgement = SeriesJudgement & {
  readonly alarms: readonly Alarm[]
  /** One a point; null: not measured. */
  readonly scores: readonly (number | null)[]
}

/** One series without a control, watched value by value: each sees only what came before it. */
export const anomaliesJudge: SeriesJudge<AnomaliesInput, AnomaliesJudgement> = {
  question: 'Which values of one series are strange, given its past alone?',
  input: closedObject(
    {
      points: listOf(
        closedObject({
          at: { type: 'number', description: 'Unix milliseconds; the hour of the day counts' },
          value: { type: ['number', 'null'] },
        }),
        'in the order that they came; null: not measured',
        1,
      ),
    },
    { threshold: { type: 'number', exclusiveMinimum: 0, maximum: 30, description: '-log10 of a rarity; 4' } },
  ),
  judge({ points, threshold = 4 }) {
    const detector = openAnomalyDetector()
    const judged = points.map(({ at, value }) =>
      value === null ? null : { at, value, ...detector.observe(at, value) },
    )
    const alarms = judged.filter((one) => one !== null && one.score >= threshold) as Alarm[]
    const code = alarms.length > 0 ? 'ANOMALIES' : 'NO_ANOMALIES'
    const known = judged.filter((one) => one !== null).length
    const summary = `${alarms.length === 0 ? 'None' : alarms.length} of ${known} values ${alarms.length === 1 ? 'is' : 'are'} strange.`
    return { reason: { code, summary }, alarms, scores: judged.map((one) => one?.score ?? null) }
  },
  table({ alarms }) {
    if (alarms.length === 0) return []
    return [
      ['AT', 'VALUE', 'EXPECTED', 'SCORE'],
      ...alarms.map(({ at, value, expected, score }) => [
        timeOf(at),
        String(value),
        String(expected),
        score.toFixed(1),
      ]),
    ]
  },
}

/** A time that no calendar has stays a number. */
function timeOf(at: number): string {
  return Math.abs(at) <= 8.64e15 ? new Date(at).toISOString() : String(at)
}
