import { formatDuration, formatPercent, formatTime } from '../../domain/format.ts'
import type { Judgement } from '../../domain/verdict.ts'
import type { Case } from '../case.ts'
import { pauseAt } from '../charts/balance.ts'
import { type Contributor, evidenceChart, weightStrip } from '../charts/evidence-chart.ts'
import { boundWords, provenAt, ruledOutRace } from '../charts/ruled-out-race.ts'
import { keySample, level } from '../charts/svg.ts'
import { section } from '../document.ts'
import { formatEvidence } from '../figures.ts'
import { html, type Markup } from '../markup.ts'
import { groupTitle } from '../names.ts'

const dashes = ['', ' dash', ' dots']

function contributors(page: Case): readonly Contributor[] {
  return page.ranked.filter(({ weight, finding }) => weight > 0 && finding !== 'no-data').slice(0, 3)
}

function lead(page: Case): string {
  const { looks } = page.input
  const decided = looks.find((look) => look.eValue >= page.rollbackAt)
  const paused = looks.find((look) => look.eValue >= pauseAt)
  if (decided !== undefined) {
    const before =
      paused !== undefined && paused !== decided ? `Look ${paused.look} passed the pause line; look ` : 'Look '
    return `${before}${decided.look} passed the line where it rolls back, at ${formatTime(decided.at, true)}.`
  }
  if (paused !== undefined)
    return `Look ${paused.look} passed the pause line; none reached ${formatEvidence(page.rollbackAt)}.`
  const highest = Math.max(...looks.map((look) => look.eValue))
  return `Never above ${formatEvidence(highest)} in ${looks.length === 1 ? 'the one look' : `${looks.length} looks`}; ${pauseAt} would pause the ramp.`
}

/** Evidence of harm at every look; nothing before the first one. */
export function overTime(page: Case): Markup | null {
  const { looks, deployment } = page.input
  const first = looks[0]
  if (first === undefined) return null
  const series = { looks, from: first.slice.from, rollbackAt: page.rollbackAt, contributors: contributors(page) }
  const parts = series.contributors.map(
    ({ name }, index) => html`<span>${keySample(level(`s-quiet${dashes[index] ?? ''}`, 0, 1, 6))}${name}</span>`,
  )
  return section(
    'over-time',
    'Evidence over time',
    lead(page),
    html`<div class="panel"><div class="plot labelled">${evidenceChart(series)}</div>
<div class="plot labelled tight">${weightStrip(series, deployment.progress)}</div>
<p class="key indented"><span>${keySample(level('s-ink', 0, 1, 6))}all metrics together: this one decides</span>${parts}</p></div>
`,
  )
}

function bound(page: Case, judgement: Judgement): string {
  const spec = page.input.deployment.template.metrics.find((metric) => metric.name === judgement.name)
  if (judgement.promoteProof === 'floor' && spec?.promoteFloor !== undefined) {
    return `below ${formatPercent(spec.promoteFloor)}`
  }
  return boundWords(judgement.effect.high)
}

/** Promote: when harm was ruled out, metric by metric. */
export function race(page: Case): Markup | null {
  const { looks } = page.input
  if (looks.length < 2 || page.critical.length === 0) return null
  const runners = page.critical.map((judgement) => ({
    name: judgement.name,
    title: groupTitle(judgement.group),
    bound: bound(page, judgement),
  }))
  const finished = runners
    .map((runner) => ({ ...runner, at: provenAt(looks, runner.name, page.promoteAt) }))
    .filter((runner) => runner.at !== null)
    .toSorted((a, b) => a.at! - b.at!)
  const last = finished.at(-1)
  const words =
    last === undefined || finished.length < runners.length
      ? 'Not every critical metric has its proof.'
      : `${last.title} ${runners.length === 1 ? 'was proven' : 'was last'}, ${formatDuration((last.at! - page.startedAt) / 1000)} in.`
  return section(
    'race',
    'When harm was ruled out',
    words,
    html`<div class="panel"><div class="plot named">${ruledOutRace(looks, runners, page.promoteAt)}</div>
<p class="source">Dot: the moment when the proof passed ${formatEvidence(page.promoteAt)} for this metric.</p></div>
`,
  )
}
