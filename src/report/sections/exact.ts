import { formatTime, missing } from '../../domain/format.ts'
import type { Judgement } from '../../domain/verdict.ts'
import type { Case } from '../case.ts'
import { section } from '../document.ts'
import { counted, formatEvidence, formatWeight, quantileName } from '../figures.ts'
import { html, type Markup } from '../markup.ts'
import { verdictPath } from '../names.ts'

const mostLooks = 60

/** Rows of equal columns for a <pre>. */
function columns(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('   ')
        .trimEnd(),
    )
    .join('\n')
}

/** A number as it was computed, with six digits. */
function exactNumber(value: number | null): string {
  return value === null ? missing : String(Number(value.toPrecision(6)))
}

function verdictText({ input: { verdict, deployment }, rollbackAt, promoteAt }: Case): string {
  const { eValue, promoteEValue, falseRollbackRate, falsePromoteRate } = verdict.confidence
  return columns([
    ['rollback', `e-value ${exactNumber(eValue)}`, `at ${formatEvidence(rollbackAt)}`, `alpha ${falseRollbackRate}`],
    [
      'promote',
      `e-value ${exactNumber(promoteEValue)}`,
      `at ${formatEvidence(promoteAt)}`,
      `alpha ${falsePromoteRate}`,
    ],
    ['attempt', String(deployment.attempt), '', 'the budgets shrink from attempt to attempt'],
    ['engine', verdict.engine, '', ''],
    ['template', verdict.template.name, '', verdict.template.digest],
  ])
}

function metricRows(judgement: Judgement): readonly (readonly string[])[] {
  const row = (name: string, effect: Judgement['effect'], eValue: number, promoteEValue: number, more: string) => [
    name,
    exactNumber(effect.ratio),
    exactNumber(effect.low),
    exactNumber(effect.high),
    String(effect.level),
    exactNumber(effect.margin),
    exactNumber(effect.promoteMargin),
    exactNumber(eValue),
    exactNumber(promoteEValue),
    more,
  ]
  const { effect, eValue, promoteEValue, weight, promoteProof } = judgement
  return [
    row(judgement.name, effect, eValue, promoteEValue, `weight ${formatWeight(weight)}, proof by ${promoteProof}`),
    ...(judgement.quantiles ?? []).map((quantile) =>
      row(`  ${quantileName(quantile.quantile)}`, quantile.effect, quantile.eValue, quantile.promoteEValue, ''),
    ),
  ]
}

function metricsText({ input: { verdict } }: Case): string {
  const heads = ['metric', 'ratio', 'low', 'high', 'level', 'margin', 'promoteMargin', 'eValue', 'promoteEValue', '']
  return columns([heads, ...verdict.metrics.flatMap(metricRows)])
}

function looksText({ input: { looks } }: Case): string {
  const heads = ['look', 'at', 'decision', 'reason', 'eValue', 'promoteEValue', 'canary', 'baseline']
  const counts = (arm: { requests: number; errors: number }) => `${arm.errors} of ${arm.requests}`
  const rows = looks
    .slice(-mostLooks)
    .map((look) => [
      String(look.look),
      formatTime(look.at, true),
      look.decision,
      look.code,
      exactNumber(look.eValue),
      exactNumber(look.promoteEValue),
      counts(look.slice.canary),
      counts(look.slice.baseline),
    ])
  return columns([heads, ...rows])
}

function queriesText({ input: { queries = {} } }: Case): string {
  return Object.entries(queries)
    .flatMap(([name, lines]) => [name, ...lines.map((line) => `  ${line}`)])
    .join('\n')
}

function fold(title: string, more: string, text: string, open = false): Markup {
  return html`<details class="fold"${open && html` open`}><summary>${title}<span>${more}</span></summary><pre tabindex="0">${text}</pre></details>
`
}

/** Exact evidence: the numbers as they were computed, and where all of them are. */
export function exact(page: Case): Markup {
  const { verdict, looks, deployment } = page.input
  const hidden = looks.length - mostLooks
  const queries = Object.keys(page.input.queries ?? {})
  return section(
    'evidence',
    'Exact evidence',
    html`Every look’s verdict: <a href="${`${verdictPath(deployment.id)}s`}">JSON</a>.`,
    html`<div class="panel">${fold('Verdict', 'budgets, engine, template', verdictText(page), true)}
${verdict.metrics.length > 0 && fold('Tests', counted(verdict.metrics.length, 'metric'), metricsText(page))}
${queries.length > 0 && fold('Queries', counted(queries.length, 'metric'), queriesText(page))}${looks.length > 0 && fold('Looks', hidden > 0 ? `the last ${mostLooks} of ${looks.length}` : counted(looks.length, 'look'), looksText(page))}</div>
`,
  )
}
