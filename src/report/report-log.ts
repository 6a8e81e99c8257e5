/** One cohort's lines of a template, and the requests of `of` that they came from. */
type LoggedBy = { readonly lines: number; readonly requests: number; readonly of: number; readonly pods: number }

/** A template of warnings or errors as both cohorts log it. Times are Unix milliseconds. */
export type ReportLog = {
  readonly hash: string
  readonly text: string
  readonly example: string
  /** 'warn', 'error' or 'fatal'. */
  readonly severity: string
  readonly change: 'new' | 'increased' | 'vanished' | 'same'
  readonly firstSeen: number
  /** '' when the first line named no version. */
  readonly firstVersion: string
  readonly baseline: LoggedBy
  readonly canary: LoggedBy
  /** Somebody expects it, so that it is no evidence; null: nobody does. */
  readonly muted: { readonly reason: string; readonly expiresAt: string; readonly by: string } | null
}
