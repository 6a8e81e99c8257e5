import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { type PeriodGrid, type Periods, shownTime } from '../period-grid.ts'
import type { Down } from '../period-source.ts'

const message = Type.Object({ Code: Type.Optional(Type.String()), Value: Type.Optional(Type.String()) })

/** An answer of GetMetricData, as far as it is read. */
const answerSchema = Type.Object({
  MetricDataResults: Type.Array(
    Type.Object({
      Id: Type.String(),
      StatusCode: Type.Optional(Type.String()),
      Timestamps: Type.Optional(Type.Array(Type.Number())),
      Values: Type.Optional(Type.Array(Type.Number())),
      Messages: Type.Optional(Type.Array(message)),
    }),
  ),
  Messages: Type.Optional(Type.Array(message)),
  NextToken: Type.Optional(Type.Union([Type.String(), Type.Null()])),
})

const isAnswer = Compile(answerSchema)

/** What one page of an answer tells: points by the id of the query, none where there are none, and where the next page is. */
export type MetricData = {
  readonly points: ReadonlyMap<string, readonly (readonly [begin: number, value: number])[]>
  readonly nextToken: string | null
}

/**
 * One page of an answer. Only what is complete is taken: a part of the data would be a rate that nobody has.
 * @throws DavyError SOURCE_DOWN
 */
export function readMetricData(
  answer: unknown,
  { periods, grid, down }: { readonly periods: Periods; readonly grid: PeriodGrid; readonly down: Down },
): MetricData {
  if (!isAnswer.Check(answer)) throw down('its answer is none of GetMetricData', 'MetricDataResults')
  const {
    MetricDataResults: results,
    Messages: messages = [],
    NextToken: token,
  } = answer as Static<typeof answerSchema>
  if (messages.length > 0) throw down(`it left something out: ${wordsOf(messages)}`)
  const nextToken = token ? token : null
  const points = new Map<string, (readonly [number, number])[]>()
  for (const {
    Id: id,
    StatusCode: status = 'Complete',
    Timestamps: times = [],
    Values: values = [],
    Messages,
  } of results) {
    // What is missing of a page comes with the next one.
    const isWhole = status === 'Complete' || (status === 'PartialData' && nextToken !== null)
    if (!isWhole) throw down(`${id} is ${status}${Messages?.length ? `, ${wordsOf(Messages)}` : ''}`, 'Complete')
    const told = points.get(id) ?? []
    points.set(id, told)
    if (times.length !== values.length) throw down(`${id} has ${values.length} values at ${times.length} times`)
    for (const [index, time] of times.entries()) {
      const begin = time * 1000
      if (begin % grid.periodMs !== 0) {
        throw down(`it counted in other periods: one begins at ${shownTime(begin)}`, `${grid.periodMs / 1000} s`)
      }
      if (begin < periods.from || begin >= periods.to) continue
      told.push([begin, values[index]!])
    }
  }
  return { points, nextToken }
}

function wordsOf(messages: readonly Static<typeof message>[]): string {
  return messages
    .map(({ Code, Value: text }) => [Code, text].filter(Boolean).join(' '))
    .join('; ')
    .slice(0, 200)
}
