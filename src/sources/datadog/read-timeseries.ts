import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { MetricSpec } from '../../domain/template.ts'
import type { PartSeries } from '../answers-of-parts.ts'
import type { FilledPart } from '../filled-parts.ts'
import { type PeriodGrid, type Periods, shownTime } from '../period-grid.ts'
import type { Down } from '../period-source.ts'
import { datadogTags } from './datadog-query.ts'

/** An answer of Datadog, as far as it is read. Keys that it has beside these are passed over. */
const answerSchema = Type.Object({
  data: Type.Object({
    attributes: Type.Object({
      times: Type.Array(Type.Number()),
      series: Type.Array(Type.Object({ group_tags: Type.Array(Type.String()), query_index: Type.Integer() })),
      values: Type.Array(Type.Array(Type.Union([Type.Number(), Type.Null()]))),
    }),
  }),
})

const isAnswer = Compile(answerSchema)

export type TimeseriesReading = {
  readonly periods: Periods
  readonly grid: PeriodGrid
  readonly metric: MetricSpec
  readonly down: Down
}

/**
 * The series of an answer, each by the part that it was asked for. What is told of other periods than the asked ones is
 * left out: at the end of the asked time Datadog adds the period that has just begun.
 * @throws DavyError SOURCE_DOWN for an answer of another shape, or in other periods
 */
export function readTimeseries(
  answer: unknown,
  parts: readonly FilledPart<string>[],
  { periods, grid, metric, down }: TimeseriesReading,
): readonly PartSeries[] {
  const { errors } = (answer ?? {}) as { readonly errors?: unknown }
  if (errors !== undefined && errors !== null && errors !== '' && !isEmptyList(errors)) {
    throw down(`it says ${JSON.stringify(errors).slice(0, 200)}`)
  }
  if (!isAnswer.Check(answer)) throw down('its answer is none of a query of time series', 'times, series, values')
  const { times, series, values } = (answer as Static<typeof answerSchema>).data.attributes
  if (values.length !== series.length) throw down(`${series.length} series have ${values.length} lists of values`)
  const odd = times.find((time) => time % grid.periodMs !== 0)
  if (odd !== undefined) {
    throw down(`it counted in other periods: one begins at ${shownTime(odd)}`, `${grid.periodMs / 1000} s`)
  }
  const { podTag, operationTag } = datadogTags(metric)
  return series.map(({ group_tags: tags, query_index: index }, at): PartSeries => {
    const asked = parts[index]
    if (asked === undefined) throw down(`a series is of query ${index}`, `one of ${parts.length} queries`)
    const told = values[at]!
    if (told.length !== times.length) throw down(`a series has ${told.length} values at ${times.length} times`)
    const points = times.flatMap((time, place) => {
      const value = told[place] ?? null
      return value === null || time < periods.from || time >= periods.to ? [] : [[time, value] as const]
    })
    return { arm: asked.arm, part: asked.part, pod: tagOf(tags, podTag), operation: tagOf(tags, operationTag), points }
  })
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0
}

/** The value of a tag that series are grouped by; '' where it is not set, which Datadog writes as N/A. */
function tagOf(tags: readonly string[], name: string | undefined): string {
  const tag = name === undefined ? undefined : tags.find((each) => each.startsWith(`${name}:`))
  const value = tag?.slice(name!.length + 1) ?? ''
  return value === 'N/A' ? '' : value
}
