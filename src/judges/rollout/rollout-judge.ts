import { formatPercent, formatRatio } from '../../domain/format.ts'
import { closedObject, listOf } from '../json-schema.ts'
import type { SeriesJudge } from '../series-judge.ts'
import { checkRollout } from './check-rollout.ts'
import { explainRollout } from './explain-rollout.ts'
import type { RolloutJudgement } from './judge-rollout.ts'
import { judgeRollouts } from './judge-rollouts.ts'
import { podScatter } from './pod-spread.ts'
import { rankCulprits } from './rank-culprits.ts'
import type { PodScatter, RolloutInput, RolloutPod } from './rollout-input.ts'
import { completePolicy, type PartialRolloutPolicy, type RolloutPolicy } from './rollout-policy.ts'
import { rolloutFields, rolloutKnowledge } from './rollout-schema.ts'

/** A rollout as it is sent: what is absent is not known. */
type SentRollout = Omit<RolloutInput, 'pods' | 'mesh'> & {
  readonly pods: readonly (Omit<RolloutPod, 'removedAt'> & { readonly removedAt?: number | null })[]
  readonly mesh?: RolloutInput['mesh']
}

type Knowledge = { readonly history?: readonly PodScatter[]; readonly policy?: PartialRolloutPolicy }

/** A verdict on one rollout, and how its baseline pods scatter: history for the judgements of others. */
type ExplainedRollout = Omit<RolloutJudgement, 'reason'> & {
  readonly reason: { readonly code: RolloutJudgement['reason']; readonly summary: string }
  readonly scatter: readonly PodScatter[]
}

type RolloutsJudgement = {
  readonly reason: { readonly code: 'HARM_SHOWN' | 'NO_HARM_SHOWN'; readonly summary: string }
  /** In the order that they came in. */
  readonly rollouts: readonly ExplainedRollout[]
  /** Their indexes, the most suspect first. */
  readonly ranking: readonly number[]
}

/** One rollout, from its pods' series. */
export const rolloutJudge: SeriesJudge<SentRollout & Knowledge, ExplainedRollout> = {
  question: "Should this release be promoted, held or rolled back? From its pods' series.",
  input: closedObject(rolloutFields.required, { ...rolloutFields.optional, ...rolloutKnowledge }),
  judge({ history = [], policy, ...sent }) {
    const whole = completePolicy(policy)
    const input = completeRollout(sent)
    checkRollout(input, whole, '')
    const [judgement] = judgeRollouts([input], history, whole)
    return explained(judgement as RolloutJudgement, input, whole)
  },
  table({ metrics, silences }) {
    return [
      ['METRIC', 'RATIO', 'LOG E', 'COMPARED'],
      ...metrics.map(({ metric, ratio, logE, compared }) => [
        metric,
        formatRatio(ratio),
        shown(logE),
        String(compared),
      ]),
      ...silences.map(({ pod, edge, delivered, expected, logE }) => [
        ...[`${pod} to ${edge.from}`, formatPercent(expected > 0 ? delivered / expected : null), shown(logE)],
        String(delivered),
      ]),
    ]
  },
}

/** Rollouts that ran at the same time: whose fault is it? */
export const rolloutsJudge: SeriesJudge<{ readonly rollouts: readonly SentRollout[] } & Knowledge, RolloutsJudgement> =
  {
    question: 'Which of the releases that ran at the same time does harm? Each is decided, and all are ranked.',
    input: closedObject(
      {
        rollouts: listOf(closedObject(rolloutFields.required, rolloutFields.optional), 'that ran at the same time', 1),
      },
      rolloutKnowledge,
    ),
    judge({ rollouts: sent, history = [], policy }) {
      const whole = completePolicy(policy)
      const inputs = sent.map(completeRollout)
      for (const [at, input] of inputs.entries()) checkRollout(input, whole, `/rollouts/${at}`)
      const judgements = judgeRollouts(inputs, history, whole)
      const ranking = rankCulprits(judgements).map((one) => judgements.indexOf(one))
      const rollouts = judgements.map((one, at) => explained(one, inputs[at]!, whole))
      return { reason: reasonOf(rollouts, ranking), rollouts, ranking }
    },
    table({ rollouts, ranking }) {
      return [
        ['SERVICE', 'DECISION', 'REASON', 'HARM'],
        ...ranking.map((at) => {
          const { service, decision, reason, harm } = rollouts[at]!
          return [service, decision, reason.code, shown(harm)]
        }),
      ]
    },
  }

function completeRollout({ mesh = [], pods, ...rest }: SentRollout): RolloutInput {
  return { ...rest, mesh, pods: pods.map((pod) => ({ ...pod, removedAt: pod.removedAt ?? null })) }
}

function explained(judgement: RolloutJudgement, input: RolloutInput, policy: RolloutPolicy): ExplainedRollout {
  const { decision, reason: code, ...rest } = judgement
  const summary = explainRollout(judgement, policy)
  return { decision, reason: { code, summary }, ...rest, scatter: podScatter(input, policy.gauges) }
}

function reasonOf(rollouts: readonly ExplainedRollout[], ranking: readonly number[]): RolloutsJudgement['reason'] {
  const bad = rollouts.filter(({ decision }) => decision === 'rollback').map(({ service }) => service)
  const suspect = `the most suspect is ${rollouts[ranking[0]!]!.service}`
  if (bad.length === 0) {
    const summary = `None of ${rollouts.length} is shown to do harm; ${suspect}.`
    return { code: 'NO_HARM_SHOWN', summary }
  }
  const summary = `${bad.length} of ${rollouts.length} to be rolled back: ${bad.join(', ')}; ${suspect}.`
  return { code: 'HARM_SHOWN', summary }
}

function shown(value: number): string {
  return String(Number(value.toPrecision(3)))
}
