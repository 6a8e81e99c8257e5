import { cohortLabel } from '../domain/cohort.ts'
import type { Deployment } from '../domain/deployment.ts'
import type { Verdict } from '../domain/verdict.ts'
import { deploymentStates, type Metrics } from '../platform/metrics.ts'
import type { Conveyor } from './conveyor.ts'
import type { Deployments } from './deployments.ts'
import type { InFlight } from './ingest/in-flight.ts'
import type { Ingest } from './ingest/ingest.ts'
import { signals } from './ingest/signals.ts'
import { type RolledBackTraffic, rollbackToldMs } from './rolled-back-traffic.ts'

/** Brings the gauges of the ingest path up to date. @param at Unix milliseconds. */
export function measureIngest(ingest: Ingest, inFlight: InFlight, metrics: Metrics, at: number): void {
  metrics.ingestBacklogBytes.set(ingest.backlogBytes())
  metrics.ingestBacklogLimit.set(ingest.backlogMaxBytes)
  metrics.ingestInFlightBytes.set(inFlight.bytes)
  metrics.ingestInFlightLimit.set(inFlight.maxBytes)
  for (const signal of signals) {
    const { bodies, bytes } = ingest.quarantine.size(signal)
    metrics.ingestQuarantineBodies.set({ signal }, bodies)
    metrics.ingestQuarantineBytes.set({ signal }, bytes)
  }
  const oldest = ingest.oldestUnstoredAt()
  metrics.ingestOldestSegmentAge.set(oldest === null ? 0 : Math.max(0, at - oldest) / 1000)
}

/** What the gauges of deployments are read off. */
export type Measured = {
  readonly deployments: Deployments
  readonly conveyor: Conveyor
  readonly rolledBackTraffic: Pick<RolledBackTraffic, 'requests'>
}

/**
 * Brings the gauges of deployments up to date: those that are open, and what was rolled back lately; a unit without an
 * open one is closed. @param at Unix milliseconds.
 */
export function measureDeployments(measured: Measured, metrics: Metrics, at: number): void {
  const { deployments, conveyor, rolledBackTraffic } = measured
  const { deploymentInfo, deploymentState, deploymentReason, lookOverdue } = metrics
  const { rollbackTimestamp, rolledBackRequests } = metrics
  const reset = [deploymentInfo, deploymentState, deploymentReason, lookOverdue, rollbackTimestamp, rolledBackRequests]
  for (const gauge of reset) gauge.reset()
  const oldestFirst = deployments.list().toReversed()
  const isClosed = ({ status }: Deployment) => status === 'closed'
  // A unit may have one of each strategy: an open one is not hidden by a newer one that is closed.
  for (const deployment of [...oldestFirst.filter(isClosed), ...oldestFirst.filter((each) => !isClosed(each))]) {
    const unit = metrics.unitLabels(deployment.service, deployment.environment)
    const newest = conveyor.newestOf(deployment.id)
    deploymentState.set(unit, stateOf(deployment, newest))
    const labels = { ...unit, deployment_id: deployment.id }
    const { mode, strategy, outcome } = deployment
    const versions = { version: cohortLabel(deployment.canary), baseline_version: cohortLabel(deployment.baseline) }
    if (deployment.status === 'closed') {
      const endedAt = Date.parse(deployment.endedAt ?? '')
      if (outcome !== 'rolled-back' || !(at - endedAt < rollbackToldMs)) continue
      const decided_by = decidedBy(deployments, deployment)
      rollbackTimestamp.set({ ...labels, ...versions, mode, decided_by }, endedAt / 1000)
      const requests = rolledBackTraffic.requests.get(deployment.id)
      if (requests !== undefined) rolledBackRequests.set({ ...labels, version: versions.version }, requests)
      continue
    }
    deploymentInfo.set({ ...labels, ...versions, strategy }, 1)
    if (newest !== null) {
      const { decision, reason } = newest
      deploymentReason.set({ ...labels, mode, decision, code: reason.code }, 1)
    }
    const dueAt = conveyor.dueAt(deployment)
    lookOverdue.set({ ...labels, mode }, dueAt === null ? 0 : Math.max(0, at - dueAt) / 1000)
  }
}

/** Whoever rolls back by hand, or has a controller do it, need not be told. */
function decidedBy(deployments: Deployments, { id, override }: Deployment): 'davy' | 'person' {
  const closed = deployments.history(id).find(({ kind }) => kind === 'close')
  const isOwn = closed?.kind === 'close' && closed.body.by === 'davy'
  return isOwn && override?.decision !== 'rollback' ? 'davy' : 'person'
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
