import { formatRatio, formatTime } from '../../domain/format.ts'
import type { Markup } from '../markup.ts'
import type { ReportLook } from '../report-input.ts'
import { chart, dot, level, word } from './svg.ts'
import { timeLabels, timeScale } from './time-scale.ts'

const rowHeight = 36

/** A critical metric in the race: `bound` is said at the moment of its proof. */
export type Runner = { readonly name: string; readonly title: string; readonly bound: string }

/** When a metric's proof first stood, Unix milliseconds; null: it never did. */
export function provenAt(looks: readonly ReportLook[], name: string, promoteAt: number): number | null {
  const proven = looks.find((look) =>
    look.metrics.some((metric) => metric.name === name && metric.promoteEValue >= promoteAt),
  )
  return proven?.at ?? null
}

/** A row per critical metric: a thin line until harm was ruled out, thick green after; an open one ends hollow. */
export function ruledOutRace(looks: readonly ReportLook[], runners: readonly Runner[], promoteAt: number): Markup {
  const from = looks[0]?.slice.from ?? 0
  const time = timeScale(from, looks.at(-1)?.at ?? from)
  const height = runners.length * rowHeight + 4
  const moments = runners.map((runner) => ({ ...runner, at: provenAt(looks, runner.name, promoteAt) }))
  const words = moments.map(({ title, at }) =>
    at === null ? `${title} is still open` : `${title} at ${formatTime(at, true)}`,
  )
  return chart(
    height,
    `When harm was ruled out: ${words.join(', ')}.`,
    moments.map(({ title, bound, at }, index) => {
      const y = index * rowHeight + 24
      const x = at === null ? 1 : time.x(at)
      const side = x > 0.5 ? 't-end halo' : 'halo'
      return [
        word('t-end t-ink', 0, y + 4, title.length > 20 ? `${title.slice(0, 19)}…` : title, -10),
        level('s-quiet', 0, x, y),
        at !== null && level('s-promote thick', x, 1, y),
        at === null
          ? dot('s-hold hollow', 1, y, 4.5, `${title}: not ruled out yet`)
          : dot('f-promote', x, y, 4.5, `${title}: ${formatTime(at, true)}`),
        word(side, x, y - 9, at === null ? 'open' : bound, x > 0.5 ? 4 : -4),
      ]
    }),
    timeLabels(time, height + 16),
  )
}

/** A bound as the race says it: '≤ 1.16×'. */
export function boundWords(high: number | null): string {
  return high === null ? 'proven' : `≤ ${formatRatio(high)}`
}
