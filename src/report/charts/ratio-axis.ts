import { formatRatio } from '../../domain/format.ts'
import type { Effect, Finding } from '../../domain/verdict.ts'
import { intervalWords } from '../figures.ts'
import type { Markup } from '../markup.ts'
import { findingLook } from '../state.ts'
import { arrow, axisHead, block, chart, dot, level, upright, word } from './svg.ts'

const knee = 0.2
const least = 0.5
const most = 32

function bend(ratio: number): number {
  return Math.asinh(Math.log(ratio) / knee)
}

/**
 * Where a ratio stands on the width: asinh(ln r / 0.2) from 0.5 to 32, log far out and near-linear within 20%, so that
 * 1.05 and 14 fit one axis. Beyond the ends it stays at them.
 */
export function ratioX(ratio: number): number {
  if (ratio <= least) return 0
  if (ratio >= most) return 1
  return (bend(ratio) - bend(least)) / (bend(most) - bend(least))
}

const ticks: readonly { readonly ratio: number; readonly wide: boolean }[] = [
  { ratio: 0.5, wide: false },
  { ratio: 0.8, wide: true },
  { ratio: 1, wide: false },
  { ratio: 1.25, wide: true },
  { ratio: 2, wide: false },
  { ratio: 4, wide: true },
  { ratio: 12, wide: false },
]

function tickLabels(y: number): readonly Markup[] {
  return ticks.map(({ ratio, wide }) => word(`t-mid${wide ? ' wide' : ''}`, ratioX(ratio), y, `${ratio}×`))
}

/** The axis above rows of ratios. */
export function ratioHead(): Markup {
  return axisHead(18, tickLabels(14))
}

/** What one row of the axis shows. `grey`: it explains and does not decide. */
export type RatioRow = {
  readonly effect: Effect
  readonly finding: Finding
  readonly grey?: boolean
  /** Said where there is nothing to draw. */
  readonly empty: string
}

function marginWords(effect: Effect): string {
  return `margin ${formatRatio(effect.margin)}, promote margin ${formatRatio(effect.promoteMargin)}`
}

/** The row in words, for those who cannot see it and for the dot's title. */
function ratioSummary(row: RatioRow): string {
  const interval = intervalWords(row.effect)
  if (interval === null) return `${row.empty}; ${marginWords(row.effect)}`
  if (row.effect.ratio === null) return `${interval} times; ${marginWords(row.effect)}`
  return `${formatRatio(row.effect.ratio)}, interval ${interval}; ${marginWords(row.effect)}`
}

function strokeOf(row: RatioRow): { readonly line: string; readonly dot: string } {
  if (row.grey) return { line: 's-quiet dash', dot: 's-quiet hollow' }
  const look = findingLook(row.finding)
  const stroke = look.tone === 'nodata' ? 's-quiet' : `s-${look.tone}`
  return { line: look.dashed ? `${stroke} dash` : stroke, dot: look.filled ? `f-${look.tone}` : `${stroke} hollow` }
}

function whisker(row: RatioRow, y: number): readonly (Markup | null)[] {
  const { low, high, ratio } = row.effect
  const stroke = strokeOf(row)
  const plain = stroke.line.replace(' dash', '')
  const cap = (x: number) => upright(plain, x, y - 4, y + 4)
  const from = ratioX(low)
  const to = high === null ? 1 : ratioX(high)
  return [
    level(stroke.line, from, to, y),
    low < least ? arrow(plain, 0, y, 'left') : low <= most ? cap(from) : null,
    high === null || high > most ? arrow(plain, 1, y, 'right') : high >= least ? cap(to) : null,
    ratio !== null && ratio >= least && ratio <= most ? dot(stroke.dot, ratioX(ratio), y, 4, ratioSummary(row)) : null,
  ]
}

/** The margins behind a row: harm beyond the dashed one rolls back, everything below the green one promotes. */
function margins(effect: Effect, height: number): readonly (Markup | null)[] {
  const margin = ratioX(effect.margin)
  return [
    block('w-rollback', margin, 1, 0, height),
    upright('s-axis', ratioX(1), 0, height),
    upright('s-margin', margin, 0, height),
    upright('s-allow', ratioX(effect.promoteMargin), 0, height),
  ]
}

/** One effect on the ratio axis: interval, ratio and both margins. */
export function ratioRow(row: RatioRow, height: number): Markup {
  const middle = height / 2
  const empty = intervalWords(row.effect) === null
  return chart(
    height,
    ratioSummary(row),
    margins(row.effect, height),
    empty ? word('halo', ratioX(1), middle + 4, row.empty, 8) : whisker(row, middle),
  )
}

/** Both margins by name, on either side of their lines so that they never meet. */
function marginNames(effect: Effect): readonly Markup[] {
  const promote = ratioX(effect.promoteMargin)
  const far = promote > 0.66
  return [
    word('halo t-2 t-end', ratioX(effect.margin), 12, `margin ${formatRatio(effect.margin)}`, -6),
    word(
      far ? 'halo t-promote t-end' : 'halo t-promote',
      promote,
      far ? 27 : 12,
      `promote ${formatRatio(effect.promoteMargin)}`,
      far ? -6 : 6,
    ),
  ]
}

/** One effect alone, large, with its margins named: the picture of a card. */
export function ratioCard(row: RatioRow, height: number): Markup {
  const middle = height / 2 + 6
  const { effect } = row
  const empty = intervalWords(effect) === null
  return chart(
    height,
    ratioSummary(row),
    margins(effect, height),
    marginNames(effect),
    empty ? word('halo', ratioX(1), middle + 4, row.empty, 8) : whisker(row, middle),
    tickLabels(height + 16),
  )
}
