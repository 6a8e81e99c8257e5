import { formatTime } from '../../domain/format.ts'
import type { Markup } from '../markup.ts'
import { word } from './svg.ts'

/** Places Unix milliseconds on a chart's width. */
export type TimeScale = { readonly from: number; readonly to: number; readonly x: (at: number) => number }

/** @param to at least a second after `from`, or the scale is widened to that. */
export function timeScale(from: number, to: number): TimeScale {
  const end = Math.max(to, from + 1000)
  return { from, to: end, x: (at) => Math.min(1, Math.max(0, (at - from) / (end - from))) }
}

const seconds = 1000
const minutes = 60 * seconds
const hours = 60 * minutes
const steps = [
  10 * seconds,
  30 * seconds,
  minutes,
  2 * minutes,
  5 * minutes,
  10 * minutes,
  15 * minutes,
  30 * minutes,
  hours,
  2 * hours,
  3 * hours,
  6 * hours,
  12 * hours,
  24 * hours,
]

/** Round times for labels, at most `most`; every second one may be hidden on a narrow page. */
export function timeTicks(scale: TimeScale, most = 5): readonly { readonly at: number; readonly label: string }[] {
  const wanted = (scale.to - scale.from) / most
  const step = steps.find((candidate) => candidate >= wanted) ?? Math.ceil(wanted / (24 * hours)) * 24 * hours
  const ticks = []
  for (let at = Math.ceil(scale.from / step) * step; at <= scale.to; at += step) {
    const label = step >= 24 * hours ? new Date(at).toISOString().slice(5, 10) : formatTime(at, step < minutes)
    ticks.push({ at, label })
  }
  return ticks
}

/** The labels below a chart of this height. */
export function timeLabels(scale: TimeScale, y: number, most = 5): readonly Markup[] {
  const ticks = timeTicks(scale, most)
  const labelled = ticks.length === 0 ? [{ at: scale.from, label: formatTime(scale.from, true) }] : ticks
  return labelled.map(({ at, label }, index) => word(`t-mid${index % 2 === 1 ? ' wide' : ''}`, scale.x(at), y, label))
}
