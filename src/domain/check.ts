/** One vulnerability that a scanner found in an image. */
export type Vulnerability = {
  /** `CVE-2026-1234`, or the scanner's own id. */
  readonly id: string
  readonly package: string
}

/** What a report of a check says, whatever tool wrote it. */
export type CheckReport =
  | {
      readonly kind: 'tests'
      readonly tests: number
      readonly skipped: number
      /** Names of the tests that failed or ended in an error, the first 50. */
      readonly failed: readonly string[]
      readonly failures: number
    }
  /** How many were found, and which of them are critical: only those are ever compared. */
  | { readonly kind: 'vulnerabilities'; readonly found: number; readonly critical: readonly Vulnerability[] }
  | { readonly kind: 'result'; readonly passed: boolean; readonly summary: string }

/** A request that Davy makes to the canary again and again, and what it expects. */
export type Probe = {
  /** The check that it is, by its name. */
  readonly name: string
  readonly url: string
  readonly status: number
  /** What the beginning of the answer must hold; null: anything. */
  readonly contains: string | null
  readonly withinSeconds: number
  readonly everySeconds: number
}

/** A report as it is on record: of one deployment, by the check's name; the newest of a name counts. */
export type CheckRecord = {
  readonly name: string
  /** `baseline`: only to compare the canary's with. */
  readonly arm: 'canary' | 'baseline'
  readonly report: CheckReport
  /** Where a person can read more; null: nowhere. */
  readonly url: string | null
  readonly by: string
}

/** What a check says at a moment. */
export type CheckState = {
  readonly name: string
  readonly kind: CheckReport['kind'] | 'probe' | 'alert'
  readonly passed: boolean
  /** One sentence. */
  readonly summary: string
  readonly url: string | null
  /** RFC 3339: when the report came, or since when it is so. */
  readonly at: string
}

/** What forbids a promote at a look. */
export type FailedCheck = Pick<CheckState, 'name' | 'kind' | 'summary'>
