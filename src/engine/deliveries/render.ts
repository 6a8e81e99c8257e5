import type { Approval, ApprovalAnswer } from '../../domain/approval.ts'
import type { Deployment } from '../../domain/deployment.ts'
import { type Opening, openedDeployment } from '../../domain/fold-deployment.ts'
import type { DeploymentNotice, Message } from '../../domain/sink.ts'
import type { Verdict } from '../../domain/verdict.ts'
import type { Facts } from '../../storage/facts.ts'
import type { Deployments } from '../deployments.ts'
import type { Outgoing } from './outgoing.ts'

/** A deployment as messages tell about it. */
export function noticeOf(deployment: Deployment, publicUrl: string): DeploymentNotice {
  const { id, namespace, service, environment, attempt, strategy, mode, canary, baseline } = deployment
  const { plannedWeight, startedAt, status, outcome, endedAt, progress, override, supersededBy } = deployment
  return {
    ...{ id, namespace, service, environment, attempt, strategy, mode, canary, baseline, plannedWeight, startedAt },
    ...{ status, outcome, endedAt, progress, override, supersededBy },
    reportUrl: `${publicUrl}/deployments/${id}`,
  }
}

export type Reading = {
  readonly facts: Facts
  readonly deployments: Pick<Deployments, 'find'>
  readonly publicUrl: string
}

/**
 * A message with its content, the same at every attempt: the verdict as it was given, the deployment as it was opened,
 * or as it was closed, after which nothing changes it.
 * @param known the verdict, when it is at hand. @throws Error when the fact cannot be read.
 */
export async function messageOf(
  { facts, deployments, publicUrl }: Reading,
  { id, time, deploymentId, kind, key, type }: Outgoing,
  known: Verdict | null,
): Promise<Message> {
  const head = { id, time, subject: deploymentId }
  if (kind === 'approval-answered') {
    const { verdict } = await bodyOf<ApprovalAnswer>(facts, kind, key)
    return { ...head, type: 'verdict.decided', data: verdict }
  }
  if (type === 'verdict.changed' || type === 'verdict.decided')
    return { ...head, type, data: known ?? (await bodyOf<Verdict>(facts, kind, key)) }
  if (type === 'deployment.started') {
    const opening = await bodyOf<Opening>(facts, kind, key)
    return { ...head, type, data: noticeOf(openedDeployment(opening), publicUrl) }
  }
  const deployment = deployments.find(deploymentId)
  if (deployment?.status !== 'closed') throw new Error(`deployment ${deploymentId} cannot be read as closed`)
  return { ...head, type, data: noticeOf(deployment, publicUrl) }
}

/** The question that a message answers; null: it answers none. */
export async function approvalOf(facts: Facts, { kind, key }: Outgoing): Promise<Approval | null> {
  return kind === 'approval-answered' ? (await bodyOf<ApprovalAnswer>(facts, kind, key)).approval : null
}

async function bodyOf<Body>(facts: Facts, kind: Outgoing['kind'], key: string): Promise<Body> {
  const [fact] = await facts.list<Body>({ kind, key })
  if (fact === undefined) throw new Error(`the ${kind} ${key} cannot be read`)
  return fact.body
}
