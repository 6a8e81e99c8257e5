import { type SimulatedAnswer, type SimulatedRequest, startSimulator } from '../simulator.ts'

/** One value that was sent to Datadog. Unix milliseconds. */
export type SentValue = {
  readonly metric: string
  readonly at: number
  readonly value: number
  readonly tags: Readonly<Record<string, string>>
}

const keys = { 'dd-api-key': 'api-secret', 'dd-application-key': 'application-secret' }

/**
 * What POST /api/v2/query/timeseries answers, by Datadog's API reference and the answers that its client's tests have
 * recorded: one list of times, a list of values for each series with null where nothing was told, series named by tags,
 * and at the end the period that has just begun.
 */
function answerTimeseries(sent: readonly SentValue[], { path, headers, body }: SimulatedRequest): SimulatedAnswer {
  if (path !== '/api/v2/query/timeseries') return { status: 404, body: { errors: ['Not found'] } }
  for (const [name, key] of Object.entries(keys)) {
    if (headers[name] !== key) return { status: 403, body: { errors: [`Forbidden: ${headers[name]}`] } }
  }
  const { from, to, queries } = body.data.attributes
  const all = queries.flatMap(({ query }: { query: string }, index: number) =>
    seriesOf(query, index, sent, { from, to }),
  )
  const times = [...new Set(all.flatMap(({ points }: Told) => [...points.keys()]))].toSorted() as number[]
  const series = all.map(({ tags, index }: Told) => ({ group_tags: tags, query_index: index, unit: null }))
  const values = all.map(({ points }: Told) => times.map((time) => points.get(time) ?? null))
  return { body: { data: { id: '0', type: 'timeseries_response', attributes: { series, times, values } } } }
}

type Told = { readonly index: number; readonly tags: readonly string[]; readonly points: ReadonlyMap<number, number> }

const grammar =
  /^(sum|count|avg|max|min)(?:\(v: v<=([\d.]+)\))?:([\w.]+)\{([^{}]*)\} by \{([\w,]+)\}(\.as_count\(\))?\.rollup\((\w+), (\d+)\)$/

function seriesOf(
  query: string,
  index: number,
  sent: readonly SentValue[],
  { from, to }: { from: number; to: number },
) {
  const match = grammar.exec(query)
  if (match === null) throw new Error(`the simulator does not understand ${query}`)
  const [, aggregator, bound, metric, filter, by, , , seconds] = match
  const periodMs = Number(seconds) * 1000
  const named = by!.split(',')
  const used = sent.filter(
    (each) =>
      each.metric === metric &&
      passes(each, filter!) &&
      each.at >= from &&
      each.at < to + periodMs &&
      (bound === undefined || each.value <= Number(bound)),
  )
  const groups = Map.groupBy(used, ({ tags }) => named.map((tag) => `${tag}:${tags[tag] ?? 'N/A'}`).join('\n'))
  return [...groups].map(([tags, values]): Told => {
    const periods = Map.groupBy(values, ({ at }) => Math.floor(at / periodMs) * periodMs)
    const points = new Map([...periods].map(([begin, some]) => [begin, added(aggregator!, some)]))
    return { index, tags: tags.split('\n'), points }
  })
}

function added(aggregator: string, values: readonly SentValue[]): number {
  const numbers = values.map(({ value }) => value)
  if (aggregator === 'count') return numbers.length
  const sum = numbers.reduce((total, value) => total + value, 0)
  if (aggregator === 'sum') return sum
  return aggregator === 'avg' ? sum / numbers.length : Math[aggregator as 'max' | 'min'](...numbers)
}

function passes({ tags }: SentValue, filter: string): boolean {
  const lists = [...filter.matchAll(/(\w+) IN \(([^)]*)\)/g)].map(
    ([, tag, values]) => [tag!, values!.split(',')] as const,
  )
  const plain = filter
    .replace(/ AND /g, ',')
    .split(',')
    .filter((each) => /^\w+:/.test(each))
    .map((each) => [each.slice(0, each.indexOf(':')), [each.slice(each.indexOf(':') + 1)]] as const)
  return [...lists, ...plain].every(([tag, values]) => values.includes(tags[tag] ?? ''))
}

/** A Datadog that was sent some values; a request that it fails on is answered with 500. */
export function startDatadog(
  sent: readonly SentValue[],
  isFailing: (request: SimulatedRequest) => boolean = () => false,
) {
  const failure = { status: 500, body: { errors: ['Internal error'] } }
  return startSimulator((request) => (isFailing(request) ? failure : answerTimeseries(sent, request)))
}
