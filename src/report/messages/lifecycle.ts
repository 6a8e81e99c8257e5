import { cohortLabel } from '../../domain/cohort.ts'
import type { Outcome } from '../../domain/deployment.ts'
import { formatDuration, formatTime } from '../../domain/format.ts'
import type { DeploymentNotice } from '../../domain/sink.ts'
import { shortName, shortVersion } from '../names.ts'
import { plainText } from './plain-text.ts'

/** What is said of a deployment's start or end; the sentence goes on after the service's name. */
export type LifecycleWords = { readonly action: string; readonly sentence: string; readonly remarks: string }

/** A share of the traffic as somebody set it: '5%', '12.5%'. @param percent 0 to 100. */
export function weightWords(percent: number): string {
  return `${Number(percent.toPrecision(3))}%`
}

/** What is said when a deployment begins to be judged. */
export function startSentence(deployment: DeploymentNotice): LifecycleWords {
  const { baseline, canary, plannedWeight, environment, mode, startedAt, attempt } = deployment
  const version = shortVersion(plainText(cohortLabel(canary)))
  const against =
    baseline === null ? 'with no baseline yet' : `against ${shortVersion(plainText(cohortLabel(baseline)))}`
  const share = plannedWeight === null ? '' : ` at ${weightWords(plannedWeight)}`
  const remarks = [
    `Since ${formatTime(Date.parse(startedAt))} UTC.`,
    attempt > 1 ? `Attempt ${attempt}.` : null,
    mode === 'observe' ? 'Davy only watches: nothing acts on its verdict.' : null,
  ]
  return {
    action: 'Started',
    sentence: `${version} rolls out in ${shortName(plainText(environment))}${share}, judged ${against}.`,
    remarks: remarks.filter((remark) => remark !== null).join(' '),
  }
}

const outcomes: Readonly<Record<Outcome, { readonly action: string; readonly did: string }>> = {
  promoted: { action: 'Promoted', did: 'was promoted' },
  'rolled-back': { action: 'Rolled back', did: 'was rolled back' },
  aborted: { action: 'Aborted', did: 'was aborted' },
  expired: { action: 'Expired', did: 'is not judged any more: nobody asked for it or fed it' },
  superseded: { action: 'Superseded', did: 'was replaced by a newer deployment' },
}

/** What is said when a deployment has ended; `remarks` says when. An open one is said to be open. */
export function outcomeSentence(deployment: DeploymentNotice): LifecycleWords {
  const { canary, outcome, endedAt, startedAt, environment } = deployment
  const version = shortVersion(plainText(cohortLabel(canary)))
  if (outcome === null || endedAt === null) {
    return {
      action: 'Open',
      sentence: `${version} still rolls out in ${shortName(plainText(environment))}.`,
      remarks: '',
    }
  }
  const { action, did } = outcomes[outcome]
  const after = formatDuration((Date.parse(endedAt) - Date.parse(startedAt)) / 1000)
  return {
    action,
    sentence: `${version} ${did} in ${shortName(plainText(environment))}.`,
    remarks: `${action} at ${formatTime(Date.parse(endedAt), true)} UTC, after ${after}.`,
  }
}
