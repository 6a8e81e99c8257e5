import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EmbeddedStorage } from '../../src/storage/embedded.ts'
import { everyQuery, type Panel, type Placed, shownPanels } from '../dashboards/dashboard-files.ts'
import { type Chosen, promqlOf, type Shown, sqlOf } from '../dashboards/interpolate.ts'
import { type Davy, type RequestSpan, sendSpans, startDavy, until, untilStored } from '../davy.ts'
import { quick } from '../engine/lab.ts'
import { type Caller, callerOf } from '../http/client.ts'
import { startReceiver } from '../sinks/receiver.ts'
import { random } from '../stats/random.ts'
import { temporaryDirectory } from '../storage/opened.ts'
import { type Prometheus, startPrometheus } from './remote-write/prometheus.ts'

/*
 * The dashboards' queries on a real Prometheus that scrapes a real Davy, and on the ClickHouse that this Davy wrote: one
 * release is rolled back, one is promoted, one has no traffic.
 */

/** Queries that find nothing here, and why that is right. */
const empty: Readonly<Record<string, string>> = {
  'davy-pipeline: p99 of questions to sources: A': 'no source was asked, and a quantile of nothing is none',
  'davy-pipeline: Into quarantine and out again: B': 'nothing was in quarantine, so nothing was put back',
  'davy-deployment: annotation Hold': 'a release this bad may be rolled back before it ever said hold',
  'davy-deployment: annotation Promote': 'the release that is looked at was rolled back',
}

type Result = { readonly metric: Readonly<Record<string, string>>; readonly values: readonly number[] }

const [directory, remove] = temporaryDirectory()
const data = join(directory, 'data')
const template = { ...quick, name: 'short', minimum: { seconds: 20, requests: 200 } }
/** No promote before so much real time has passed that the state before it has been scraped for a minute. */
const patient = { ...template, name: 'patient', minimum: { seconds: 320, requests: 200 } }

let davy: Davy | undefined
let prometheus: Prometheus | undefined
let call: Caller
let receivers: Awaited<ReturnType<typeof startReceiver>>[] = []
const ids = { checkout: '', cart: '', invoices: '' }
let promqlFindings: ReadonlyMap<string, readonly Result[]>
let pages: { readonly base: readonly string[]; readonly status: number }
let shown: Shown
let storage: EmbeddedStorage

function traffic(from: number, to: number, seed: number): RequestSpan[] {
  const source = random(seed)
  const versions = [
    { service: 'cart', version: '1', failing: 0.02 },
    { service: 'cart', version: '2', failing: 0.02 },
    { service: 'checkout', version: '2.4.0', failing: 0.02 },
    { service: 'checkout', version: '2.4.1', failing: 0.4 },
  ]
  return versions.flatMap(({ service, version, failing }) => {
    const count = Math.round((to - from) / 40)
    return Array.from({ length: count }, (_, index) => ({
      ...{ service, version, pod: `${service}-${version}-${index % 3}` },
      route: index % 2 === 0 ? 'GET /cart' : 'POST /pay',
      endAt: from + ((index + source.uniform()) * (to - from)) / count,
      seconds: 0.03 * Math.exp(0.4 * source.normal()),
      error: source.uniform() < failing,
    }))
  })
}

async function created(path: string, body: object): Promise<{ id: string }> {
  const answer = await call('POST', path, body)
  if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${answer.text}`)
  return answer.body
}

async function sendErrorLine(at: number): Promise<void> {
  const attribute = (key: string, value: string) => ({ key, value: { stringValue: value } })
  const answer = await fetch(`${davy!.otlpUrl}/v1/logs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      resourceLogs: [
        {
          resource: { attributes: [attribute('service.name', 'checkout'), attribute('service.version', '2.4.1')] },
          scopeLogs: [
            {
              logRecords: [
                {
                  ...{ timeUnixNano: `${at}000000`, severityNumber: 17, severityText: 'ERROR' },
                  body: { stringValue: `no connection after ${at % 1000} ms` },
                },
              ],
            },
          ],
        },
      ],
    }),
  })
  if (answer.status !== 200) throw new Error(`a log line was not taken: ${answer.status} ${await answer.text()}`)
}

/** What nobody wishes for, so that panels of it have something to show. */
async function doWrong(): Promise<void> {
  await call('GET', '/api/v1/deployments/nothing')
  const old = Date.now() - 60 * 86_400_000
  // Too old: a partial success that names it, which `sendSpans` takes for a failure.
  await expect(sendSpans(davy!, [{ service: 'cart', version: '1', endAt: old }])).rejects.toThrow(
    'spans were not taken',
  )
}

async function ask(path: string): Promise<unknown> {
  const answer = await fetch(`http://127.0.0.1:${prometheus!.port}${path}`)
  const body = (await answer.json()) as { status: string; error?: string; data: unknown }
  if (body.status !== 'success') throw new Error(`${path}: ${body.error}`)
  return body.data
}

type Sample = readonly [number, string]
type Answer = { result: readonly { metric: Record<string, string>; value?: Sample; values?: readonly Sample[] }[] }

async function query(promql: string, instant: boolean): Promise<readonly Result[]> {
  const range = { start: String(shown.from / 1000), end: String(shown.to / 1000), step: '5' }
  const parameters = new URLSearchParams({ query: promql, ...(instant ? { time: range.end } : range) })
  const { result } = (await ask(`/api/v1/${instant ? 'query' : 'query_range'}?${parameters}`)) as Answer
  return result
    .map(({ metric, value, values }) => ({
      metric,
      values: (values ?? [value!]).map(([, text]) => Number(text)).filter(Number.isFinite),
    }))
    .filter(({ values }) => values.length > 0)
}

/** The values of `label_values(selector, label)`. */
async function labelValues(text: string): Promise<readonly Result[]> {
  const [, selector, label] = /^label_values\((.*), (\w+)\)$/.exec(text)!
  const found = (await ask(
    `/api/v1/label/${label}/values?${new URLSearchParams({ 'match[]': selector! })}`,
  )) as string[]
  return found.map((value) => ({ metric: { [label!]: value }, values: [1] }))
}

const everything: Chosen = {
  ...{ job: '.+', instance: '.+', service: '.+', environment: '.+', endpoint: '.+', report_base: 'http://davy.test' },
}
const oneService: Chosen = { ...everything, job: 'davy', service: 'checkout', environment: 'default' }

async function runPromql({ expr, instant }: Placed, values: Chosen): Promise<readonly Result[]> {
  const promql = promqlOf(expr!, values, shown)
  return promql.startsWith('label_values(') ? labelValues(promql) : query(promql, instant)
}

async function lookAtPrometheus(): Promise<void> {
  shown = { from: Date.now() - 240_000, to: Date.now(), intervalSeconds: 5 }
  const found = new Map<string, readonly Result[]>()
  for (const placed of everyQuery()) {
    if (placed.expr === undefined) continue
    found.set(placed.place, await runPromql(placed, everything))
    await runPromql(placed, oneService)
  }
  promqlFindings = found
  const base = (await labelValues('label_values(davy_build_info, public_url)')).map(({ metric }) => metric.public_url!)
  const page = await fetch(`${base[0]}/deployments/${ids.checkout}`)
  pages = { base, status: page.status }
}

/** Keeps both services under load, without a gap, until it is stopped. Judges would take a gap for lost telemetry. */
function startLoad(from: number) {
  const stopping = new AbortController()
  async function run(): Promise<void> {
    let sent = from
    for (let seed = 1; !stopping.signal.aborted; seed += 1) {
      const now = Date.now()
      await sendSpans(davy!, traffic(sent, now, seed))
      await sendErrorLine(now)
      sent = now
      await sleep(1000)
    }
  }
  const running = run()
  return async () => {
    stopping.abort()
    await running
  }
}

async function untilScraped(promql: string, withinMs: number): Promise<void> {
  await until(
    async () => {
      shown = { from: Date.now() - 60_000, to: Date.now(), intervalSeconds: 5 }
      return (await query(promql, true)).length > 0
    },
    promql,
    withinMs,
  )
}

beforeAll(async () => {
  const start = Date.now()
  receivers = [
    await startReceiver((response) => response.writeHead(204).end()),
    await startReceiver((response) => response.writeHead(400).end()),
    await startReceiver((response) => response.writeHead(503).end()),
  ]
  davy = await startDavy({ DAVY_STORAGE_URL: `chdb:${data}` })
  call = callerOf(davy)
  mkdirSync(join(directory, 'prometheus'))
  prometheus = await startPrometheus({
    ...{ binary: 'prometheus', directory: join(directory, 'prometheus'), davyUrl: davy.url },
    targets: { davy: Number(new URL(davy.url).port) },
    ...{ flags: ['--enable-feature=exemplar-storage,native-histograms'], global: '', remoteWrite: '' },
  })
  for (const { url } of receivers) await created('/api/v1/endpoints', { url })
  for (const each of [template, patient]) {
    const answer = await call('PUT', `/api/v1/templates/${each.name}`, each)
    if (answer.status >= 300) throw new Error(`template ${each.name}: ${answer.text}`)
  }
  const history = traffic(start - 240_000, start, 1)
  await sendSpans(davy, history)
  const stopLoad = startLoad(start)
  for (const service of ['cart', 'checkout']) await untilStored(davy, service, history.length / 2)
  const open = (service: string, from: string, to: string, name: string, startedAt: number) =>
    created('/api/v1/deployments', {
      ...{ service, canary: { version: to }, baseline: { version: from }, template: name, plannedWeight: 50 },
      startedAt: new Date(startedAt).toISOString(),
    })
  ids.cart = (await open('cart', '1', '2', patient.name, start - 240_000)).id
  ids.invoices = (await open('invoices', '3.8.2', '3.9.0', template.name, start)).id
  ids.checkout = (await open('checkout', '2.4.0', '2.4.1', template.name, start - 30_000)).id
  await call('POST', `/api/v1/deployments/${ids.checkout}/progress`, { weight: 50, step: '1' })
  await doWrong()
  await untilScraped(
    'max(davy_deployment_state{service="cart"} == 2) and on () max(davy_rollback_timestamp_seconds)',
    180_000,
  )
  // Two scrapes more, so that there is a rate of what came last.
  await doWrong()
  await sleep(3000)
  await lookAtPrometheus()
  await stopLoad()
  const said = [
    await call('POST', `/api/v1/deployments/${ids.checkout}/feedback`, { verdictWas: 'false-alarm' }),
    await call('POST', `/api/v1/deployments/${ids.invoices}/override`, { decision: 'hold', reason: 'a test' }),
    await call('POST', `/api/v1/deployments/${ids.cart}/finish`, { outcome: 'promoted' }),
  ]
  for (const { status, text } of said) if (status >= 300) throw new Error(text)
  await prometheus.stop()
  await davy.stop()
  davy = undefined
  storage = EmbeddedStorage.open(data)
}, 290_000)

afterAll(async () => {
  await prometheus?.stop()
  await davy?.stop()
  await storage?.close()
  for (const receiver of receivers) await receiver.close()
  remove()
})

describe('on Prometheus', () => {
  test('every query of every panel, variable and annotation finds something', () => {
    expect(promqlFindings.size).toBeGreaterThan(100)
    const nothing = [...promqlFindings].filter(([, found]) => found.length === 0).map(([place]) => place)
    expect(nothing.filter((place) => !(place in empty))).toEqual([])
  })

  test('the report is where the dashboards lead', () => {
    expect(pages.base).toHaveLength(1)
    expect(pages.status).toBe(200)
  })

  test('links and overrides of tables name labels that are there', () => {
    const wrong = everyQuery().flatMap(({ dashboard, place, expr }) => {
      const panel = panelAt(dashboard, place)
      if (expr === undefined || panel?.type !== 'table') return []
      const labels = new Set(promqlFindings.get(place)!.flatMap(({ metric }) => Object.keys(metric)))
      return namedFields(panel)
        .filter((field) => !labels.has(field) && field !== 'Time' && field !== 'Value')
        .map((field) => `${place}: ${field}`)
    })
    expect(wrong).toEqual([])
  })
})

type Row = Readonly<Record<string, unknown>>

const found = new Map<string, readonly Row[]>()

async function runSql({ rawSql }: Placed, values: Chosen): Promise<readonly Row[]> {
  const range = { from: shown.from - 600_000, to: Date.now() + 60_000, intervalSeconds: 15 }
  return storage.query<Row>(sqlOf(rawSql!, values, range))
}

describe('on ClickHouse', () => {
  const queries = everyQuery().filter(({ rawSql }) => rawSql !== undefined)

  test('every query of every panel, variable and annotation finds something', async () => {
    const values = { ...everything, deployment: ids.checkout }
    const nothing: string[] = []
    const refused: string[] = []
    for (const placed of queries) {
      try {
        const rows = await runSql(placed, values)
        found.set(placed.place, rows)
        if (rows.length === 0 && !(placed.place in empty)) nothing.push(placed.place)
      } catch (cause) {
        refused.push(`${placed.place}: ${(cause as Error).message}`)
      }
    }
    expect(refused).toEqual([])
    expect(queries.length).toBeGreaterThan(30)
    expect(nothing).toEqual([])
  })

  test('no value that a variable can have breaks a query or reaches beyond its text', async () => {
    const hostile = `x' OR 1 = 1 --\\' \${service} %27`
    const values = { ...everything, deployment: hostile, service: hostile, environment: hostile }
    const reached: string[] = []
    for (const placed of queries) {
      const rows = await runSql(placed, values)
      const isOfService = /percentencode/.test(placed.rawSql!) && !isSum(placed.rawSql!)
      if (isOfService && rows.length > 0) reached.push(placed.place)
    }
    expect(reached).toEqual([])
  })

  test('a series has its time first, in order, and numbers or a name beside it', () => {
    const wrong = queries.flatMap(({ dashboard, place }) => {
      const panel = panelAt(dashboard, place)
      const target = panel?.targets?.find(({ refId }) => place.endsWith(`: ${refId}`))
      if (target?.format !== 0) return []
      const rows = found.get(place)!
      const times = rows.map(({ time }) => String(time))
      const isSorted = times.every((time, index) => index === 0 || time >= times[index - 1]!)
      const isFirst = Object.keys(rows[0]!)[0] === 'time'
      const isNumeric = rows.every((row) =>
        Object.entries(row).every(
          ([name, value]) => name === 'time' || name === 'metric_name' || value === null || typeof value === 'number',
        ),
      )
      return isSorted && isFirst && isNumeric ? [] : [place]
    })
    expect(wrong).toEqual([])
  })

  test('annotations have a time, a title and a text', () => {
    const annotations = [...found].filter(([place, rows]) => place.includes(': annotation ') && rows.length > 0)
    expect(annotations.length).toBeGreaterThan(3)
    for (const [, [row]] of annotations) expect(Object.keys(row!)).toEqual(['time', 'title', 'text', 'tags'])
  })

  test('links and overrides name columns that are there', () => {
    const wrong = queries.flatMap(({ dashboard, place }) => {
      const panel = panelAt(dashboard, place)
      if (panel === undefined) return []
      const ofPanel = [...found].filter(([other]) => panelAt(dashboard, other) === panel)
      const columns = new Set(ofPanel.flatMap(([, rows]) => Object.keys(rows[0] ?? {})))
      return namedFields(panel)
        .filter((field) => !columns.has(field))
        .map((field) => `${place}: ${field}`)
    })
    expect(wrong).toEqual([])
  })

  test('the numbers are those of the verdict', () => {
    const [verdict] = found.get('davy-deployment: Verdict: A')!
    expect(verdict).toEqual({ decision: 'rollback' })
    const metrics = found.get('davy-deployment: Each metric at the newest look: A')!
    const errors = metrics.find(({ metric_name: name }) => name === 'error-rate')!
    expect(errors.finding).toBe('harm-shown')
    expect(errors.canary as number).toBeGreaterThan(0.3)
    expect(errors.baseline as number).toBeLessThan(0.06)
    // A slice's median of the log-normal durations around 30 ms; its buckets are 2% wide.
    for (const { 'canary p50': median } of found.get('davy-deployment: Duration: A')!) {
      expect(median as number).toBeGreaterThan(0.024)
      expect(median as number).toBeLessThan(0.037)
    }
    const [worst] = found.get('davy-deployment: Operations, by what the canary fails more: A')!
    expect(['GET /cart', 'POST /pay']).toContain(worst!.operation)
    const [line] = found.get('davy-deployment: Error lines, by what is new in the canary: A')!
    expect(line).toMatchObject({ line: 'no connection after <n> ms', baseline: 0 })
    const [history] = found.get('davy-history: Rolled back: A')!
    expect(history).toEqual({ 'rolled back': 0.5 })
  })
})

/** A query that counts always has one row. */
function isSum(rawSql: string): boolean {
  return /^SELECT (count\(\)|countIf|DISTINCT environment)/.test(rawSql.trim())
}

function panelAt(dashboard: Placed['dashboard'], place: string): Panel | undefined {
  return shownPanels(dashboard).find(({ title }) => place.startsWith(`${dashboard.uid}: ${title}: `))
}

/** Fields that overrides match by name, and those that links take values from. */
function namedFields(panel: Panel): readonly string[] {
  const { overrides } = panel.fieldConfig!
  const names = overrides.filter(({ matcher }) => matcher.id === 'byName').map(({ matcher }) => matcher.options)
  const linked = [...JSON.stringify(overrides).matchAll(/__data\.fields\.(\w+)/g)].map(([, field]) => field!)
  return [...new Set([...names, ...linked])]
}
