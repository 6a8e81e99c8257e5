import type { Arm } from '../domain/cohort.ts'
import type { DavyError } from '../domain/errors.ts'
import type { MetricSource, QueryFault, SourceQuestion } from '../domain/metric-source.ts'
import type { MetricSpec } from '../domain/template.ts'
import { answersOfParts, type PartSeries } from './answers-of-parts.ts'
import { unasked } from './arm-text.ts'
import { type FilledPart, filledParts } from './filled-parts.ts'
import { inParts, type PeriodGrid, type Periods, periodsIn } from './period-grid.ts'
import { type Bounded, gridOf, isPeriodKind, type PeriodTiming, periodKinds } from './period-query.ts'

/** What a service is asked at once. */
export type PeriodRequest<Filled> = {
  readonly parts: readonly FilledPart<Filled>[]
  readonly periods: Periods
  readonly grid: PeriodGrid
  readonly metric: MetricSpec
}

/** A service that counts in periods of its own, and what is particular about it. */
export type PeriodService<Part extends { readonly part: string }, Filled> = {
  /** For people, as `Datadog`. */
  readonly system: string
  /** The first fault of a metric's query. */
  readonly check: (metric: MetricSpec) => QueryFault | null
  /** What a query that `check` finds no fault with says of time, bounds and operations. */
  readonly timingOf: (metric: MetricSpec) => PeriodTiming & Partial<Bounded> & { readonly hasOperations: boolean }
  readonly partsOf: (metric: MetricSpec) => readonly Part[]
  /** Fills parts in for one arm; null: of this arm nothing can be asked yet. @throws DavyError SOURCE_DOWN */
  readonly filling: (question: SourceQuestion, arm: Arm) => (part: Part) => Filled | null
  /** So many periods of so many parts fit into one request. */
  readonly mostPeriods: number
  readonly mostParts: number
  /** @throws DavyError SOURCE_DOWN */
  readonly ask: (request: PeriodRequest<Filled>, signal: AbortSignal) => Promise<readonly PartSeries[]>
}

/** Makes an error of a service, from a reason without a full stop, and what was expected. */
export type Down = (reason: string, expected?: string) => DavyError

/** What a service that counts in periods makes of `kinds`, `check` and `ask` of a source. */
export function periodSource<Part extends { readonly part: string }, Filled>(
  service: PeriodService<Part, Filled>,
): Pick<MetricSource, 'kinds' | 'check' | 'ask'> {
  const { system, mostPeriods, mostParts } = service
  return {
    kinds: periodKinds,
    check: service.check,
    async ask(question, signal) {
      const { metric } = question
      const fault = service.check(metric)
      if (fault !== null || !isPeriodKind(metric.kind)) {
        throw unasked(system, metric.name, `expected ${fault?.expected}, got ${fault?.got}`)
      }
      const { hasOperations, unit, bounds, ...timing } = service.timingOf(metric)
      const grid = gridOf(timing)
      const fill = { baseline: service.filling(question, 'baseline'), canary: service.filling(question, 'canary') }
      const filled = filledParts(question, system, service.partsOf(metric), (part, arm) => fill[arm](part))
      const periods = periodsIn(question, grid)
      const requests = (periods === null ? [] : inParts(periods, grid, mostPeriods)).flatMap((some) =>
        chunks(filled, mostParts).map((parts) => ({ parts, periods: some, grid, metric })),
      )
      const told = await Promise.all(requests.map((request) => service.ask(request, signal)))
      return answersOfParts(question, told.flat(), {
        ...{ kind: metric.kind, grid, hasOperations },
        ...(unit === undefined || bounds === undefined ? {} : { bounded: { unit, bounds } }),
      })
    },
  }
}

function chunks<Item>(items: readonly Item[], most: number): readonly (readonly Item[])[] {
  const count = Math.ceil(items.length / most)
  return Array.from({ length: count }, (_, index) => items.slice(index * most, (index + 1) * most))
}
