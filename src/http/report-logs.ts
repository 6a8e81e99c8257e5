import type { ComparedTemplate } from '../engine/logs/log-templates.ts'
import type { ReportLog } from '../report/report-log.ts'
import { severityName } from './log-severity.ts'

/** What both cohorts log, as a deployment's page shows it. */
export function reportLogs(compared: readonly ComparedTemplate[]): readonly ReportLog[] {
  return compared.map(({ template, severity, arms, ...log }) => ({
    ...{ hash: template.hash, text: template.text, example: template.example },
    ...{ change: log.change, firstSeen: log.firstSeen, firstVersion: log.firstVersion, muted: log.muted },
    severity: severityName(severity) ?? '',
    ...arms,
  }))
}
