import { formatRatio, missing } from '../domain/format.ts'
import type { Judgement, Verdict } from '../domain/verdict.ts'
import { isUnreported } from './case.ts'
import { formatEvidence, formatOdds, formatValue, intervalCell, threshold, unitOf } from './figures.ts'
import { findingLook, verdictWords } from './state.ts'

const marks = { promote: '✅', hold: '⏸️', rollback: '🛑' } as const

/**
 * Text that Markdown and the HTML inside it leave as it is: punctuation escaped, line breaks and control characters to
 * spaces. '@' gets a joiner, so that no name in the telemetry calls people.
 */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu, ' ')
    .replace(/[\\`*_[\]|~#!$]/g, (character) => `\\${character}`)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('@', '@\u200b')
    .replace(/:\/\//g, ':\u200b//')
    .replace(/\bwww\./gi, (match) => `${match.slice(0, 3)}\u200b.`)
}

function metricRow(judgement: Judgement): string {
  const { effect, kind, finding } = judgement
  const unit = unitOf(kind)
  const cells = [
    unit === null ? judgement.name : `${judgement.name} (${unit})`,
    formatValue(kind, judgement.baseline.value),
    formatValue(kind, judgement.canary.value),
    formatRatio(effect.ratio),
    intervalCell(effect),
    formatRatio(effect.margin),
    formatRatio(effect.promoteMargin),
    formatEvidence(judgement.eValue),
    findingLook(finding).word,
  ]
  return `| ${cells.map(escapeMarkdown).join(' | ')} |`
}

function metricTable(metrics: readonly Judgement[]): string | null {
  if (metrics.length === 0) return null
  return [
    '| Metric | Baseline | Canary | Ratio | Interval | Margin | Promote margin | Evidence | Judgement |',
    '|---|--:|--:|--:|--:|--:|--:|--:|---|',
    ...metrics.map(metricRow),
  ].join('\n')
}

function whereLine(verdict: Verdict): string | null {
  const all = verdict.metrics.flatMap((metric) => metric.where)
  const routes = all.filter(({ attribute }) => attribute === 'http.route')
  const others = all.filter(({ attribute }) => attribute !== 'http.route')
  const places = [...routes.slice(0, 3), ...others.slice(0, 1)]
  if (places.length === 0) return null
  const words = places.map(({ attribute, value, ratio }) => {
    const place = attribute === 'http.route' ? value : `${attribute} ${value}`
    return escapeMarkdown(`${place} (${ratio === null ? 'new' : formatRatio(ratio)})`)
  })
  return `Where: ${words.join(', ')}`
}

function unreportedLine({ metrics }: Verdict): string | null {
  const names = metrics.filter(isUnreported).map(({ name }) => escapeMarkdown(name))
  return names.length === 0 ? null : `Not reported: ${names.join(', ')}.`
}

function proofLine({ confidence }: Verdict): string {
  const { eValue, promoteEValue, falseRollbackRate, falsePromoteRate } = confidence
  const rollbackAt = formatEvidence(threshold(falseRollbackRate))
  const promoteAt = formatEvidence(threshold(falsePromoteRate))
  return `Evidence of harm ${formatEvidence(eValue)}, rolls back at ${rollbackAt} (wrong in at most ${formatOdds(falseRollbackRate)} healthy releases); proof that harm is ruled out ${formatEvidence(promoteEValue)}, promotes at ${promoteAt}.`
}

/** The verdict for a job summary or a pull request: the sentence, the metrics, where, and a link to the report. */
export function renderMarkdown(verdict: Verdict): string {
  const { reason, decision } = verdict
  const version = (value: string | null) => (value === null ? missing : escapeMarkdown(value))
  const place = [verdict.namespace, verdict.environment].filter((part) => part !== '').map(escapeMarkdown)
  const title = `### ${marks[decision]} ${verdictWords(decision, reason.code)}: ${escapeMarkdown(verdict.service)} ${version(verdict.baseline.version)} → ${version(verdict.canary.version)} · ${place.join(' / ')}`
  const link = `[Report](<${verdict.reportUrl.replace(/[<>\s\\]/g, encodeURIComponent)}>)`
  const expected = verdict.expectedDecisionAt === null ? null : `Decision expected about ${verdict.expectedDecisionAt}.`
  return [
    title,
    `**${escapeMarkdown(reason.summary)}**`,
    reason.detail === '' ? null : escapeMarkdown(reason.detail),
    metricTable(verdict.metrics.filter((metric) => !isUnreported(metric))),
    unreportedLine(verdict),
    whereLine(verdict),
    expected,
    escapeMarkdown(proofLine(verdict)),
    `${link} · look ${verdict.look}${verdict.final ? ', final' : ''} · \`${reason.code}\` · ${escapeMarkdown(verdict.engine)}`,
  ]
    .filter((part) => part !== null)
    .join('\n\n')
    .concat('\n')
}
