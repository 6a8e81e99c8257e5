import { compile } from 'json-p3'
import { type Static, Type } from 'typebox'
import type { Arm } from '../../domain/cohort.ts'
import { DavyError } from '../../domain/errors.ts'
import type { MetricSource, QueryFault, SourceQuestion } from '../../domain/metric-source.ts'
import type { MetricSpec } from '../../domain/template.ts'
import type { HttpHost } from '../../platform/config-sources.ts'
import { schemaFault } from '../arm-text.ts'
import { armsOfRows, type EvidenceRow, type RowKind, rowKinds, rowNumber, rowNumbers } from '../arms-of-rows.ts'
import { credentialsOf } from '../credentials.ts'
import { JsonApi } from '../json-api.ts'
import { climbs, fillUrl, urlVariables, variablesOf } from './fill-url.ts'

const timeoutSeconds = 8
/** So many requests to one host run at a time. */
const atOnce = 8

const path = (description: string) => Type.Optional(Type.String({ minLength: 1, maxLength: 1000, description }))

/** What the `query` of a metric of any kind may say. */
export const httpQuerySchema = Type.Object(
  {
    url: Type.String({
      minLength: 1,
      maxLength: 4000,
      description:
        `Answers JSON for one arm and time, by the variables ${urlVariables.map((name) => `\${${name}}`).join(' ')}; times are ` +
        'RFC 3339 or Unix seconds, `to` exclusive. Its host must be configured.',
    }),
    rows: Type.String({ minLength: 1, maxLength: 1000, description: 'JSONPath (RFC 9535) of the rows in the answer' }),
    time: path('JSONPath within a row: RFC 3339, or Unix seconds or milliseconds'),
    pod: path('JSONPath within a row'),
    operation: path('JSONPath within a row'),
    errors: path('proportion: JSONPath within a row, requests that failed'),
    total: path('proportion: JSONPath within a row, all requests'),
    value: path('gauge: JSONPath within a row, the level; distribution: the duration in seconds'),
    count: path('count: JSONPath within a row, what happened; distribution: requests of that duration'),
  },
  { additionalProperties: false },
)

type HttpQuery = Static<typeof httpQuerySchema>

/** Asks endpoints that answer JSON, of configured hosts only. */
export function createHttpSource(hosts: readonly HttpHost[]): MetricSource & { close(): Promise<void> } {
  const byOrigin = new Map(hosts.map((host) => [new URL(host.origin).origin, host]))
  const apis = new Map([...byOrigin].map(([origin, host]) => [origin, { host, api: apiOf(origin) }]))
  const check = (metric: MetricSpec) => checkQuery(metric, byOrigin)

  async function get(url: string, signal: AbortSignal): Promise<unknown> {
    const { origin, host } = new URL(url)
    const configured = apis.get(origin)
    if (configured === undefined) throw down(host, 'it is none of the configured hosts')
    if (climbs(url)) throw down(host, 'a value makes its path another one')
    const { api, host: account } = configured
    return api.get(async () => ({ path: url.slice(origin.length), ...(await credentialsOf(account)) }), signal)
  }

  return {
    kinds: rowKinds,
    check,
    show: ({ deployment, metric }) => {
      const { url } = metric.query as HttpQuery
      return (['baseline', 'canary'] as const).map((arm) => `${arm}: ${fillUrl(url, deployment, arm, null)}`)
    },
    async ask(question, signal) {
      const fault = check(question.metric)
      if (fault !== null) throw new DavyError('SOURCE_DOWN', `expected ${fault.expected}, got ${fault.got}`)
      const arms = await Promise.all(
        (['baseline', 'canary'] as const).map((arm) =>
          question.deployment[arm] === null ? [] : rowsOf(question, arm, (url) => get(url, signal)),
        ),
      )
      return armsOfRows(question.metric.kind as RowKind, question.metric.name, arms.flat(), question.windows)
    },
    async close() {
      await Promise.all([...apis.values()].map(({ api }) => api.close()))
    },
  }
}

/** What an endpoint says with another status is not repeated: it may be anything. */
function apiOf(url: string): JsonApi {
  return new JsonApi({ name: 'The endpoint', url, timeoutSeconds, concurrency: atOnce, wordsOf: () => null })
}

/** Rows of one arm: those of the whole time when they tell theirs, else asked for window by window. */
async function rowsOf(
  { metric, deployment, windows }: SourceQuestion,
  arm: Arm,
  get: (url: string) => Promise<unknown>,
): Promise<readonly EvidenceRow[]> {
  const query = metric.query as HttpQuery
  const [first, last] = [windows[0], windows.at(-1)]
  if (first === undefined || last === undefined) return []
  const asked = query.time === undefined ? windows : [{ from: first.from, to: last.to }]
  const rows = await Promise.all(
    asked.map(async (window) => {
      const answer = await get(fillUrl(query.url, deployment, arm, window))
      return valuesAt(query.rows, answer).map((row) => rowOf(metric.kind as RowKind, query, arm, row, window.from))
    }),
  )
  return rows.flat()
}

function rowOf(kind: RowKind, query: HttpQuery, arm: Arm, row: unknown, from: number): EvidenceRow {
  const text = (at: string | undefined): string => (at === undefined ? '' : String(valuesAt(at, row)[0] ?? ''))
  return {
    at: query.time === undefined ? from : timeOf(valuesAt(query.time, row)[0]),
    ...{ arm, pod: text(query.pod), operation: text(query.operation) },
    numbers: Object.fromEntries(
      rowNumbers[kind].map((name) => [name, rowNumber(name, valuesAt(query[name] ?? '$', row)[0])]),
    ),
  }
}

/** Numbers this large are milliseconds: as seconds they would lie in the year 5138. */
function timeOf(value: unknown): number {
  if (typeof value === 'string' && !/^\d+(\.\d+)?$/.test(value)) return Date.parse(value)
  const number = rowNumber('time', value)
  return number >= 1e11 ? number : number * 1000
}

function valuesAt(jsonPath: string, value: unknown): readonly unknown[] {
  return compile(jsonPath)
    .query(value as never)
    .values()
}

function checkQuery({ query, kind }: MetricSpec, hosts: ReadonlyMap<string, HttpHost>): QueryFault | null {
  const value = query ?? {}
  const fault = schemaFault(httpQuerySchema, value)
  if (fault !== null) return fault
  const asked = value as HttpQuery
  const { url } = asked
  const prefix = url.split('${')[0]!
  const origin = URL.canParse(prefix) ? new URL(prefix).origin : null
  const isWhole = origin !== null && prefix.startsWith(`${origin}/`)
  if (!isWhole || !hosts.has(origin)) {
    const known = [...hosts.keys()].join(', ') || 'none; name it in sources.http.hosts of the configuration'
    return { expected: `a URL of a configured host: ${known}`, got: origin ?? prefix.slice(0, 80), key: '/url' }
  }
  const names = variablesOf(url)
  const unknown = names.find((name) => !(urlVariables as readonly string[]).includes(name))
  if (unknown !== undefined) return { expected: `one of ${urlVariables.join(', ')}`, got: unknown, key: '/url' }
  const lacks = (...all: string[]): boolean => !all.some((name) => names.includes(name))
  if (lacks('version', 'cohort'))
    return { expected: 'the variable version or cohort, so that the arms are told apart', got: 'neither', key: '/url' }
  if (lacks('from', 'from.seconds') || lacks('to', 'to.seconds')) {
    return { expected: 'the variables from and to, so that nothing counts twice', got: names.join(', '), key: '/url' }
  }
  for (const key of ['rows', 'time', 'pod', 'operation', ...rowNumbers[kind as RowKind]] as const) {
    const text = asked[key]
    if (text === undefined && key !== 'time' && key !== 'pod' && key !== 'operation') {
      return { expected: `a JSONPath, as a metric of kind ${kind} has it`, got: 'nothing', key: `/${key}` }
    }
    if (text !== undefined && !isJsonPath(text)) return { expected: 'a JSONPath as $.total', got: text, key: `/${key}` }
  }
  return null
}

function isJsonPath(text: string): boolean {
  try {
    compile(text)
    return true
  } catch {
    return false
  }
}

function down(host: string, reason: string): DavyError {
  return new DavyError('SOURCE_DOWN', `The endpoint at ${host} could not be asked: ${reason}.`, {
    expected: 'status 200 with JSON',
    got: reason,
  })
}
