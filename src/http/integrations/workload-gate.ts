import type { Deployment } from '../../domain/deployment.ts'
import type { Verdict } from '../../domain/verdict.ts'
import type { Unidentified, Workload } from '../../engine/workloads/workload.ts'
import { type GateAnswer, gateAnswer } from '../gate.ts'
import type { Services } from '../services.ts'

/** Where a verdict stands that nothing was measured for. */
export const undecidedScore = 50

/** The answer where no verdict can be given, for a reason that says nothing about the release. */
export function waitBecause(reason: string, { publicUrl }: Services): GateAnswer {
  return { verdict: 'wait', score: undecidedScore, reason, url: `${publicUrl}/`, deploymentId: '' }
}

/**
 * The newest verdict as the answer to one gate of a controller.
 * @param step the gate's name: a promote counts for it only when evidence from after its opening is in it. null: the
 *   question is not about a step.
 */
export async function workloadGate(
  services: Services,
  workload: Workload,
  found: Deployment | Unidentified,
  step: { readonly name: string; readonly weight: number | null } | null,
): Promise<GateAnswer> {
  if ('question' in found) return waitBecause(found.question, services)
  const { workloads, deployments } = services
  if (step !== null) await workloads.openStep(found.id, step.name, step.weight)
  const verdict = await services.newestVerdict(found.id)
  services.polled(found.id)
  const deployment = deployments.get(found.id)
  const gate = gateAnswer(verdict, services.killSwitch(), services.now())
  if (gate.verdict === 'promote') return promoteOrWait(gate, verdict, deployment, step?.name ?? null)
  // Who only observes is told the same as who obeys: that is what a later question is about another attempt by.
  if (gate.verdict === 'rollback' || (verdict.decision === 'rollback' && verdict.mode === 'observe')) {
    await workloads.tell(workload, found.id)
  }
  return gate
}

/**
 * A promote, unless it is none for this gate: of a deployment that was closed otherwise, or from a look that saw nothing
 * after the step was opened. A person's promote holds for every step.
 */
export function promoteOrWait(
  gate: GateAnswer,
  verdict: Verdict,
  deployment: Deployment,
  step: string | null,
): GateAnswer {
  const { status, outcome } = deployment
  if (status === 'closed' && outcome !== 'promoted') {
    return { ...gate, verdict: 'wait', reason: `The deployment was closed as ${outcome}. ${gate.reason}` }
  }
  if (step === null || verdict.final || verdict.reason.code === 'OVERRIDDEN') return gate
  const opened = deployment.progress.find((each) => each.step === step)
  const seenUpTo = Date.parse(verdict.decidedAt) - deployment.template.watermarkSeconds * 1000
  if (opened !== undefined && seenUpTo > Date.parse(opened.at)) return gate
  const reason = `Step ${step} was opened after the last look; the next one answers for it. Until then: ${gate.reason}`
  return { ...gate, verdict: 'wait', reason }
}
