import { DavyError } from '../../domain/errors.ts'
import type { SeriesScope, TaggedSeries } from '../../domain/series-source.ts'
import type { MetricSetPair } from './canary-config.ts'

/** A pair with what people need to see where it comes from. */
export type DescribedPair = MetricSetPair & {
  readonly scopes: Readonly<Record<'control' | 'experiment', PairedScope>>
  readonly attributes: Readonly<Record<'control' | 'experiment', { readonly query: string }>>
}

type PairedScope = { readonly startTimeIso: string; readonly startTimeMillis: number; readonly stepMillis: number }

/** One side: what was asked and what came. */
export type FetchedSide = {
  readonly scope: Pick<SeriesScope, 'start' | 'end' | 'stepSeconds'>
  readonly query: string
  readonly series: readonly TaggedSeries[]
}

/**
 * Pairs the series of both sides by equal tags, as Kayenta mixes them: one side alone makes the other NaN; a side whose
 * only series has no tags beside a tagged other side is a placeholder whose values are discarded; each side is filled up
 * with NaN at its end to what its window and step hold.
 *
 * @param idOf makes the id of the pair at a position
 * @throws DavyError VALIDATION when both sides have tags of different names
 */
export function pairSeries(
  name: string,
  control: FetchedSide,
  experiment: FetchedSide,
  idOf: (position: number) => string,
): readonly DescribedPair[] {
  const left = known(control, experiment)
  const right = known(experiment, control)
  checkTagNames(name, left, right)
  const keys = [...new Set([...left, ...right].map(({ tags }) => keyOf(tags)))]
  if (keys.length === 0) keys.push(keyOf({}))
  return keys.map((key, position) => {
    const a = left.find(({ tags }) => keyOf(tags) === key)
    const b = right.find(({ tags }) => keyOf(tags) === key)
    return {
      name,
      id: idOf(position),
      tags: a?.tags ?? b?.tags ?? {},
      values: { control: filled(control, a), experiment: filled(experiment, b) },
      scopes: { control: scopeOf(control, a), experiment: scopeOf(experiment, b) },
      attributes: { control: { query: control.query }, experiment: { query: experiment.query } },
    }
  })
}

function isTagged({ tags }: TaggedSeries): boolean {
  return Object.keys(tags).length > 0
}

/** The series of a side without its placeholder. */
function known(side: FetchedSide, other: FetchedSide): readonly TaggedSeries[] {
  const isPlaceholder = side.series.every((one) => !isTagged(one)) && other.series.some(isTagged)
  return isPlaceholder ? [] : side.series
}

function checkTagNames(name: string, left: readonly TaggedSeries[], right: readonly TaggedSeries[]): void {
  const names = [...new Set([...left, ...right].map(({ tags }) => Object.keys(tags).sort().join(', ')))]
  if (names.length < 2) return
  throw new DavyError('VALIDATION', `The series of metric ${name} have different tag keys, so they cannot be paired.`, {
    expected: 'the same tag keys in control and experiment',
    got: names.map((each) => `[${each}]`).join(' and '),
  })
}

function keyOf(tags: TaggedSeries['tags']): string {
  return JSON.stringify(Object.entries(tags).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function stepOf({ scope }: FetchedSide, series: TaggedSeries | undefined): number {
  return series?.stepMs ?? scope.stepSeconds * 1000
}

function filled(side: FetchedSide, series: TaggedSeries | undefined): readonly number[] {
  const { start, end } = side.scope
  const wanted = Math.floor((end - start) / stepOf(side, series))
  const values = series?.values ?? []
  const lacking = Math.max(0, wanted - values.length)
  return [...values, ...new Array<number>(lacking).fill(Number.NaN)]
}

function scopeOf(side: FetchedSide, series: TaggedSeries | undefined): PairedScope {
  const startTimeMillis = series?.startAt ?? side.scope.start
  return {
    startTimeIso: new Date(startTimeMillis).toISOString(),
    startTimeMillis,
    stepMillis: stepOf(side, series),
  }
}
