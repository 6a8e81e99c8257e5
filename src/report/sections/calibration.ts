import { type CalibrationMeasure, type CalibrationRun, usableNulls } from '../../domain/calibration.ts'
import { formatDuration, formatPercent } from '../../domain/format.ts'
import type { Case } from '../case.ts'
import { section } from '../document.ts'
import { counted, formatMoment, formatOdds } from '../figures.ts'
import { type IconName, icon } from '../icons.ts'
import { html, type Markup } from '../markup.ts'

type Cell = { readonly name: string; readonly value: string; readonly more: string; readonly weak?: boolean }

function rateWords({ after: { runs, rollbacks, rate, low, high } }: CalibrationMeasure): string {
  const placebos = `${counted(runs, 'placebo canary', 'placebo canaries')} of this service’s own history`
  const share = `${formatPercent(rate)} (${formatPercent(low)} to ${formatPercent(high)})`
  return `In ${placebos} Davy would have rolled back ${rollbacks}: ${share}.`
}

function lead(run: CalibrationRun | null): string {
  if (run?.measure == null) {
    return 'Cold start: not measured on this service’s own history when the deployment opened; careful defaults were used.'
  }
  if (run.measure.isWithinAlpha) return rateWords(run.measure)
  return `${rateWords(run.measure)} That is more than promised, so the defaults were used, and for this service the promise is not known to hold.`
}

function cellsOf({ alpha, measure }: CalibrationRun & { readonly measure: CalibrationMeasure }): readonly Cell[] {
  const { after, isWithinAlpha, canaryPods, seconds, from, to, version } = measure
  return [
    {
      name: 'Promised',
      value: formatPercent(alpha),
      more: `of harmless releases rolled back at most, ${formatOdds(alpha)}`,
      weak: !isWithinAlpha,
    },
    {
      name: 'Placebos',
      value: String(after.runs),
      more: `of ${counted(canaryPods, 'pod')} that ran the same version as the rest, ${formatDuration(seconds)} each; ${after.promotes} promoted`,
    },
    {
      name: 'History',
      value: formatDuration((Date.parse(to) - Date.parse(from)) / 1000),
      more: `of ${version}, up to ${formatMoment(Date.parse(to))}`,
    },
  ]
}

function metricWords(page: Case, run: CalibrationRun & { readonly measure: CalibrationMeasure }): readonly string[] {
  const nulls = usableNulls(run) ?? {}
  const { reasons, basis } = run.measure
  return page.input.deployment.template.metrics.map(({ name }) => {
    const reason = reasons[name]
    if (!Object.hasOwn(nulls, name)) return `${name}: careful defaults${reason === undefined ? '' : `; ${reason}`}`
    if (reason !== undefined || basis === null)
      return `${name}: careful defaults, made more careful until placebos passed`
    return `${name}: how much pods differ was learned from ${counted(basis.blocks, 'block')} of ${counted(basis.pods, 'pod')}`
  })
}

function drawCell({ name, value, more, weak = false }: Cell): Markup {
  const [className, shape, word]: readonly [string, IconName, string] = weak
    ? ['warn', 'warn', 'weak']
    : ['ok', 'check', 'good']
  return html`<div><div class="k"><span class="${className}">${icon(shape)}</span><span class="unseen">${word}: </span>${name}</div><div class="v">${value}</div><div class="n">${more}</div></div>
`
}

/** How often would Davy be wrong about this service? What was published when the deployment opened. */
export function calibration(page: Case): Markup {
  const run = page.input.calibration
  const title = 'How often is Davy wrong here?'
  if (run === null || run.measure === null) return section('calibration', title, lead(run))
  return section(
    'calibration',
    title,
    lead(run),
    html`<div class="strip">${cellsOf(run).map(drawCell)}</div>
<ul class="notes">${metricWords(page, run).map((words) => html`<li>${words}</li>`)}</ul>
`,
  )
}
