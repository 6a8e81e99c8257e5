import { type Histogram, histogramScale } from '../../domain/evidence.ts'
import { formatSeconds } from '../../domain/format.ts'
import { exponentialGamma } from '../../stats/log-histogram.ts'
import { quantileName } from '../figures.ts'
import type { Markup } from '../markup.ts'
import { chart, level, linePath, type Point, stretched, upright, word } from './svg.ts'
import { thinned } from './thinned.ts'

const height = 240
const fewest = 5
const rarest = 0.0005

/** What the tail is drawn from: both arms' durations and how much slower is tolerated. */
export type Tail = {
  readonly baseline: Histogram
  readonly canary: Histogram
  readonly margin: number
  readonly canaryName: string
  readonly baselineName: string
}

/** Upper edge of a bucket in seconds. */
function edge(bucket: number): number {
  return exponentialGamma(histogramScale) ** (bucket + 1) / 1e9
}

type Step = { readonly seconds: number; readonly share: number }

/** Share of requests slower than each bucket's edge, as long as at least five are. */
function slowerThan(histogram: Histogram): readonly Step[] {
  const total = histogram.reduce((sum, [, count]) => sum + count, 0)
  const steps: Step[] = []
  let seen = 0
  for (const [bucket, count] of histogram) {
    seen += count
    if (total - seen < fewest || (total - seen) / total < rarest) break
    steps.push({ seconds: edge(bucket), share: (total - seen) / total })
  }
  return steps
}

function y(share: number): number {
  const held = Math.min(1, Math.max(rarest, share))
  return (height * Math.log(held)) / Math.log(rarest)
}

function durationTicks(from: number, to: number): readonly number[] {
  const ticks = []
  for (let exponent = -6; exponent <= 4; exponent++) ticks.push(10 ** exponent, 3 * 10 ** exponent)
  return ticks.filter((tick) => tick >= from && tick <= to)
}

/** The duration that a share of the requests exceeds; null where the curve ends before. */
function at(steps: readonly Step[], share: number): number | null {
  return steps.find((step) => step.share <= share)?.seconds ?? null
}

function summary(tail: Tail, baseline: readonly Step[], canary: readonly Step[]): string {
  const words = [0.5, 0.95, 0.99].map((quantile) => {
    const [from, to] = [at(baseline, 1 - quantile), at(canary, 1 - quantile)]
    return `${quantileName(quantile)} ${formatSeconds(from)} against ${formatSeconds(to)}`
  })
  return `Share of requests slower than a time, ${tail.baselineName} against ${tail.canaryName}: ${words.join(', ')}.`
}

/** Both latency distributions from the median down to the rarest: down is rarer, right is slower. */
export function latencyTail(tail: Tail): Markup | null {
  const baseline = slowerThan(tail.baseline)
  const canary = slowerThan(tail.canary)
  const all = [...baseline, ...canary].filter((step) => step.share < 0.98)
  if (all.length < 2) return null
  const from = Math.min(...all.map((step) => step.seconds))
  const to = Math.max(...all.map((step) => step.seconds)) * tail.margin
  const x = (seconds: number) => Math.log(seconds / from) / Math.log(Math.max(to / from, 2))
  const curve = (steps: readonly Step[], factor = 1): readonly Point[] =>
    thinned(steps.filter((step) => step.share < 0.98).map((step): Point => [x(step.seconds * factor), y(step.share)]))
  const ticks = durationTicks(from, Math.max(to, from * 2))
  return chart(
    height,
    summary(tail, baseline, canary),
    ticks.map((tick, index) => [
      upright('s-grid', x(tick), 0, height),
      word(`t-mid${index % 2 === 1 ? ' wide' : ''}`, x(tick), height + 16, formatSeconds(tick)),
    ]),
    [0.5, 0.9, 0.99, 0.999].map((quantile) => [
      level('s-grid', 0, 1, y(1 - quantile)),
      word('t-end', 0, y(1 - quantile) + 4, quantileName(quantile), -8),
    ]),
    stretched(
      height,
      linePath('s-base thin dash', curve(baseline, tail.margin)),
      linePath('s-base', curve(baseline)),
      linePath('s-canary', curve(canary)),
    ),
  )
}
