import { formatRatio, formatTime } from '../../domain/format.ts'
import type { Effect } from '../../domain/verdict.ts'
import { intervalWords } from '../figures.ts'
import type { Markup } from '../markup.ts'
import type { ReportLook } from '../report-input.ts'
import { bandPath, block, chart, dot, level, linePath, type Point, stretched, upright, word } from './svg.ts'
import { thinned } from './thinned.ts'
import { timeLabels, timeScale } from './time-scale.ts'

const height = 220
const least = 0.25
const most = 8
const projectionPoints = 40

/** One metric's way to its decision. Times are Unix milliseconds; null: no time can be named. */
export type Funnel = {
  readonly looks: readonly ReportLook[]
  readonly metric: string
  readonly effect: Effect
  readonly expectedAt: number | null
  readonly deadlineAt: number
  readonly now: number
}

function y(ratio: number): number {
  const held = Math.min(most, Math.max(least, ratio))
  return height - (height * Math.log(held / least)) / Math.log(most / least)
}

/**
 * An interval's end from now to the expected decision if nothing is wrong. Its logarithm shrinks as 1 / sqrt(time);
 * the two constants are those that meet the end now and `target` at the expected time.
 */
function projection(from: number, now: number, expected: number, end: number, target: number): (at: number) => number {
  const pace = (at: number) => 1 / Math.sqrt(Math.max(1, at - from))
  const slope = (Math.log(end) - Math.log(target)) / (pace(now) - pace(expected))
  return (at) => Math.exp(Math.log(target) + slope * (pace(at) - pace(expected)))
}

type Seen = { readonly at: number; readonly effect: Effect }

function seenEffects(funnel: Funnel): readonly Seen[] {
  return funnel.looks.flatMap(({ at, metrics }) => {
    const metric = metrics.find(({ name }) => name === funnel.metric)
    return metric === undefined || intervalWords(metric.effect) === null ? [] : [{ at, effect: metric.effect }]
  })
}

function summary(funnel: Funnel): string {
  const interval = intervalWords(funnel.effect) ?? 'no interval yet'
  const expected =
    funnel.expectedAt === null
      ? 'no time can be named'
      : `expected below ${formatRatio(funnel.effect.promoteMargin)} at about ${formatTime(funnel.expectedAt)}`
  return `Interval of the ratio over time: ${interval} now, ${expected}; deadline ${formatTime(funnel.deadlineAt)}.`
}

function drawn(funnel: Funnel, x: (at: number) => number, end: number): readonly (Markup | null)[] {
  const seen = seenEffects(funnel)
  const last = seen.at(-1)
  const upper = thinned(seen.map(({ at, effect }): Point => [x(at), y(effect.high ?? most)]))
  const lower = thinned(seen.map(({ at, effect }): Point => [x(at), y(effect.low)]))
  const ratios = seen.map(({ at, effect }): Point | null => (effect.ratio === null ? null : [x(at), y(effect.ratio)]))
  const future: (Markup | null)[] = []
  const { expectedAt } = funnel
  if (last !== undefined && expectedAt !== null && expectedAt > last.at) {
    const start = funnel.looks[0]!.slice.from
    const { low, high, promoteMargin } = { ...last.effect }
    const times = Array.from(
      { length: projectionPoints + 1 },
      (_, i) => last.at + ((end - last.at) * i) / projectionPoints,
    )
    const top = projection(start, last.at, expectedAt, high ?? most, promoteMargin)
    const bottom = projection(start, last.at, expectedAt, Math.max(low, least), 1 / promoteMargin)
    future.push(
      linePath(
        's-canary thin dash',
        times.map((at) => [x(at), y(top(at))]),
      ),
    )
    future.push(
      linePath(
        's-canary thin dash',
        times.map((at) => [x(at), y(bottom(at))]),
      ),
    )
  }
  return [bandPath('w-canary', upper, lower), ...future, linePath('s-canary', ratios)]
}

function ratioLabels(effect: Effect): readonly Markup[] {
  const promote = y(effect.promoteMargin)
  const ticks = [0.5, 1, 2, 4].filter((tick) => Math.abs(y(tick) - promote) > 10 || tick === effect.promoteMargin)
  return ticks.flatMap((tick) => [
    level(tick === 1 ? 's-axis' : 's-grid', 0, 1, y(tick)),
    word('t-end', 0, y(tick) + 4, `${tick}×`, -8),
  ])
}

/** What is known about one ratio so far, when it should be enough, and the deadline. */
export function intervalFunnel(input: Funnel): Markup {
  // A forecast that has passed is none.
  const funnel = input.expectedAt !== null && input.expectedAt <= input.now ? { ...input, expectedAt: null } : input
  const from = funnel.looks[0]?.slice.from ?? funnel.now
  const lastAt = funnel.looks.at(-1)?.at ?? funnel.now
  const reach = Math.max(
    lastAt,
    Math.min(funnel.deadlineAt, funnel.expectedAt === null ? funnel.deadlineAt : Number.POSITIVE_INFINITY),
  )
  const end = lastAt + Math.max(60_000, (reach - lastAt) * 1.06)
  const time = timeScale(from, end)
  const { margin, promoteMargin } = funnel.effect
  const promote = y(promoteMargin)
  const nowX = time.x(lastAt)
  const late = funnel.expectedAt !== null && funnel.expectedAt > end
  return chart(
    height,
    summary(funnel),
    block('w-rollback', 0, 1, 0, y(margin)),
    stretched(height, ...drawn(funnel, time.x, end)),
    ratioLabels(funnel.effect),
    level('s-promote thin', 0, 1, promote),
    word(
      't-end t-promote halo wide',
      0.99,
      promote - 6,
      `promote when all of it is below ${formatRatio(promoteMargin)}`,
    ),
    word('t-end t-promote halo narrow', 0.99, promote - 6, `promote below ${formatRatio(promoteMargin)}`),
    level('s-margin', 0, 1, y(margin)),
    word('t-end t-2 halo', 0.99, y(margin) - 5, `margin ${formatRatio(margin)}`),
    upright('s-axis', nowX, 0, height),
    word('t-ink t-strong halo', nowX, 10, 'now', 5),
    funnel.deadlineAt <= end && [
      upright('s-hold thin', time.x(funnel.deadlineAt), 0, height),
      word('t-end t-hold halo', time.x(funnel.deadlineAt), height - 6, 'deadline', -5),
    ],
    funnel.expectedAt !== null && [
      upright('s-margin', time.x(funnel.expectedAt), promote, height),
      dot('s-promote hollow', time.x(funnel.expectedAt), promote, 5),
      word(
        `t-ink t-strong halo ${time.x(funnel.expectedAt) > 0.6 ? 't-end' : ''}`,
        time.x(funnel.expectedAt),
        height - 32,
        late ? 'after the deadline' : `about ${formatTime(funnel.expectedAt)}`,
        time.x(funnel.expectedAt) > 0.6 ? -7 : 7,
      ),
    ],
    timeLabels(time, height + 16),
  )
}
