import type { Progress } from '../../domain/deployment.ts'
import { formatTime } from '../../domain/format.ts'
import { formatEvidence } from '../figures.ts'
import type { Markup } from '../markup.ts'
import type { ReportLook } from '../report-input.ts'
import { pauseAt } from './balance.ts'
import { block, chart, dot, level, linePath, type Point, stretched, upright, word } from './svg.ts'
import { thinned } from './thinned.ts'
import { type TimeScale, timeLabels, timeScale } from './time-scale.ts'

const height = 230
const least = 0.2
const mostDots = 60
const dashes = ['', ' dash', ' dots']

/** A metric whose evidence is drawn beside the total. */
export type Contributor = { readonly name: string; readonly weight: number }

/** All that the chart of evidence over time needs; `rollbackAt` is where the total decides. */
export type EvidenceSeries = {
  readonly looks: readonly ReportLook[]
  readonly from: number
  readonly rollbackAt: number
  readonly contributors: readonly Contributor[]
}

type Scale = { readonly time: TimeScale; readonly y: (evidence: number) => number; readonly top: number }

function scaleOf(series: EvidenceSeries): Scale {
  const highest = Math.max(...series.looks.map((look) => look.eValue))
  const top = Math.min(1e7, Math.max(1e4, 10 ** Math.ceil(Math.log10(Math.max(highest, series.rollbackAt * 10)))))
  const range = Math.log(top) - Math.log(least)
  return {
    top,
    time: timeScale(series.from, series.looks.at(-1)!.at),
    y: (evidence) => {
      const held = Math.min(top * 1.5, Math.max(least, evidence))
      return height - (height * (Math.log(held) - Math.log(least))) / range
    },
  }
}

function linesOf(series: EvidenceSeries, scale: Scale): readonly (Markup | null)[] {
  const total: readonly Point[] = series.looks.map((look) => [scale.time.x(look.at), scale.y(look.eValue)])
  const parts = series.contributors.map(({ name }, index) => {
    const points: readonly Point[] = series.looks.flatMap((look): Point[] => {
      const part = look.metrics.find((metric) => metric.name === name)
      return part === undefined ? [] : [[scale.time.x(look.at), scale.y(part.eValue)]]
    })
    return linePath(`s-quiet${dashes[index] ?? ' dots'}`, thinned(points))
  })
  return [...parts, linePath('s-ink', thinned(total))]
}

function zones(series: EvidenceSeries, scale: Scale): readonly (Markup | null)[] {
  const rollback = scale.y(series.rollbackAt)
  const pause = scale.y(pauseAt)
  return [block('w-rollback', 0, 1, 0, rollback), block('w-hold', 0, 1, rollback, pause - rollback)]
}

function lineLabels(series: EvidenceSeries, scale: Scale): readonly Markup[] {
  const rollback = scale.y(series.rollbackAt)
  const pause = scale.y(pauseAt)
  const decades = [1, 100, 1000, 1e4, 1e5, 1e6, 1e7].filter(
    (tick) => tick <= scale.top && Math.abs(scale.y(tick) - rollback) > 14,
  )
  return [
    ...decades.flatMap((tick) => [
      level('s-grid', 0, 1, scale.y(tick)),
      word('t-end', 0, scale.y(tick) + 4, tick >= 1e6 ? `${tick / 1e6} m` : formatEvidence(tick), -8),
    ]),
    level('s-hold thin', 0, 1, pause),
    level('s-rollback thin', 0, 1, rollback),
    word('t-end t-hold t-strong', 0, pause + 4, formatEvidence(pauseAt), -8),
    word('t-end t-rollback t-strong', 0, rollback + 4, formatEvidence(series.rollbackAt), -8),
    word('t-rollback t-strong halo', 0.006, rollback - 6, 'roll back'),
    word('t-hold t-strong halo', 0.006, pause - 6, 'pause the ramp'),
    word('wide halo', 0.006, height - 6, 'below 1: evidence against harm'),
  ]
}

/** The looks that deserve a large dot and a word: the first past the pause line, the first past rollback, the last. */
function crossings(series: EvidenceSeries): readonly { readonly look: ReportLook; readonly tone: string }[] {
  const paused = series.looks.find((look) => look.eValue >= pauseAt)
  const decided = series.looks.find((look) => look.eValue >= series.rollbackAt)
  const last = series.looks.at(-1)!
  const found = []
  if (paused !== undefined && paused !== decided) found.push({ look: paused, tone: 'f-hold' })
  if (decided !== undefined) found.push({ look: decided, tone: 'f-rollback' })
  if (last !== decided && last !== paused) found.push({ look: last, tone: 'f-ink' })
  return found
}

/** A crossing's words: beside the dot, above it where there is no room left, and short on a narrow page. */
function crossingLabels(x: number, y: number, short: string, more: string): readonly Markup[] {
  const low = Math.min(height - 8, y + 24)
  const narrow = word(`t-ink t-strong halo narrow${x < 0.5 ? '' : ' t-end'}`, x, y < 40 ? low : y - 10, short, -7)
  if (x > 0.985) return [word('t-ink t-strong wide', x, y + 4, short, 14), narrow]
  if (x < 0.7) return [word('t-ink t-strong halo wide', x, low, short + more, 8), narrow]
  return [word('t-ink t-strong t-end halo wide', x, Math.min(height - 20, y - 10), short + more, -6), narrow]
}

function crossingMarks(series: EvidenceSeries, scale: Scale): readonly (Markup | null)[] {
  return crossings(series).flatMap(({ look, tone }) => {
    const x = scale.time.x(look.at)
    const y = scale.y(look.eValue)
    const evidence = formatEvidence(look.eValue)
    return [
      tone === 'f-ink' ? null : upright('s-margin', x, Math.max(0, y), height),
      dot(tone, x, y, tone === 'f-ink' ? 3.5 : 5, `look ${look.look}, ${formatTime(look.at, true)}: ${evidence}`),
      ...crossingLabels(x, y, `Look ${look.look}: ${evidence}`, tone === 'f-hold' ? ', past the pause line' : ''),
    ]
  })
}

/** Names of the contributors at their lines' ends, pushed apart, away from the total's own label. */
function contributorLabels(series: EvidenceSeries, scale: Scale): readonly Markup[] {
  const last = series.looks.at(-1)!
  const taken = [scale.y(last.eValue) + 4]
  const ends = series.contributors
    .flatMap(({ name }) => {
      const part = last.metrics.find((metric) => metric.name === name)
      return part === undefined ? [] : [{ name, eValue: part.eValue, y: scale.y(part.eValue) + 4 }]
    })
    .sort((a, b) => a.y - b.y)
  return ends.map(({ name, eValue, y }) => {
    let free = y
    while (taken.some((other) => Math.abs(other - free) < 14)) free += y < taken[0]! ? -2 : 2
    taken.push(free)
    return word('wide', scale.time.x(last.at), free, `${name.slice(0, 12)} ${formatEvidence(eValue)}`, 14)
  })
}

function summary(series: EvidenceSeries): string {
  const last = series.looks.at(-1)!
  const first = (at: number) => series.looks.find((look) => look.eValue >= at)?.look
  const paused = first(pauseAt)
  const decided = first(series.rollbackAt)
  const past = [
    paused === undefined
      ? `never above ${pauseAt}, the pause line`
      : `above ${pauseAt}, the pause line, at look ${paused}`,
    decided === undefined
      ? `never above ${formatEvidence(series.rollbackAt)}, where it rolls back`
      : `above ${formatEvidence(series.rollbackAt)}, where it rolls back, at look ${decided}`,
  ]
  return `Evidence of harm at ${series.looks.length} looks: ${past.join('; ')}; ${formatEvidence(last.eValue)} at the last.`
}

/** Evidence of harm at every look on a log scale, with the lines where it pauses and where it decides. */
export function evidenceChart(series: EvidenceSeries): Markup {
  const scale = scaleOf(series)
  const marked = new Set(crossings(series).map(({ look }) => look))
  const plain = series.looks.length > mostDots ? [] : series.looks.filter((look) => !marked.has(look))
  return chart(
    height,
    summary(series),
    zones(series, scale),
    stretched(height, ...linesOf(series, scale)),
    lineLabels(series, scale),
    plain.map((look) =>
      dot(
        'f-ink',
        scale.time.x(look.at),
        scale.y(look.eValue),
        2.5,
        `look ${look.look}, ${formatTime(look.at, true)}: ${formatEvidence(look.eValue)}`,
      ),
    ),
    crossingMarks(series, scale),
    contributorLabels(series, scale),
  )
}

/** Below the evidence: the canary's weight where a controller tells it, the looks where they are few, and the times. */
export function weightStrip(series: EvidenceSeries, progress: readonly Progress[]): Markup {
  const time = timeScale(series.from, series.looks.at(-1)!.at)
  const weights = progress.filter((step) => step.weight !== null)
  const top = weights.length === 0 ? 0 : 26
  const looks = series.looks.length > mostDots ? [] : series.looks
  const bottom = top + (looks.length === 0 ? 0 : 16)
  const words = weights.map((step) => `${step.weight}% from ${formatTime(Date.parse(step.at), true)}`)
  return chart(
    bottom + 20,
    weights.length === 0 ? `${series.looks.length} looks.` : `Canary weight: ${words.join(', ')}.`,
    weights.length > 0 && word('t-end', 0, 17, 'weight', -8),
    weights.map((step, index) => {
      const from = time.x(Date.parse(step.at))
      const next = weights[index + 1]
      const to = next === undefined ? 1 : time.x(Date.parse(next.at))
      const fits = to - from > 0.05
      return [
        block(`w-canary${index % 2 === 1 ? ' deep' : ''}`, from, to, 4, 18),
        fits && word('t-canary', from, 17, `${step.weight}%`, 6),
      ]
    }),
    looks.length > 0 && word('t-end', 0, top + 12, 'looks', -8),
    looks.map((look) => upright('s-quiet', time.x(look.at), top + 4, top + 11)),
    timeLabels(time, bottom + 16),
  )
}
