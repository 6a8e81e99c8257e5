import type { Standing } from '../../domain/approval.ts'
import type { Deployment } from '../../domain/deployment.ts'
import type { Verdict } from '../../domain/verdict.ts'
import { type GateAnswer, gateAnswer } from '../gate.ts'
import type { Services } from '../services.ts'
import { promoteOrWait } from './workload-gate.ts'

type Judging = Pick<Services, 'newestVerdict' | 'deployments' | 'killSwitch' | 'now'>

/** The gate of one deployment, with what it rests on. */
export type DeploymentGate = {
  readonly gate: GateAnswer
  readonly deployment: Deployment
  readonly verdict: Verdict
}

/**
 * The newest verdict as a gate's answer about one deployment; a promote counts for a step only with evidence from after
 * its opening.
 * @param step its name; null: the question is not about a step. @throws DavyError NOT_FOUND
 */
export async function deploymentGate(services: Judging, id: string, step: string | null): Promise<DeploymentGate> {
  const verdict = await services.newestVerdict(id)
  const deployment = services.deployments.get(id)
  const gate = gateAnswer(verdict, services.killSwitch(), services.now())
  if (gate.verdict !== 'promote') return { gate, deployment, verdict }
  return { gate: promoteOrWait(gate, verdict, deployment, step), deployment, verdict }
}

/** The same for who answers a platform by itself: what is over without an answer must not be waited for. */
export async function standingOf(services: Judging, id: string): Promise<Standing> {
  const found = await deploymentGate(services, id, null)
  return { is: isOver(found, services.killSwitch()) ? 'over' : found.gate.verdict, verdict: found.verdict }
}

/** Whether nothing but waiting will ever come of it: it ended, and neither by a promote nor by a rollback. */
export function isOver({ gate, deployment, verdict }: DeploymentGate, killSwitch: object | null): boolean {
  return gate.verdict === 'wait' && deployment.status === 'closed' && verdict.final && killSwitch === null
}
