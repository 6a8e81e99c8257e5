import { type Static, Type } from 'typebox'
import { shownValue } from './schema-faults.ts'

const closed = { additionalProperties: false }

const path = (description: string) => Type.Optional(Type.String({ minLength: 1, isPath: true, description }))

/** How a system that Davy queries over HTTP is reached. Secrets are in files, which are read anew while Davy runs. */
const connection = {
  userName: Type.Optional(Type.String({ minLength: 1, description: 'The user of basic authentication.' })),
  passwordFile: path('A file with the password of userName.'),
  bearerTokenFile: path('A file with a bearer token; it may be changed while Davy runs.'),
  caFile: path('The certificates of authorities to trust instead of the system’s, as PEM.'),
  certificateFile: path('The certificate that Davy shows (mTLS), as PEM.'),
  keyFile: path('The key of certificateFile, as PEM.'),
}

const limits = {
  timeoutSeconds: Type.Integer({
    minimum: 1,
    maximum: 60,
    default: 8,
    description: 'A query that takes longer has failed.',
  }),
  concurrency: Type.Integer({ minimum: 1, maximum: 64, default: 4, description: 'So many queries run at a time.' }),
}

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
export type HttpHost = Readonly<SourceSettings['http']['hosts'][number]>

const fileKeys = ['passwordFile', 'bearerTokenFile', 'caFile', 'certificateFile', 'keyFile'] as const

type Connection = { -readonly [Key in (typeof fileKeys)[number]]?: string } & { readonly userName?: string }
type Fault = (pointer: string, expected: string, got: string) => void

function connectionsOf({
  prometheus,
  clickhouse,
  http,
}: SourceSettings): readonly (readonly [pointer: string, each: Connection])[] {
  return [
    ['/sources/prometheus', prometheus],
    ...prometheus.accounts.map((account, index) => [`/sources/prometheus/accounts/${index}`, account] as const),
    ['/sources/clickhouse', clickhouse],
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
  if (settings.clickhouse.url !== undefined) checkUrl(settings.clickhouse.url, '/sources/clickhouse/url', fault)
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
  const { userName, passwordFile, bearerTokenFile, certificateFile, keyFile } = connection
  if (passwordFile !== undefined && userName === undefined) {
    fault(`${pointer}/userName`, 'the user of passwordFile', 'nothing')
  }
  if (userName !== undefined && bearerTokenFile !== undefined) {
    fault(`${pointer}/bearerTokenFile`, 'either a user or a token', 'both')
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
