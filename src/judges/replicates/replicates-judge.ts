import { formatInterval, formatRatio } from '../../domain/format.ts'
import { closedObject, type JsonSchema, listOf } from '../json-schema.ts'
import { inputFault, type SeriesJudge } from '../series-judge.ts'
import { judgeReplicates, type ReplicatesInput, type ReplicatesJudgement } from './judge-replicates.ts'

type ExplainedReplicates = ReplicatesJudgement & {
  readonly reason: { readonly code: 'HARM_SHOWN' | 'HARM_RULED_OUT' | 'UNDERPOWERED'; readonly summary: string }
}

const positive: JsonSchema = { type: 'number', exclusiveMinimum: 0 }
const ratio: JsonSchema = { type: 'number', minimum: 1 }
const alpha: JsonSchema = { type: 'number', exclusiveMinimum: 0, maximum: 0.5 }
const arm = listOf(listOf(positive, 'of one replicate (a pod, a fork, a run), in time order', 1), undefined, 1)

/** Arms of replicates that have finished, looked at once. */
export const replicatesJudge: SeriesJudge<ReplicatesInput, ExplainedReplicates> = {
  question: 'Is the canary worse, when every pod, fork or run counts once? For runs that have finished.',
  input: closedObject(
    { baseline: arm, canary: arm, worse: { enum: ['up', 'down'], description: 'times: up, throughput: down' } },
    {
      margin: { ...ratio, description: 'so many times worse is tolerated; 1.05' },
      promoteMargin: { ...ratio, description: 'a promote proves that it is less than so many times worse; 1.25' },
      alpha: { ...alpha, description: 'false rollbacks; 0.01' },
      promoteAlpha: { ...alpha, description: 'false promotes; 0.05' },
      prior: {
        anyOf: [closedObject({ variance: positive, df: positive }), { type: 'null' }],
        description: 'the variance between replicates in other comparisons of the same kind, on the log scale',
      },
    },
  ),
  judge(input) {
    const { margin = 1.05, promoteMargin = 1.25 } = input
    if (promoteMargin < margin)
      throw inputFault('/promoteMargin', `at least the margin ${margin}`, String(promoteMargin))
    const judgement = judgeReplicates(input)
    return { ...judgement, reason: reasonOf(judgement, margin, promoteMargin) }
  },
  table({ harmRatio, interval, p, sd, df }) {
    return [
      ['TIMES WORSE', 'INTERVAL', 'P', 'SD', 'DF'],
      [
        formatRatio(harmRatio),
        interval === null ? '–' : formatInterval(interval.low, interval.high),
        ...[p, sd, df].map((value) => (value === null ? '–' : String(Number(value.toPrecision(3))))),
      ],
    ]
  },
}

function reasonOf(
  { decision, harmRatio, interval }: ReplicatesJudgement,
  margin: number,
  promoteMargin: number,
): ExplainedReplicates['reason'] {
  const found = `The canary is ${formatRatio(harmRatio)} as bad`
  if (interval === null) {
    const summary = `${found}; one replicate an arm without a prior does not tell what is luck.`
    return { code: 'UNDERPOWERED', summary }
  }
  const range = formatInterval(interval.low, interval.high)
  if (decision === 'rollback') {
    return { code: 'HARM_SHOWN', summary: `${found} (${range}), more than ${formatRatio(margin)} is shown.` }
  }
  if (decision === 'promote') {
    return { code: 'HARM_RULED_OUT', summary: `${found} (${range}), ${formatRatio(promoteMargin)} is ruled out.` }
  }
  const summary = `${found} (${range}): neither more than ${formatRatio(margin)} is shown nor ${formatRatio(promoteMargin)} ruled out.`
  return { code: 'UNDERPOWERED', summary }
}
