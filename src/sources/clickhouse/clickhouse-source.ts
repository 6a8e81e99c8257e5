import { readFile } from 'node:fs/promises'
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client'
import { Type } from 'typebox'
import type { CohortSelector } from '../../domain/cohort.ts'
import { DavyError } from '../../domain/errors.ts'
import type { MetricSource, QueryFault, SourceQuestion } from '../../domain/metric-source.ts'
import type { MetricSpec } from '../../domain/template.ts'
import type { ClickHouseAccount } from '../../platform/config-sources.ts'
import { Semaphore } from '../../platform/semaphore.ts'
import { schemaFault } from '../arm-text.ts'
import { armsOfRows, type EvidenceRow, type RowKind, rowKinds, rowNumber, rowNumbers } from '../arms-of-rows.ts'

/** What the `query` of a metric of any kind may say. */
export const clickHouseQuerySchema = Type.Object(
  {
    sql: Type.String({
      minLength: 1,
      maxLength: 20_000,
      description:
        'A SELECT of rows with time, cohort (canary or baseline), pod and operation if they are known, and by kind: ' +
        'errors and total; value (seconds) and count; value; count. Parameters: {from:DateTime64(3)} {to:DateTime64(3)} ' +
        '(exclusive) {service:String} {environment:String} {namespace:String} {canary_version:String} ' +
        '{baseline_version:String} {canary_pods:Array(String)} {baseline_pods:Array(String)}.',
    }),
  },
  { additionalProperties: false },
)

/** A larger answer is refused before it fills the memory. */
const mostBytes = 64 * 2 ** 20

/** A ClickHouse that is asked in SQL: not the one that Davy keeps its own data in, and never written to. */
export function createClickHouseSource(
  account: ClickHouseAccount & { readonly url: string },
): MetricSource & { close(): Promise<void> } {
  const running = new Semaphore(account.concurrency)
  let client: ClickHouseClient | null = null

  function connection(): ClickHouseClient {
    const { url, timeoutSeconds } = account
    client ??= createClient({
      url,
      application: 'davy',
      request_timeout: timeoutSeconds * 1000 + 1000,
      max_open_connections: account.concurrency,
      // What fails is thrown, and logged by those who asked.
      log: { level: ClickHouseLogLevel.OFF },
    })
    return client
  }

  /** Read anew at each question, since a password may change. */
  async function credentials(): Promise<{ auth?: { username: string; password: string } }> {
    const { userName, passwordFile } = account
    if (userName === undefined) return {}
    const password = passwordFile === undefined ? '' : (await readFile(passwordFile, 'utf8')).trim()
    return { auth: { username: userName, password } }
  }

  async function rowsOf(question: SourceQuestion, signal: AbortSignal): Promise<readonly unknown[]> {
    const { sql } = question.metric.query as { readonly sql: string }
    try {
      const answer = await connection().query({
        ...(await credentials()),
        query: sql,
        query_params: parametersOf(question),
        format: 'JSONEachRow',
        abort_signal: signal,
        clickhouse_settings: {
          max_execution_time: account.timeoutSeconds,
          max_result_rows: String(account.mostRows),
          max_result_bytes: String(mostBytes),
          result_overflow_mode: 'throw',
          date_time_output_format: 'unix_timestamp',
          output_format_json_quote_64bit_integers: 0,
          // 2: nothing is written, and a user who may only read may still be asked with these limits.
          readonly: '2',
        },
      })
      return await answer.json<unknown>()
    } catch (error) {
      const said = String((error as Error).message ?? 'no reason was given').slice(0, 300)
      const message = `ClickHouse at ${new URL(account.url).host} could not be asked: ${said.trim().replace(/\s*\.$/, '')}.`
      throw new DavyError('SOURCE_DOWN', message, { expected: 'rows', got: said })
    }
  }

  return {
    kinds: rowKinds,
    check: checkQuery,
    show: ({ metric }) => [String(metric.query?.sql ?? '')],
    async ask(question, signal) {
      const fault = checkQuery(question.metric)
      if (fault !== null) throw new DavyError('SOURCE_DOWN', `expected ${fault.expected}, got ${fault.got}`)
      const kind = question.metric.kind as RowKind
      const rows = await running.run(() => rowsOf(question, signal))
      return armsOfRows(
        kind,
        question.metric.name,
        rows.map((row) => evidenceOf(kind, row)),
        question.windows,
      )
    },
    close: async () => client?.close(),
  }
}

function checkQuery({ query }: MetricSpec): QueryFault | null {
  const value = query ?? {}
  const fault = schemaFault(clickHouseQuerySchema, value)
  if (fault !== null) return fault
  const { sql } = value as { readonly sql: string }
  if (!/^\s*(select|with)\b/i.test(sql)) return { expected: 'a SELECT', got: sql.slice(0, 80), key: '/sql' }
  // What a query sets for itself goes before the limits that it is asked with. The word is refused in texts too, since
  // whether a quote is one is ClickHouse's to say.
  if (/\bsettings\b/i.test(sql)) return { expected: 'a SELECT without the word SETTINGS', got: 'SETTINGS', key: '/sql' }
  const missing = ['from', 'to'].find((name) => !new RegExp(`\\{\\s*${name}\\s*:`).test(sql))
  if (missing === undefined) return null
  return {
    expected: `the parameter {${missing}:DateTime64(3)}, so that only the asked time is read`,
    got: 'none',
    key: '/sql',
  }
}

function parametersOf({ deployment, windows, pods }: SourceQuestion): Record<string, unknown> {
  const { service, environment, namespace, canary, baseline } = deployment
  const seconds = (at: number | undefined): string => ((at ?? 0) / 1000).toFixed(3)
  const podsOf = (cohort: CohortSelector | null, seen: readonly string[] = []) => cohort?.match?.pod ?? seen
  return {
    ...{ from: seconds(windows[0]?.from), to: seconds(windows.at(-1)?.to) },
    ...{ service, environment, namespace },
    canary_version: canary.version ?? '',
    baseline_version: baseline?.version ?? '',
    canary_pods: podsOf(canary, pods?.canary),
    baseline_pods: podsOf(baseline, pods?.baseline),
  }
}

function evidenceOf(kind: RowKind, row: unknown): EvidenceRow {
  const { time, cohort, pod, operation, ...columns } = row as Readonly<Record<string, unknown>>
  if (cohort !== 'canary' && cohort !== 'baseline') {
    const got = JSON.stringify(cohort) ?? 'nothing'
    throw new DavyError('SOURCE_DOWN', `The answer has a row whose cohort is ${got}: expected canary or baseline.`)
  }
  return {
    at: rowNumber('time', time) * 1000,
    arm: cohort,
    pod: typeof pod === 'string' ? pod : '',
    operation: typeof operation === 'string' ? operation : '',
    numbers: Object.fromEntries(rowNumbers[kind].map((name) => [name, rowNumber(name, columns[name])])),
  }
}
