import { type SimulatedAnswer, type SimulatedRequest, startSimulator } from '../simulator.ts'

/** One event in New Relic. Unix milliseconds. */
export type StoredEvent = { readonly type: string; readonly at: number } & Readonly<Record<string, unknown>>

/**
 * What NerdGraph answers to queries in NRQL, by New Relic's reference of NRQL and NerdGraph: a row for each group and
 * period, periods counted back from UNTIL, a count of zero where nothing is, and null for an average of nothing.
 */
function answerNerdGraph(stored: readonly StoredEvent[], { headers, body }: SimulatedRequest): SimulatedAnswer {
  if (headers['api-key'] !== 'user-secret') return { status: 401, body: { errors: [{ message: 'Invalid API key' }] } }
  const { account, ...queries } = body.variables as Readonly<Record<string, string | number>>
  if (account !== 77) return { body: { data: { actor: { account: null } }, errors: [{ message: 'Access denied.' }] } }
  const results = Object.entries(queries).map(([arm, nrql]) => [arm, { results: rowsOf(String(nrql), stored) }])
  return { body: { data: { actor: { account: Object.fromEntries(results) } } } }
}

const grammar =
  /^SELECT (.+) FROM (\w+) WHERE \((.+)\)(?: FACET ([\w., ]+) LIMIT \d+)? SINCE (\d+) UNTIL (\d+) TIMESERIES (\d+) seconds$/

function rowsOf(nrql: string, stored: readonly StoredEvent[]): readonly object[] {
  const match = grammar.exec(nrql)
  if (match === null) throw new Error(`the simulator does not understand ${nrql}`)
  const [, select, type, where, facets, since, until, seconds] = match
  const columns = select!.split(/(?<=AS '\w+'), /).map((column) => {
    const [, expression, name] = /^(.+) AS '(\w+)'$/.exec(column)!
    return { expression: expression!, name: name! }
  })
  const periodMs = Number(seconds) * 1000
  const names = facets?.split(', ') ?? []
  const used = stored.filter((event) => event.type === type && holds(where!, event))
  const groups = names.length === 0 ? [['', used] as const] : [...Map.groupBy(used, (event) => keyOf(event, names))]
  return groups.flatMap(([key, events]) => {
    const rows: object[] = []
    for (let end = Number(until); end - periodMs >= Number(since); end -= periodMs) {
      const within = events.filter(({ at }) => at >= end - periodMs && at < end)
      const numbers = columns.map(({ expression, name }) => [name, numberOf(expression, within)])
      const times = { beginTimeSeconds: (end - periodMs) / 1000, endTimeSeconds: end / 1000 }
      const facet = key === '' ? {} : { facet: names.length === 1 ? JSON.parse(key)[0] : JSON.parse(key) }
      rows.unshift({ ...times, ...facet, ...Object.fromEntries(numbers) })
    }
    return rows
  })
}

function keyOf(event: StoredEvent, names: readonly string[]): string {
  return JSON.stringify(names.map((name) => event[name] ?? null))
}

function numberOf(expression: string, events: readonly StoredEvent[]): number | null {
  const [, filtered, condition] = /^filter\((.+?\)), WHERE (.+)\)$/.exec(expression) ?? []
  if (filtered !== undefined)
    return numberOf(
      filtered,
      events.filter((event) => holds(condition!, event)),
    )
  const [, name, attribute] = /^(\w+)\((.+)\)$/.exec(expression)!
  const values = events.flatMap((event) => (attribute === '*' ? [1] : [event[attribute!] as number]))
  const sum = values.reduce((total, each) => total + each, 0)
  if (name === 'count') return values.length
  return name === 'sum' ? sum : values.length === 0 ? null : sum / values.length
}

function holds(conditions: string, event: StoredEvent): boolean {
  return conditions.split(/ AND /i).every((condition) => {
    const [, name, operator, wanted] = /^([\w.]+) (=|<=|IS|IN) (.+)$/.exec(condition.trim())!
    const value = event[name!]
    if (operator === '<=') return typeof value === 'number' && value <= Number(wanted)
    if (operator === 'IS') return value === (wanted === 'true')
    const texts = [...wanted!.matchAll(/'([^']*)'/g)].map(([, text]) => text)
    return texts.includes(String(value))
  })
}

/** A New Relic that has some events. */
export function startNewRelic(stored: readonly StoredEvent[]) {
  return startSimulator((request) => answerNerdGraph(stored, request))
}
