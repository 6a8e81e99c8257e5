import { chartsOf } from './course.ts'
import type { Finding } from './finding.ts'
import type { Resources } from './resources.ts'

/** What a run of a scenario came to. */
export type Report = {
  readonly scenario: string
  /** What it shows, one sentence. */
  readonly about: string
  readonly date: string
  readonly machine: string
  readonly command: string
  readonly k6: string
  /** Of the last minute, before and after the run. */
  readonly loadAverage: readonly [before: number, after: number]
  readonly seconds: number
  readonly findings: readonly Finding[]
  /** What was measured and has no limit. */
  readonly figures: readonly (readonly [what: string, figure: string])[]
  /** What Davy took all the time. */
  readonly samples: readonly Resources[]
}

/** Whether everything that was to hold did. */
export function isKept({ findings }: Report): boolean {
  return findings.length > 0 && findings.every((finding) => finding.isKept)
}

/** The report as Markdown. */
export function markdownOf(report: Report): string {
  const line = (cells: readonly string[]) => `| ${cells.map(escapeCell).join(' | ')} |`
  const rows = report.findings.map(({ what, measured, limit, isKept: kept }) =>
    line([what, measured, limit, kept ? 'yes' : '**no**']),
  )
  return [
    `# ${report.scenario}: ${isKept(report) ? 'everything held' : 'not everything held'}`,
    '',
    report.about,
    '',
    circumstances(report),
    '',
    line(['what', 'measured', 'limit', 'held']),
    '|---|--:|--:|---|',
    ...rows,
    ...(report.figures.length === 0 ? [] : ['', line(['figure', '']), '|---|--:|', ...report.figures.map(line)]),
    '',
  ].join('\n')
}

/** The report as one page that needs nothing else. */
export function htmlOf(report: Report): string {
  const cells = (texts: readonly string[], tag: 'td' | 'th') =>
    `<tr>${texts.map((text) => `<${tag}>${escapeHtml(text)}</${tag}>`).join('')}</tr>`
  const rows = report.findings.map(({ what, measured, limit, isKept: kept }) =>
    cells([what, measured, limit, kept ? 'yes' : 'no'], 'td').replace('<tr>', kept ? '<tr>' : '<tr class="broken">'),
  )
  const figures = report.figures.map((each) => cells(each, 'td'))
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${escapeHtml(report.scenario)}</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem }
  table { border-collapse: collapse; margin: 1rem 0; width: 100% }
  td, th { border-bottom: 1px solid #ccc; padding: .3rem .6rem; text-align: left; vertical-align: top }
  figure { margin: 1rem 0 }
  svg { background: #f6f6f6; width: 100% }
  polyline { fill: none; stroke: #1f4e8c; stroke-width: 1.5 }
  .broken { background: #fbe3e4; font-weight: 600 }
</style>
<h1>${escapeHtml(report.scenario)}: ${isKept(report) ? 'everything held' : 'not everything held'}</h1>
<p>${escapeHtml(report.about)}</p>
<p>${escapeHtml(circumstances(report))}</p>
<table>${cells(['what', 'measured', 'limit', 'held'], 'th')}
${rows.join('\n')}</table>
<table>${figures.join('\n')}</table>
${chartsOf(report.samples)}
</html>
`
}

function circumstances({ date, machine, command, k6, loadAverage: [before, after], seconds }: Report): string {
  const load = `load of the machine ${before.toFixed(1)} before, ${after.toFixed(1)} after`
  return `${date}, ${machine}, ${k6}; ${load}; \`${command}\`, ${Math.round(seconds)} s.`
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
