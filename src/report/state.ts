import type { Deployment } from '../domain/deployment.ts'
import type { Decision, Finding, ReasonCode, Verdict } from '../domain/verdict.ts'
import { type IconName, icon } from './icons.ts'
import { html, type Markup } from './markup.ts'

/** How a verdict looks: its silhouette and colour. */
export type Tone = 'rollback' | 'hold' | 'promote' | 'nodata'

const nothingToJudge: ReadonlySet<ReasonCode> = new Set([
  'NO_TRAFFIC',
  'NO_CANARY_DATA',
  'NO_BASELINE_DATA',
  'CANARY_SILENT',
  'SOURCE_DOWN',
])

const holdWords: Partial<Readonly<Record<ReasonCode, string>>> = {
  WARMING_UP: 'Warming up',
  NO_TRAFFIC: 'Hold, no traffic',
  NO_CANARY_DATA: 'Hold, no data',
  NO_BASELINE_DATA: 'Hold, no baseline',
  CANARY_SILENT: 'Hold, canary silent',
  SOURCE_DOWN: 'Hold, source down',
  TELEMETRY_LOSS: 'Hold, telemetry lost',
  SAMPLE_RATIO_MISMATCH: 'Hold, split broken',
  SAMPLING_DIFFERS: 'Hold, sampling differs',
  COHORTS_OVERLAP: 'Hold, cohorts overlap',
  SHARED_OUTAGE: 'Hold, shared outage',
  BASELINE_UNHEALTHY: 'Hold, baseline unhealthy',
  CHECK_FAILED: 'Hold, check failed',
  DEADLINE: 'Hold, deadline passed',
  HARM_LIKELY: 'Hold, harm likely',
  SUPERSEDED: 'Hold, superseded',
  EXPIRED: 'Hold, expired',
}

const decisionWords: Readonly<Record<Decision, string>> = { rollback: 'Roll back', promote: 'Promote', hold: 'Hold' }

/** Whether there was nothing to judge: then the page shows how far the data comes. */
export function isBlind(code: ReasonCode): boolean {
  return nothingToJudge.has(code)
}

/** The tone of a decision made for this reason. */
export function toneOf(decision: Decision, code: ReasonCode): Tone {
  return decision === 'hold' && isBlind(code) ? 'nodata' : decision
}

/** The verdict in two or three words. */
export function verdictWords(decision: Decision, code: ReasonCode): string {
  return decision === 'hold' ? (holdWords[code] ?? 'Hold') : decisionWords[decision]
}

/** Silhouette and words in the tone's colours; `small` for lists. */
export function badge(decision: Decision, code: ReasonCode, small = false): Markup {
  const tone = toneOf(decision, code)
  return html`<span class="badge ${tone}${small && ' small-badge'}">${icon(tone)}${verdictWords(decision, code)}</span>`
}

const overrideWords = { promote: 'Promoted', hold: 'Held', rollback: 'Rolled back' } as const

/** The outlined badge of a person's word over the engine's, or nothing. */
export function overrideBadge(deployment: Deployment): Markup | null {
  const { override } = deployment
  if (override === null) return null
  return html`<span class="badge outlined">${overrideWords[override.decision]} by ${override.by}</span>`
}

/** Silhouette and word without a fill. */
export function stateWord(tone: Tone, word: string, quiet = false): Markup {
  return html`<span class="state ${tone}${quiet && ' quiet'}">${icon(tone)}${word}</span>`
}

/** How a finding is said and drawn: `filled` dots decide, hollow ones do not. */
export type FindingLook = {
  readonly word: string
  readonly tone: Tone
  readonly icon: IconName
  readonly filled: boolean
  readonly dashed: boolean
}

const findingLooks: Readonly<Record<Finding, FindingLook>> = {
  'harm-ruled-out': { word: 'ruled out', tone: 'promote', icon: 'promote', filled: true, dashed: false },
  undecided: { word: 'undecided', tone: 'hold', icon: 'hold', filled: false, dashed: true },
  'harm-likely': { word: 'harm likely', tone: 'rollback', icon: 'rollback', filled: false, dashed: false },
  'harm-shown': { word: 'harm shown', tone: 'rollback', icon: 'rollback', filled: true, dashed: false },
  'no-data': { word: 'no data', tone: 'nodata', icon: 'nodata', filled: false, dashed: true },
  error: { word: 'could not be judged', tone: 'nodata', icon: 'warn', filled: false, dashed: true },
}

export function findingLook(finding: Finding): FindingLook {
  return findingLooks[finding]
}

/** A finding's silhouette and word; undecided and likely stay thin. */
export function findingWord(finding: Finding): Markup {
  const look = findingLooks[finding]
  const weight = finding === 'undecided' ? ' quiet' : finding === 'harm-likely' ? ' likely' : ''
  return html`<span class="state ${look.tone}${weight}">${icon(look.icon)}${look.word}</span>`
}

/** The engine's own word under a person's: the last look's decision, where an override stands over it. */
export function engineVerdict(
  verdict: Verdict,
  looks: readonly { readonly decision: Decision; readonly code: ReasonCode }[],
): { readonly decision: Decision; readonly code: ReasonCode } {
  const last = looks.at(-1)
  if (verdict.reason.code === 'OVERRIDDEN' && last !== undefined) return last
  return { decision: verdict.decision, code: verdict.reason.code }
}
