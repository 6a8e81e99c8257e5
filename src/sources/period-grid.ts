import type { SourceQuestion } from '../domain/metric-source.ts'
import { sinceOf } from './answer-by-arm.ts'

/** Periods that a service counts in, aligned to the Unix epoch, and how late they are whole. Milliseconds. */
export type PeriodGrid = { readonly periodMs: number; readonly delayMs: number }

/** Periods that begin from `from` on and before `to`: Unix milliseconds, both where a period begins. */
export type Periods = { readonly from: number; readonly to: number }

/**
 * The periods that the windows of a question are told of: a period counts in the window in which it has ended, `delayMs`
 * later. So periods that are longer than a window leave windows empty and lose nothing, and no period counts twice.
 * Of a period that began before the deployment nothing counts, unless the question is about the time before it.
 * null: none ends in these windows, and there is nothing to ask.
 */
export function periodsIn(question: SourceQuestion, { periodMs, delayMs }: PeriodGrid): Periods | null {
  const [first, last] = [question.windows[0], question.windows.at(-1)]
  if (first === undefined || last === undefined) return null
  // Where the first period begins that has not ended so long before.
  const ended = (at: number) => Math.floor((at - delayMs) / periodMs) * periodMs
  const from = Math.max(ended(first.from), Math.ceil(sinceOf(question) / periodMs) * periodMs)
  const to = ended(last.to)
  return from < to ? { from, to } : null
}

/** The last moment of a period, which is the window's that the period counts in. Unix milliseconds. */
export function endOfPeriod(begin: number, { periodMs }: PeriodGrid): number {
  return begin + periodMs - 1
}

/** Periods in parts of at most `most` each, in order. */
export function inParts({ from, to }: Periods, { periodMs }: PeriodGrid, most: number): readonly Periods[] {
  const parts: Periods[] = []
  for (let at = from; at < to; at += most * periodMs) parts.push({ from: at, to: Math.min(to, at + most * periodMs) })
  return parts
}

/** A time that a service told, for people: it may be none. @param at Unix milliseconds */
export function shownTime(at: number): string {
  return Math.abs(at) <= 8.64e15 ? new Date(at).toISOString() : String(at)
}
