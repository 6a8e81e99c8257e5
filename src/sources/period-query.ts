import { Type } from 'typebox'
import type { QueryFault } from '../domain/metric-source.ts'
import type { MetricKind } from '../domain/template.ts'
import type { PeriodGrid } from './period-grid.ts'
import { type DurationUnit, nanoseconds } from './slices-of-series.ts'

/** What the services that count in periods are asked for, and the parts that a query of each kind has. */
export const periodParts = {
  proportion: ['total', 'errors'],
  distribution: ['durations'],
  gauge: ['level'],
  count: ['events', 'running'],
} as const satisfies Partial<Record<MetricKind, readonly string[]>>

export type PeriodKind = keyof typeof periodParts

export const periodKinds = Object.keys(periodParts) as PeriodKind[]

export function isPeriodKind(kind: MetricKind): kind is PeriodKind {
  return Object.hasOwn(periodParts, kind)
}

/** That a metric's kind is none of theirs. */
export function kindFault(kind: MetricKind): QueryFault {
  const expected = `a metric of kind ${periodKinds.join(', ')}; pairs are told by spans, signatures by logs`
  return { expected, got: kind, key: '' }
}

/** When a query's periods are told of. */
export type PeriodTiming = { readonly periodSeconds: number; readonly delaySeconds: number }

export function gridOf({ periodSeconds, delaySeconds }: PeriodTiming): PeriodGrid {
  return { periodMs: periodSeconds * 1000, delayMs: delaySeconds * 1000 }
}

/** The keys of a query that say when. @param defaults what is usual with the service */
export function timingKeys(defaults: PeriodTiming) {
  return {
    periodSeconds: Type.Enum([10, 20, 30, 60, 120, 300], {
      default: defaults.periodSeconds,
      description: 'So many seconds are counted together; they count in the look in which they have ended.',
    }),
    delaySeconds: Type.Integer({
      minimum: 0,
      maximum: 3600,
      default: defaults.delaySeconds,
      description:
        'A period is whole so long after its end: each look is told what was so long before it. What comes later is lost.',
    }),
  }
}

const mostBounds = 40

const usualBounds = [
  ...[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75],
  ...[1, 1.5, 2, 3, 5, 7.5, 10],
]

/** The keys of a query for durations, which are counted up to bounds. */
export const durationKeys = {
  unit: Type.Enum(Object.keys(nanoseconds) as DurationUnit[], { default: 's', description: 'of the durations' }),
  bounds: Type.Array(Type.Number({ exclusiveMinimum: 0 }), {
    minItems: 1,
    maxItems: mostBounds,
    default: usualBounds,
    description:
      'Seconds, rising. Durations are counted up to each; what happens between two of them, or above the last one, ' +
      'is not seen.',
  }),
}

/** Durations that are counted up to bounds. */
export type Bounded = { readonly unit: DurationUnit; readonly bounds: readonly number[] }

/** The bounds in the unit of the durations. */
export function boundsInUnit({ unit, bounds }: Bounded): readonly number[] {
  // 0.07 seconds are 70 milliseconds and not 70.00000000000001.
  return bounds.map((bound) => Number((bound * (1e9 / nanoseconds[unit])).toPrecision(12)))
}

/** As {@link boundsInUnit}, for queries: without an exponent, which not all of them take. */
export function boundTexts(bounded: Bounded): readonly string[] {
  return boundsInUnit(bounded).map((bound) =>
    bound.toLocaleString('en-US', { useGrouping: false, maximumFractionDigits: 20 }),
  )
}

/** What is wrong with bounds that the schema takes; null: nothing. */
export function checkBounds({ bounds }: Pick<Bounded, 'bounds'>): QueryFault | null {
  const at = bounds.findIndex((bound, index) => index > 0 && bound <= bounds[index - 1]!)
  if (at === -1) return null
  return { expected: 'bounds that rise', got: `${bounds[at - 1]}, ${bounds[at]}`, key: `/bounds/${at}` }
}
