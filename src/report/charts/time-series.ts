import type { Arm } from '../../domain/cohort.ts'
import { formatPercent, formatTime } from '../../domain/format.ts'
import { rateBand } from '../../stats/rate-band.ts'
import type { Markup } from '../markup.ts'
import type { ReportLook } from '../report-input.ts'
import { type RateBin, rateBins } from './rate-bins.ts'
import { bandPath, chart, dot, level, linePath, type Point, stretched, word } from './svg.ts'
import { type TimeScale, timeLabels, timeScale } from './time-scale.ts'
import { valueTicks } from './value-ticks.ts'

const height = 132

type Rated = { readonly bin: RateBin; readonly rate: number; readonly low: number; readonly high: number }

function rated(bins: readonly RateBin[], arm: Arm): readonly (Rated | null)[] {
  return bins.map((bin) => {
    const { errors, requests } = bin[arm]
    return requests === 0 ? null : { bin, rate: errors / requests, ...rateBand(errors, requests) }
  })
}

/** Runs of bins without a gap. */
function runs(values: readonly (Rated | null)[]): readonly (readonly Rated[])[] {
  const found: Rated[][] = [[]]
  for (const value of values) {
    const before = found.at(-1)!.at(-1)
    if (value === null) found.push([])
    else if (before !== undefined && before.bin.to < value.bin.from) found.push([value])
    else found.at(-1)!.push(value)
  }
  return found.filter((run) => run.length > 0)
}

type Place = { readonly time: TimeScale; readonly y: (rate: number) => number }

/** A wide bin is a step over its whole time, a short one a point in its middle. */
function points(run: readonly Rated[], place: Place, value: (rated: Rated) => number): readonly Point[] {
  return run.flatMap((rated): Point[] => {
    const y = place.y(value(rated))
    const { from, to, wide } = rated.bin
    if (wide || run.length === 1) {
      return [
        [place.time.x(from), y],
        [place.time.x(to), y],
      ]
    }
    return [[place.time.x((from + to) / 2), y]]
  })
}

function bands(values: readonly (Rated | null)[], place: Place, className: string): readonly (Markup | null)[] {
  return runs(values).map((run) =>
    bandPath(
      className,
      points(run, place, (rated) => rated.high),
      points(run, place, (rated) => rated.low),
    ),
  )
}

function lines(values: readonly (Rated | null)[], place: Place, className: string): readonly (Markup | null)[] {
  return runs(values).map((run) =>
    linePath(
      className,
      points(run, place, (rated) => rated.rate),
    ),
  )
}

function lastDot(values: readonly (Rated | null)[], place: Place, className: string): Markup | null {
  const last = values.at(-1)
  if (last === null || last === undefined) return null
  const { bin, rate } = last
  const at = bin.wide || values.length === 1 ? bin.to : (bin.from + bin.to) / 2
  return dot(className, place.time.x(at), place.y(rate), 3.5, `${formatTime(bin.to, true)}: ${formatPercent(rate)}`)
}

/** What the error chart needs besides the looks: the margin as a rate, the canary's name, and the rates for words. */
export type ErrorSeries = {
  readonly looks: readonly ReportLook[]
  readonly margin: number
  readonly canary: string
}

/** The top of the axis: all bands, unless a thin bin's band would flatten the lines. */
function topOf(values: readonly (Rated | null)[], marginRate: number): number {
  const known = values.filter((value) => value !== null)
  const band = Math.max(0, ...known.map((value) => value.high)) * 1.1
  const line = Math.max(marginRate, ...known.map((value) => value.rate)) * 4
  return Math.min(band, Math.max(line, 0.002)) || 0.01
}

function summary(series: ErrorSeries, canary: readonly (Rated | null)[], baselineRate: number | null): string {
  const last = canary.findLast((value) => value !== null)
  const now = last === undefined || last === null ? 'no requests' : formatPercent(last.rate)
  const margin = baselineRate === null ? '' : `; margin ${formatPercent(baselineRate * series.margin)}`
  return `Error rate over time: ${series.canary} ends at ${now}, baseline ${formatPercent(baselineRate)} on average${margin}.`
}

/** Error rates of both arms over time with their bands and the margin (baseline times `margin`, dashed). */
export function errorSeries(series: ErrorSeries): Markup {
  const bins = rateBins(series.looks)
  const time = timeScale(bins[0]?.from ?? 0, bins.at(-1)?.to ?? 0)
  const canary = rated(bins, 'canary')
  const baseline = rated(bins, 'baseline')
  const requests = bins.reduce((sum, bin) => sum + bin.baseline.requests, 0)
  const errors = bins.reduce((sum, bin) => sum + bin.baseline.errors, 0)
  const baselineRate = requests === 0 ? null : errors / requests
  const marginRate = (baselineRate ?? 0) * series.margin
  const top = topOf([...canary, ...baseline], marginRate)
  const place: Place = { time, y: (rate) => height * (1 - Math.min(1, rate / top)) }
  const marginY = place.y(marginRate)
  const last = canary.at(-1)
  const clear = last !== null && last !== undefined && Math.abs(place.y(last.rate) - (marginY - 6)) > 16
  return chart(
    height,
    summary(series, canary, baselineRate),
    stretched(
      height,
      ...bands(canary, place, 'w-canary'),
      ...bands(baseline, place, 'w-base'),
      ...lines(baseline, place, 's-base'),
      ...lines(canary, place, 's-canary'),
    ),
    valueTicks(top, 3).map((rate) => [
      level('s-grid', 0, 1, place.y(rate)),
      word('t-end', 0, place.y(rate) + 4, rate === 0 ? '0' : `${Number((rate * 100).toPrecision(3))}%`, -8),
    ]),
    marginRate > 0 && [
      level('s-margin', 0, 1, marginY),
      word('t-2 halo', 0.02, marginY - 5, `margin ${formatPercent(marginRate)}`),
    ],
    clear && word('t-end t-canary halo', 0.98, Math.max(12, place.y(last.rate) - 12), series.canary),
    lastDot(baseline, place, 'f-base'),
    lastDot(canary, place, 'f-canary'),
    timeLabels(time, height + 16),
  )
}

/** The canary's error rate in the chart's last bin, for the sentence beside it; null without a short last bin. */
export function latestRate(looks: readonly ReportLook[]): { readonly rate: number; readonly seconds: number } | null {
  const last = rateBins(looks).at(-1)
  if (last === undefined || last.wide || last.canary.requests === 0) return null
  return { rate: last.canary.errors / last.canary.requests, seconds: (last.to - last.from) / 1000 }
}
