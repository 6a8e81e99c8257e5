import { formatTime } from '../../domain/format.ts'
import { formatEvidence } from '../figures.ts'
import type { Markup } from '../markup.ts'
import type { ReportLook } from '../report-input.ts'
import { block, chart, level, word } from './svg.ts'
import { timeLabels, timeScale } from './time-scale.ts'
import { valueTicks } from './value-ticks.ts'

const height = 150
const bars = 24

type Bar = { readonly from: number; readonly to: number; readonly baseline: number; readonly canary: number }

/** Requests a second of both arms in at most 24 bars of equal time. */
function barsOf(looks: readonly ReportLook[]): readonly Bar[] {
  const from = looks[0]!.slice.from
  const to = looks.at(-1)!.slice.to
  const longest = Math.max(...looks.map(({ slice }) => slice.to - slice.from))
  const width = Math.max(longest, (to - from) / bars)
  const sums = Array.from({ length: Math.max(1, Math.ceil((to - from) / width)) }, () => ({ baseline: 0, canary: 0 }))
  for (const { slice } of looks) {
    const sum = sums[Math.min(sums.length - 1, Math.floor(((slice.from + slice.to) / 2 - from) / width))]!
    sum.baseline += slice.baseline.requests
    sum.canary += slice.canary.requests
  }
  return sums.map((sum, index) => {
    const start = from + index * width
    const end = Math.min(to, start + width)
    const seconds = Math.max(1, (end - start) / 1000)
    return { from: start, to: end, baseline: sum.baseline / seconds, canary: sum.canary / seconds }
  })
}

/** Requests a second by version; where the canary sent nothing, that is said and no zero line is drawn. */
export function trafficChart(looks: readonly ReportLook[], names: { baseline: string; canary: string }): Markup | null {
  if (looks.length === 0) return null
  const all = barsOf(looks)
  const time = timeScale(all[0]!.from, all.at(-1)!.to)
  const highest = Math.max(...all.map((bar) => Math.max(bar.baseline, bar.canary)))
  const top = Math.max(1, highest * 1.25)
  const y = (rate: number) => height * (1 - rate / top)
  const silent = all.every((bar) => bar.canary === 0)
  const mean = (arm: 'baseline' | 'canary') => formatEvidence(all.reduce((sum, bar) => sum + bar[arm], 0) / all.length)
  const words = `Requests a second by version: ${names.baseline} about ${mean('baseline')}, ${names.canary} ${silent ? 'none' : `about ${mean('canary')}`}, from ${formatTime(time.from)} to ${formatTime(time.to)}.`
  return chart(
    height,
    words,
    valueTicks(top, 3).map((rate) => [level('s-grid', 0, 1, y(rate)), word('t-end', 0, y(rate) + 4, String(rate), -8)]),
    all.map((bar) => {
      const [from, to] = [time.x(bar.from), time.x(bar.to)]
      const width = (to - from) * 0.84
      const half = silent ? width : width / 2
      return [
        block('f-base', from, from + half, y(bar.baseline), height - y(bar.baseline)),
        !silent && block('f-canary', from + half, from + width, y(bar.canary), height - y(bar.canary)),
      ]
    }),
    silent && word('t-end t-canary halo', 1, 12, `from ${names.canary}: nothing`),
    timeLabels(time, height + 16),
  )
}
