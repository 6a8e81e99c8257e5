import { formatSeconds } from '../../domain/format.ts'
import type { QuantileJudgement } from '../../domain/verdict.ts'
import { formatChange, quantileName } from '../figures.ts'
import type { Markup } from '../markup.ts'
import { block, chart, dot, level, upright, word } from './svg.ts'

const rowHeight = 22

type Row = QuantileJudgement & { readonly baseline: number; readonly canary: number }

function isMeasured(row: QuantileJudgement): row is Row {
  return row.baseline !== null && row.canary !== null && row.baseline > 0 && row.canary > 0
}

/** Round latencies (1, 3, 10, 30 ms …) within the axis, thinned to four. */
function latencyTicks(from: number, to: number): readonly number[] {
  const all = []
  for (let exponent = -6; exponent <= 4; exponent++) all.push(10 ** exponent, 3 * 10 ** exponent)
  const inside = all.filter((tick) => tick >= from && tick <= to)
  const ones = inside.filter((_, index) => inside.length <= 4 || index % 2 === inside.length % 2)
  return ones.slice(0, 5)
}

function scaleOf(rows: readonly Row[]): { readonly x: (seconds: number) => number; readonly ticks: readonly number[] } {
  const values = rows.flatMap((row) => [
    row.baseline,
    row.canary,
    row.baseline * Math.min(8, Math.max(1 / 8, row.effect.high ?? 1)),
  ])
  const from = Math.min(...values) / 1.15
  const to = Math.max(...values) * 1.15
  const wide = Math.max(to, from * 4)
  const x = (seconds: number) =>
    Math.min(1, Math.max(0, (Math.log(seconds) - Math.log(from)) / (Math.log(wide) - Math.log(from))))
  return { x, ticks: latencyTicks(from, wide) }
}

function rowMarks(row: Row, x: (seconds: number) => number, y: number): readonly (Markup | null | false)[] {
  const { low, high, ratio, margin } = row.effect
  const beyond = low > margin
  const name = quantileName(row.quantile)
  const from = low > 0 ? x(row.baseline * low) : 0
  const to = high === null ? 1 : x(row.baseline * high)
  const known = low > 0 || high !== null
  const change = ratio === null ? 'no ratio yet' : formatChange(ratio)
  const end = Math.max(x(row.canary), known && high !== null ? to : 0)
  return [
    word(`t-end${beyond ? ' t-ink t-strong' : ''}`, 0, y + 4, name, -8),
    block('w-margin', x(row.baseline), x(row.baseline * margin), y - 5, 10),
    known && level('s-canary thick faded', from, to, y),
    level('s-quiet thin', x(row.baseline), x(row.canary), y),
    dot('f-base', x(row.baseline), y, 3.5, `${name}: ${formatSeconds(row.baseline)}`),
    dot('f-canary', x(row.canary), y, 4, `${name}: ${formatSeconds(row.canary)}`),
    word(beyond ? 't-ink t-strong halo' : 'halo', end, y + 4, change, 8),
  ]
}

/** One row per judged quantile: baseline dot, canary dot, the interval as a faint bar, the margin as a grey block. */
export function quantileChart(quantiles: readonly QuantileJudgement[]): Markup {
  const rows = quantiles.filter(isMeasured)
  const height = Math.max(132, quantiles.length * rowHeight)
  const pitch = height / Math.max(1, quantiles.length)
  const words = rows.map(
    (row) => `${quantileName(row.quantile)} ${formatSeconds(row.baseline)} to ${formatSeconds(row.canary)}`,
  )
  const scale = rows.length === 0 ? null : scaleOf(rows)
  return chart(
    height,
    words.length === 0 ? 'Latency quantiles: no data yet.' : `Latency, baseline to canary: ${words.join(', ')}.`,
    scale?.ticks.map((tick, index) => [
      upright('s-grid', scale.x(tick), 0, height),
      word(index % 2 === 1 ? 't-mid spare' : 't-mid', scale.x(tick), height + 16, formatSeconds(tick)),
    ]),
    quantiles.map((row, index) => {
      const y = pitch * (index + 0.5)
      if (scale !== null && isMeasured(row)) return rowMarks(row, scale.x, y)
      return [word('t-end', 0, y + 4, quantileName(row.quantile), -8), word('', 0, y + 4, 'too few requests')]
    }),
  )
}
