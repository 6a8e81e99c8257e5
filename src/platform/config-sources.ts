import { type Static, Type } from 'typebox'
import { connection, limits, path } from './config-connection.ts'
import { missingOfServices, serviceSchemas } from './config-services.ts'
import { shownValue } from './schema-faults.ts'

const closed = { additionalProperties: false }

const prometheusUrl = Type.String({
  description:
    'What speaks the Prometheus HTTP API: Prometheus, Mimir, Thanos or VictoriaMetrics. With the path before /api/v1.',
})

const prometheus = {
  tenant: Type.Optional(
    Type.String({ minLength: 1, description: 'Sent as X-Scope-OrgID, as Mimir and Cortex ask for it.' }),
  ),
  ...connection,
  ...limits,
}

const accountName = Type.String({
  pattern: '^[a-z0-9][a-z0-9-]{0,62}$',
  description: 'The name that a query gives as its account.',
})

/** The part of the configuration about systems that are asked for metrics. */
export const sourcesSchema = Type.Object(
  {
    prometheus: Type.Object(
      {
        url: Type.Optional(prometheusUrl),
        ...prometheus,
        accounts: Type.Array(Type.Object({ name: accountName, url: prometheusUrl, ...prometheus }, closed), {
          default: [],
          description: 'More of them, each with the same settings and a name; the one above is called default.',
        }),
      },
      { ...closed, default: {}, description: 'A Prometheus that metrics are asked from.' },
    ),
    clickhouse: Type.Object(
      {
        url: Type.Optional(
          Type.String({
            description:
              'A ClickHouse that metrics are asked from in SQL, http(s)://host:8123/database; give it a user that may only read.',
          }),
        ),
        userName: connection.userName,
        passwordFile: connection.passwordFile,
        ...limits,
        mostRows: Type.Integer({
          minimum: 1,
          maximum: 1_000_000,
          default: 100_000,
          description: 'An answer with more rows has failed.',
        }),
      },
      {
        ...closed,
        default: {},
        description: 'A ClickHouse that metrics are asked from; not where Davy keeps its own data.',
      },
    ),
    loki: Type.Object(
      {
        url: Type.Optional(
          Type.String({ description: 'A Loki that metrics are asked from; with the path before /loki/api/v1.' }),
        ),
        tenant: Type.Optional(Type.String({ minLength: 1, description: 'Sent as X-Scope-OrgID.' })),
        ...connection,
        ...limits,
      },
      { ...closed, default: {}, description: 'A Loki that metrics of what was logged are asked from.' },
    ),
    influxdb: Type.Object(
      {
        url: Type.Optional(
          Type.String({
            description: 'An InfluxDB that metrics are asked from in InfluxQL; with the path before /query.',
          }),
        ),
        database: Type.Optional(
          Type.String({
            minLength: 1,
            description: 'Asked where a query names none; of 2.x, what is mapped to a bucket.',
          }),
        ),
        tokenFile: path('A file with an API token of 2.x or 3.x, sent as Token; with 1.x user:password.'),
        ...{ userName: connection.userName, passwordFile: connection.passwordFile },
        ...{ caFile: connection.caFile, certificateFile: connection.certificateFile, keyFile: connection.keyFile },
        ...limits,
      },
      { ...closed, default: {}, description: 'An InfluxDB 1.x, 2.x or 3.x that metrics are asked from.' },
    ),
    graphite: Type.Object(
      {
        url: Type.Optional(
          Type.String({ description: 'A Graphite that metrics are asked from; with the path before /render.' }),
        ),
        ...connection,
        ...limits,
      },
      { ...closed, default: {}, description: 'A Graphite that metrics are asked from.' },
    ),
    ...serviceSchemas,
    http: Type.Object(
      {
        hosts: Type.Array(
          Type.Object(
            {
              origin: Type.String({ description: 'https://host[:port]; every path of it may be asked.' }),
              userName: connection.userName,
              passwordFile: connection.passwordFile,
              bearerTokenFile: connection.bearerTokenFile,
            },
            closed,
          ),
          { default: [], description: 'The only hosts that queries of source http may name.' },
        ),
      },
      { ...closed, default: {}, description: 'Endpoints that answer JSON.' },
    ),
  },
  { ...closed, default: {}, description: 'Systems that are asked for metrics (source of a metric in a template).' },
)

export type SourceSettings = Static<typeof sourcesSchema>

/** One Prometheus as it is configured; paths are absolute or relative to the process. */
export type PrometheusAccount = Readonly<SourceSettings['prometheus']['accounts'][number]>

export type ClickHouseAccount = Readonly<SourceSettings['clickhouse']>
export type LokiAccount = Readonly<SourceSettings['loki']>
export type InfluxDbAccount = Readonly<SourceSettings['influxdb']>
export type GraphiteAccount = Readonly<SourceSettings['graphite']>
export type HttpHost = Readonly<SourceSettings['http']['hosts'][number]>

const fileKeys = [
  ...(['passwordFile', 'bearerTokenFile', 'tokenFile', 'caFile', 'certificateFile', 'keyFile'] as const),
  ...(['apiKeyFile', 'applicationKeyFile', 'credentialsFile'] as const),
] as const

type Connection = { -readonly [Key in (typeof fileKeys)[number]]?: string } & { readonly userName?: string }
type Fault = (pointer: string, expected: string, got: string) => void

function connectionsOf({
  prometheus,
  clickhouse,
  http,
  loki,
  influxdb,
  graphite,
  ...services
}: SourceSettings): readonly (readonly [pointer: string, each: Connection])[] {
  return [
    ['/sources/prometheus', prometheus],
    ...prometheus.accounts.map((account, index) => [`/sources/prometheus/accounts/${index}`, account] as const),
    ['/sources/clickhouse', clickhouse],
    ['/sources/loki', loki],
    ['/sources/influxdb', influxdb],
    ['/sources/graphite', graphite],
    ...(['datadog', 'newRelic', 'cloudWatch'] as const).map((name) => [`/sources/${name}`, services[name]] as const),
    ...http.hosts.map((host, index) => [`/sources/http/hosts/${index}`, host] as const),
  ]
}

/** Makes the paths of a configuration file absolute. */
export function placeSourceFiles(settings: SourceSettings, place: (path: string) => string): void {
  for (const [, connection] of connectionsOf(settings)) {
    for (const key of fileKeys) if (connection[key] !== undefined) connection[key] = place(connection[key])
  }
}

/** What the schema cannot say of the sources. */
export function checkSourceSettings(settings: SourceSettings, readFile: (path: string) => string, fault: Fault): void {
  for (const [pointer, connection] of connectionsOf(settings)) checkConnection(connection, pointer, readFile, fault)
  const { url, accounts } = settings.prometheus
  if (url !== undefined) checkUrl(url, '/sources/prometheus/url', fault)
  for (const name of ['clickhouse', 'loki', 'influxdb', 'graphite', 'datadog', 'newRelic', 'cloudWatch'] as const) {
    const own = settings[name].url
    if (own !== undefined) checkUrl(own, `/sources/${name}/url`, fault)
  }
  for (const { pointer, expected } of missingOfServices(settings)) fault(pointer, expected, 'nothing')
  for (const [index, { origin }] of settings.http.hosts.entries()) {
    if (URL.canParse(origin) && /^https?:/.test(origin) && new URL(origin).origin === origin.replace(/\/$/, ''))
      continue
    fault(`/sources/http/hosts/${index}/origin`, 'https://host or https://host:port without a path', shownValue(origin))
  }
  for (const [index, account] of accounts.entries()) {
    const pointer = `/sources/prometheus/accounts/${index}`
    checkUrl(account.url, `${pointer}/url`, fault)
    const isTaken = account.name === 'default' || accounts.findIndex(({ name }) => name === account.name) < index
    if (isTaken) fault(`${pointer}/name`, 'a name that no other account has', shownValue(account.name))
  }
}

function checkUrl(text: string, pointer: string, fault: Fault): void {
  const url = URL.canParse(text) ? new URL(text) : null
  const isHttp = url !== null && (url.protocol === 'http:' || url.protocol === 'https:')
  if (isHttp && url.username === '' && url.password === '' && url.search === '' && url.hash === '') return
  fault(pointer, 'an http or https URL without user name, password and query', shownValue(text))
}

function checkConnection(
  connection: Connection,
  pointer: string,
  readFile: (path: string) => string,
  fault: Fault,
): void {
  const { userName, passwordFile, bearerTokenFile, tokenFile, certificateFile, keyFile } = connection
  if (passwordFile !== undefined && userName === undefined) {
    fault(`${pointer}/userName`, 'the user of passwordFile', 'nothing')
  }
  for (const [key, file] of Object.entries({ bearerTokenFile, tokenFile })) {
    if (userName !== undefined && file !== undefined) fault(`${pointer}/${key}`, 'either a user or a token', 'both')
  }
  if ((certificateFile === undefined) !== (keyFile === undefined)) {
    const missing = keyFile === undefined ? 'keyFile' : 'certificateFile'
    fault(`${pointer}/${missing}`, 'a certificate together with its key', 'nothing')
  }
  for (const key of fileKeys) {
    const path = connection[key]
    if (path === undefined) continue
    try {
      if (readFile(path).trim() === '') fault(`${pointer}/${key}`, 'a file that is not empty', path)
    } catch (error) {
      fault(`${pointer}/${key}`, 'a readable file', (error as Error).message)
    }
  }
}
