import { cohortLabel } from '../../domain/cohort.ts'
import type { Deployment } from '../../domain/deployment.ts'
import type { Conclusion, Verdict } from '../../domain/verdict.ts'

/** A verdict that was not renewed for this long is no answer any more: a gate waits. Slow looks get two of theirs. */
function validMs({ template }: Deployment): number {
  return Math.max(120_000, 2 * template.lookSeconds * 1000)
}

export type VerdictFrame = {
  readonly id: string
  readonly look: number
  /** Unix milliseconds of the decision. */
  readonly at: number
  readonly engine: string
  readonly publicUrl: string
}

/** The verdict of a deployment at one look: what the judge concludes, under what happened to the deployment meanwhile. */
export function verdictOf(deployment: Deployment, conclusion: Conclusion, frame: VerdictFrame): Verdict {
  // Look 0 says how it began. What happened before it was taken is told by the look after it, as a change.
  const isOpening = frame.look === 0
  const said = isOpening ? conclusion : underClosing(deployment, underOverride(deployment, conclusion))
  return {
    id: frame.id,
    deploymentId: deployment.id,
    namespace: deployment.namespace,
    service: deployment.service,
    environment: deployment.environment,
    strategy: deployment.strategy,
    mode: deployment.mode,
    attempt: deployment.attempt,
    baseline: { version: deployment.baseline === null ? null : cohortLabel(deployment.baseline) },
    canary: { version: cohortLabel(deployment.canary) },
    decision: said.decision,
    final: !isOpening && (deployment.status === 'closed' || said.decision === 'rollback'),
    look: frame.look,
    reason: said.reason,
    score: said.score,
    confidence: said.confidence,
    decidedAt: new Date(frame.at).toISOString(),
    validUntil: new Date(frame.at + validMs(deployment)).toISOString(),
    expectedDecisionAt: said.expectedDecisionAt === null ? null : new Date(said.expectedDecisionAt).toISOString(),
    metrics: said.metrics,
    template: { name: deployment.template.name, digest: deployment.templateDigest },
    engine: frame.engine,
    reportUrl: `${frame.publicUrl}/deployments/${deployment.id}`,
  }
}

/** A person's word stands until harm is shown: a rollback wins over everything. */
function underOverride(deployment: Deployment, conclusion: Conclusion): Conclusion {
  const { override } = deployment
  if (override === null || conclusion.decision === 'rollback') return conclusion
  const { service } = deployment
  const canary = cohortLabel(deployment.canary)
  const did = { promote: 'promoted', hold: 'holds', rollback: 'rolled back' }[override.decision]
  return {
    ...conclusion,
    decision: override.decision,
    reason: {
      code: 'OVERRIDDEN',
      summary: `${override.by} ${did} ${service} ${canary}; Davy said ${conclusion.decision}.`,
      detail: `${asSentence(override.reason)} Davy's own word: ${conclusion.reason.summary}`,
    },
    expectedDecisionAt: null,
  }
}

/** A promote that somebody did not follow must not stay open at a gate that is asked again. */
function takenBack(deployment: Deployment, conclusion: Conclusion): Conclusion {
  const canary = cohortLabel(deployment.canary)
  const reason = {
    code: 'OVERRIDDEN' as const,
    summary: `${deployment.service} ${canary} was closed as ${deployment.outcome}; Davy said promote.`,
    detail: `Davy's own word: ${conclusion.reason.summary}`,
  }
  return { ...conclusion, decision: 'hold', reason, expectedDecisionAt: null }
}

/**
 * Superseded or expired says so, whatever was said before; closed by somebody's hand keeps the last word, but a hold
 * promises no decision any more, and a promote that was not followed is none.
 */
function underClosing(deployment: Deployment, conclusion: Conclusion): Conclusion {
  if (deployment.status === 'open') return conclusion
  if (deployment.outcome !== 'superseded' && deployment.outcome !== 'expired') {
    if (conclusion.decision === 'promote' && deployment.outcome !== 'promoted') return takenBack(deployment, conclusion)
    if (conclusion.decision !== 'hold') return conclusion
    const detail = `It was closed as ${deployment.outcome} before Davy reached a decision.`
    return { ...conclusion, reason: { ...conclusion.reason, detail }, expectedDecisionAt: null }
  }
  const { service } = deployment
  const canary = cohortLabel(deployment.canary)
  const reason =
    deployment.outcome === 'superseded'
      ? {
          code: 'SUPERSEDED' as const,
          summary: `A newer deployment of ${service} replaced ${canary} before it was finished.`,
          detail: `Deployment ${deployment.supersededBy ?? 'unknown'} replaced it. Until then: ${conclusion.reason.summary}`,
        }
      : {
          code: 'EXPIRED' as const,
          summary: `Nobody asked for or fed ${service} ${canary} any more, so it is not judged further.`,
          detail: `Register it again to have it judged. Until then: ${conclusion.reason.summary}`,
        }
  return { ...conclusion, decision: 'hold', reason, expectedDecisionAt: null }
}

/**
 * Whether a verdict says something else than the one before: only then is it a row of its own and sent out. The mode
 * counts, since what was only observed becomes binding with it.
 */
export function isChange(before: Verdict | null, after: Verdict): boolean {
  if (before === null) return after.look > 0
  return (
    before.decision !== after.decision ||
    before.reason.code !== after.reason.code ||
    before.final !== after.final ||
    before.mode !== after.mode
  )
}

/** People end their reasons as they like; another sentence follows. */
function asSentence(text: string): string {
  const trimmed = text.trim()
  return /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`
}
