import { cohortKey, isSameUnit } from '../../domain/cohort.ts'
import type { Deployment } from '../../domain/deployment.ts'
import type { Receipt, Sink } from '../../domain/sink.ts'
import type { Deployments } from '../deployments.ts'
import type { Attempted } from './log.ts'
import { isTrafficBack, type TrafficReaders } from './traffic-back.ts'

/** What is looked at before something goes out that others act on. */
export type Circumspection = TrafficReaders & {
  readonly deployments: Pick<Deployments, 'refresh' | 'find' | 'list'>
  readonly sinks: ReadonlyMap<string, Sink>
}

/** Whether the end of a rollback is not told yet: the canary still gets traffic, as far as anybody knows. */
export async function waitsForTraffic(
  circumspection: Circumspection,
  { endpoint, outgoing }: Pick<Attempted, 'endpoint' | 'outgoing'>,
  receipts: readonly Receipt[],
): Promise<boolean> {
  const { deployments, sinks } = circumspection
  if (outgoing.type !== 'deployment.finished') return false
  if (sinks.get(endpoint.format)?.requires.waitsForTraffic?.(endpoint, receipts) !== true) return false
  const deployment = deployments.find(outgoing.deploymentId)
  if (deployment === null || isProvenSince(deployment, deployments)) return false
  return !(await isTrafficBack(circumspection, deployment))
}

/** Whether the same canary was promoted by a later attempt: then it gets all the traffic, and harms nobody. */
function isProvenSince(own: Deployment, deployments: Pick<Deployments, 'list'>): boolean {
  const isProof = (other: Deployment) =>
    other.outcome === 'promoted' &&
    other.createdAt > own.createdAt &&
    isSameUnit(other, own) &&
    cohortKey(other.canary) === cohortKey(own.canary)
  return deployments.list().some(isProof)
}

/**
 * Why a promote or a rollback that something else goes on by is not sent: an answer to a platform, or a change that
 * outlasts the deployment. It may have waited for hours, and the gate says something else now. `wait`: it may say the
 * same again later. null: it goes.
 */
export async function reasonToStay(
  { deployments, sinks, standing }: Circumspection,
  { endpoint, outgoing }: Pick<Attempted, 'endpoint' | 'outgoing'>,
): Promise<string | null> {
  const { decision, deploymentId, answerer } = outgoing
  if (decision === null || decision === 'hold') return null
  const requires = sinks.get(endpoint.format)?.requires
  const isLasting = requires?.isLasting === true && decision === 'rollback'
  const isAnswer = answerer !== undefined || requires?.isAnswer?.(endpoint) === true
  if (!isLasting && !isAnswer) return null
  if (isLasting) await deployments.refresh()
  if (isLasting && isReplaced(deploymentId, deployments))
    return 'a newer deployment took the place of this one, and a rollback of before it does not touch that'
  const { is, verdict } = await standing(deploymentId)
  if (is === decision) return null
  if (verdict.mode === 'observe') return 'the deployment is only observed, so nothing acts on its verdict'
  if (is === 'wait') return 'wait'
  return is === 'over' ? 'the deployment is over without an answer' : `the gate says ${is} by now`
}

/** Whether a deployment of the same unit and strategy began after this one. */
function isReplaced(deploymentId: string, deployments: Pick<Deployments, 'find' | 'list'>): boolean {
  const own = deployments.find(deploymentId)
  if (own === null) return false
  const isAfter = (other: Deployment) =>
    other.strategy === own.strategy && isSameUnit(other, own) && other.createdAt > own.createdAt
  return deployments.list().some(isAfter)
}
