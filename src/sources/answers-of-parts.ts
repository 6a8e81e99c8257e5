import type { Arm } from '../domain/cohort.ts'
import { DavyError } from '../domain/errors.ts'
import { type ArmSlice, histogramScale } from '../domain/evidence.ts'
import type { SourceAnswer, SourceQuestion } from '../domain/metric-source.ts'
import { placeExplicit } from '../stats/bucket-placement.ts'
import type { DurationIncrease } from './bucket-increases.ts'
import { endOfPeriod, type PeriodGrid } from './period-grid.ts'
import { type Bounded, boundsInUnit, type PeriodKind } from './period-query.ts'
import type { Series } from './read-series.ts'
import {
  countEvents,
  countRequests,
  nanoseconds,
  readLevels,
  type SeriesReading,
  sumDurations,
} from './slices-of-series.ts'

/**
 * What a service told of one part of a query about one arm: a number for each of some periods. Of durations the parts
 * are `total`, and `le0`, `le1` …: how many there were up to each bound.
 */
export type PartSeries = {
  readonly arm: Arm
  readonly part: string
  /** '' when none is named. */
  readonly pod: string
  /** '' when none is named. */
  readonly operation: string
  /** Unix milliseconds of a period's begin, and the number. */
  readonly points: readonly (readonly [begin: number, value: number])[]
}

export type PartReading = {
  readonly kind: PeriodKind
  readonly grid: PeriodGrid
  /** Whether series have operations. */
  readonly hasOperations: boolean
  /** Of durations. */
  readonly bounded?: Bounded
}

/**
 * One answer for each window, from parts that were told period by period.
 * @throws DavyError SOURCE_DOWN for parts that contradict each other
 */
export function answersOfParts(
  { metric, windows }: Pick<SourceQuestion, 'metric' | 'windows'>,
  parts: readonly PartSeries[],
  reading: PartReading,
): readonly SourceAnswer[] {
  if (reading.kind === 'distribution') checkCounted(metric.name, parts)
  const slices = (arm: Arm) => slicesOf(metric.name, windows, ofArm(parts, arm), reading)
  const [baseline, canary] = [slices('baseline'), slices('canary')]
  return windows.map((_, index) => ({ baseline: baseline[index]!, canary: canary[index]! }))
}

function ofArm(parts: readonly PartSeries[], arm: Arm): readonly PartSeries[] {
  return parts.filter((each) => each.arm === arm && each.points.length > 0)
}

function slicesOf(
  metric: string,
  windows: SourceQuestion['windows'],
  parts: readonly PartSeries[],
  { kind, grid, hasOperations, bounded }: PartReading,
): readonly ArmSlice[] {
  const reading: SeriesReading & { readonly temporality: 'sums' } = {
    ...{ windows, since: Number.NEGATIVE_INFINITY, delaySeconds: grid.delayMs / 1000, temporality: 'sums' },
    ...{ podLabel: 'pod', ...(hasOperations ? { operationLabel: 'operation' } : {}) },
  }
  const named = (name: string, isUsed = (_value: number): boolean => true) =>
    parts.filter(({ part }) => part === name).flatMap((each) => seriesOf(each, grid, isUsed))
  switch (kind) {
    case 'proportion':
      // Some services tell of nothing by a zero and some by nothing at all, and both mean the same.
      return countRequests(metric, { total: named('total', isAny), errors: named('errors', isAny) }, reading)
    case 'distribution':
      return sumDurations(durationsOf(parts, grid, bounded!), reading)
    case 'gauge':
      return readLevels(metric, named('level'), reading)
    case 'count': {
      // Where somebody ran and nothing happened, that nothing happened is known.
      const running = named('running').map(({ samples, ...series }) => ({
        ...series,
        samples: samples.map(([at]) => [at, 0] as const),
      }))
      return countEvents(metric, [...named('events', isAny), ...running], reading)
    }
  }
}

function isAny(value: number): boolean {
  return value > 0
}

function seriesOf(
  { pod, operation, points }: PartSeries,
  grid: PeriodGrid,
  isUsed: (value: number) => boolean,
): readonly Series[] {
  const samples = points
    .filter(([, value]) => isUsed(value))
    .map(([begin, value]) => [endOfPeriod(begin, grid), value] as const)
  return samples.length === 0 ? [] : [{ labels: { pod, operation }, samples, histograms: [] }]
}

/** Durations period by period, from how many there were up to each bound. */
function durationsOf(parts: readonly PartSeries[], grid: PeriodGrid, bounded: Bounded): readonly DurationIncrease[] {
  const bounds = boundsInUnit(bounded)
  const placing = { scale: histogramScale, unit: nanoseconds[bounded.unit] }
  const bySeries = Map.groupBy(parts, ({ pod, operation }) => JSON.stringify([pod, operation]))
  return [...bySeries.values()].flatMap((same) => {
    const { pod, operation } = same[0]!
    const byPeriod = Map.groupBy(
      same.flatMap(({ part, points }) => points.map(([begin, value]) => ({ part, begin, value }))),
      ({ begin }) => begin,
    )
    return [...byPeriod].map(([begin, told]) => {
      const upTo = new Map(told.map(({ part, value }) => [part, value]))
      let below = 0
      const counts = [...bounds.map((_, index) => `le${index}`), 'total'].map((part, index): [number, number] => {
        const own = Math.max(0, (upTo.get(part) ?? 0) - below)
        below += own
        return [index, own]
      })
      const placed = placeExplicit(bounds, counts, placing)
      return { at: endOfPeriod(begin, grid), count: below, placed, labels: { pod, operation } }
    })
  })
}

/** Durations that were counted up to no bound at all would all be endless, and both arms alike. */
function checkCounted(metric: string, parts: readonly PartSeries[]): void {
  const hasCounts = (isTotal: boolean) =>
    parts.some(({ part, points }) => (part === 'total') === isTotal && points.some(([, value]) => value > 0))
  if (!hasCounts(true) || hasCounts(false)) return
  throw new DavyError(
    'SOURCE_DOWN',
    `The durations of ${metric} were counted, and none of them up to a bound: they are all longer, or the service does ` +
      'not count them up to bounds.',
    { expected: 'durations up to at least one of the bounds', got: 'none' },
  )
}
