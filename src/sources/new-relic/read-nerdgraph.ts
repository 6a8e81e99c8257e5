import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Arm } from '../../domain/cohort.ts'
import type { PartSeries } from '../answers-of-parts.ts'
import { type PeriodGrid, type Periods, shownTime } from '../period-grid.ts'
import type { Down } from '../period-source.ts'
import { mostGroups, type NewRelicPart } from './new-relic-query.ts'

const facet = Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()])

/** The results of one query: a row for each group and period, with a number by the name of each part. */
const isResults = Compile(
  Type.Array(
    Type.Object({
      beginTimeSeconds: Type.Number(),
      endTimeSeconds: Type.Number(),
      facet: Type.Optional(Type.Union([facet, Type.Array(facet)])),
    }),
  ),
)

type Row = {
  readonly beginTimeSeconds: number
  readonly endTimeSeconds: number
  readonly facet?: unknown
  readonly [part: string]: unknown
}

export type NerdGraphReading = {
  readonly hasPods: boolean
  readonly hasOperations: boolean
  readonly periods: Periods
  readonly grid: PeriodGrid
  readonly down: Down
}

/**
 * The series of one arm in an answer.
 * @throws DavyError SOURCE_DOWN for an answer of another shape, in other periods, or with so many groups that some were
 * left out
 */
export function readNerdGraph(
  answer: unknown,
  arm: Arm,
  parts: readonly NewRelicPart[],
  { hasPods, hasOperations, periods, grid, down }: NerdGraphReading,
): readonly PartSeries[] {
  const { data } = (answer ?? {}) as {
    readonly data?: { readonly actor?: { readonly account?: Record<string, unknown> | null } }
  }
  const told = data?.actor?.account?.[arm] as { readonly results?: unknown } | null | undefined
  if (!isResults.Check(told?.results)) throw down(`its answer has no results of the ${arm}`, 'rows of periods')
  const results = told?.results as readonly Row[]
  const groups = Map.groupBy(results, ({ facet: named }) => JSON.stringify(named ?? null))
  if (groups.size >= mostGroups) {
    throw down(`it has ${groups.size} groups, and would leave further ones out`, `fewer than ${mostGroups}`)
  }
  return [...groups.values()].flatMap((rows) => {
    const names = [rows[0]!.facet ?? []].flat().map((name) => (name === null ? '' : String(name)))
    const pod = hasPods ? (names[0] ?? '') : ''
    const operation = hasOperations ? (names[hasPods ? 1 : 0] ?? '') : ''
    return parts.map(({ part }) => {
      const points = rows.flatMap((row) => pointOf(row, part, periods, grid, down))
      return { arm, part, pod, operation, points }
    })
  })
}

function pointOf(
  row: Row,
  part: string,
  { from, to }: Periods,
  { periodMs }: PeriodGrid,
  down: Down,
): readonly (readonly [number, number])[] {
  const [begin, end] = [row.beginTimeSeconds * 1000, row.endTimeSeconds * 1000]
  if (end - begin !== periodMs || begin % periodMs !== 0) {
    const shown = `${shownTime(begin)} to ${shownTime(end)}`
    throw down(`it counted in other periods: one is from ${shown}`, `${periodMs / 1000} s`)
  }
  // Of nothing a level is null, or not there; a count is always a number.
  const value = row[part] ?? null
  if (typeof value !== 'number' && !(value === null && part === 'level')) {
    throw down(`${part} is ${JSON.stringify(value).slice(0, 80)}`, 'a number')
  }
  // A count is zero where nothing was told, too: who told nothing is not known to run.
  const isSaid = value !== null && (part !== 'running' || value > 0)
  return isSaid && begin >= from && begin < to ? [[begin, value]] : []
}
