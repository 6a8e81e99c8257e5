import type { Message } from '../../domain/sink.ts'
import type { Verdict } from '../../domain/verdict.ts'
import type { Notice } from '../../report/messages/notice.ts'
import { clip, plainText } from '../../report/messages/plain-text.ts'
import { volumeOf } from '../../report/messages/volume.ts'

const longestValue = 1024

/** An alert of Alertmanager's API v2. Alerts with the same labels are the same one. */
export type Alert = {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly startsAt: string
  readonly endsAt: string
  readonly generatorURL: string
}

function filled(entries: Readonly<Record<string, string>>): Record<string, string> {
  const short = Object.entries(entries).map(([key, value]) => [key, clip(plainText(value), longestValue)] as const)
  return Object.fromEntries(short.filter(([, value]) => value !== ''))
}

/** Labels identify the alert, so they hold nothing that changes from look to look. */
function labelsOf(verdict: Verdict): Record<string, string> {
  const { service, environment, namespace, strategy, deploymentId, canary, reason, decision } = verdict
  const isRollback = decision === 'rollback'
  return filled({
    ...{ alertname: isRollback ? 'DavyRollback' : 'DavyHold', severity: isRollback ? 'critical' : 'warning' },
    ...{ service, environment, namespace, strategy, deployment: deploymentId, version: canary.version ?? '' },
    reason: reason.code,
  })
}

/**
 * The alert of a verdict that is broadcast, or null when it is none: healthy steps, promotes and deployments that are
 * only observed raise none, nor does what a person decided.
 * @param at the time of the attempt. It fires from now on for `firingMinutes` and then resolves by itself: a late alert
 * must not be over before it comes.
 */
export function alertOf(verdict: Verdict, notice: Notice, at: Date, firingMinutes: number): Alert | null {
  if (volumeOf(verdict, null) !== 'broadcast' || verdict.reason.code === 'OVERRIDDEN') return null
  const runbook = notice.links.find(({ text }) => text === 'Runbook')
  return {
    labels: labelsOf(verdict),
    annotations: filled({
      summary: notice.sentence,
      description: [notice.facts.join('; '), notice.remarks, notice.standing].filter((part) => part !== '').join(' '),
      report: verdict.reportUrl,
      runbook_url: runbook?.href ?? '',
    }),
    startsAt: verdict.decidedAt,
    endsAt: new Date(at.getTime() + firingMinutes * 60_000).toISOString(),
    generatorURL: verdict.reportUrl,
  }
}

/** An alert that has ended already: Alertmanager takes it and notifies nobody. */
export function testAlert(at: Date, notice: Notice): Alert {
  const time = at.toISOString()
  return {
    labels: { alertname: 'DavyTest', severity: 'none' },
    annotations: filled({ summary: notice.sentence }),
    ...{ startsAt: time, endsAt: time, generatorURL: '' },
  }
}

/**
 * Whether a message ends an alert that fires: another verdict took its place, or the deployment closed. A rollback
 * that was carried out goes on firing until its time is over: that a deployment is closed does not say that the
 * traffic is back.
 * @param next the alert of the message itself, if any.
 */
export function isEndedBy(message: Message, open: Alert, next: Alert | null): boolean {
  if (message.type === 'deployment.finished') {
    return open.labels.alertname !== 'DavyRollback' || message.data.outcome !== 'rolled-back'
  }
  if (message.type !== 'verdict.changed' && message.type !== 'verdict.decided') return false
  return next === null || JSON.stringify(next.labels) !== JSON.stringify(open.labels)
}
