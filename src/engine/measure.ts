import { cohortLabel } from '../domain/cohort.ts'
import type { Deployment } from '../domain/deployment.ts'
import type { Verdict } from '../domain/verdict.ts'
import { deploymentStates, type Metrics } from '../platform/metrics.ts'
import type { Conveyor } from './conveyor.ts'
import type { Deployments } from './deployments.ts'
import type { Ingest } from './ingest/ingest.ts'

/** Brings the gauges of the ingest path up to date. @param at Unix milliseconds. */
export function measureIngest(ingest: Ingest, metrics: Metrics, at: number): void {
  metrics.ingestBacklogBytes.set(ingest.backlogBytes())
  const oldest = ingest.oldestUnstoredAt()
  metrics.ingestOldestSegmentAge.set(oldest === null ? 0 : Math.max(0, at - oldest) / 1000)
}

/** Brings the gauges of deployments up to date: those that are open; a unit without one is closed. */
export function measureDeployments(deployments: Deployments, conveyor: Conveyor, metrics: Metrics): void {
  metrics.deploymentInfo.reset()
  metrics.deploymentState.reset()
  const oldestFirst = deployments.list().toReversed()
  const isClosed = ({ status }: Deployment) => status === 'closed'
  // A unit may have one of each strategy: an open one is not hidden by a newer one that is closed.
  for (const deployment of [...oldestFirst.filter(isClosed), ...oldestFirst.filter((each) => !isClosed(each))]) {
    const unit = metrics.unitLabels(deployment.service, deployment.environment)
    metrics.deploymentState.set(unit, stateOf(deployment, conveyor.newestOf(deployment.id)))
    if (deployment.status === 'closed') continue
    metrics.deploymentInfo.set(
      {
        ...unit,
        deployment_id: deployment.id,
        version: cohortLabel(deployment.canary),
        baseline_version: cohortLabel(deployment.baseline),
        strategy: deployment.strategy,
      },
      1,
    )
  }
}

function stateOf(deployment: Deployment, newest: Verdict | null): number {
  if (deployment.status === 'closed') {
    return deployment.outcome === 'rolled-back' ? deploymentStates.rollback : deploymentStates.closed
  }
  if (newest === null || newest.decision === 'hold') {
    return newest?.reason.code === 'DEADLINE' ? deploymentStates.inconclusive : deploymentStates.judging
  }
  return deploymentStates[newest.decision]
}
