import { type Static, Type } from 'typebox'
import { eventTypes } from '../domain/sink.ts'
import { integrationsSchema } from './config-integrations.ts'
import { sourcesSchema } from './config-sources.ts'
import { logLevels } from './logger.ts'

const mebibyte = 1024 * 1024
const closed = { additionalProperties: false }

const days = (byDefault: number, description: string) =>
  Type.Integer({ minimum: 1, maximum: 36_500, default: byDefault, description })
const bytes = (byDefault: number, description: string) =>
  Type.Integer({ minimum: 1024, default: byDefault, description })
const port = (byDefault: number, description: string) =>
  Type.Integer({ minimum: 0, maximum: 65_535, default: byDefault, description })

const ownDays = (description: string) => Type.Optional(Type.Integer({ minimum: 1, maximum: 36_500, description }))

const retention = Type.Object(
  {
    rawDays: days(7, 'Raw spans, metric points and log records are kept this many days.'),
    traceDays: ownDays('Raw spans, if not rawDays.'),
    logDays: ownDays('Raw log records, if not rawDays.'),
    metricDays: ownDays('Raw metric points, if not rawDays.'),
    rollupDays: days(90, 'The rollups that judges read are kept this many days.'),
    traceRollupDays: ownDays('The rollup of requests, if not rollupDays. It is how far back versions are known.'),
    logRollupDays: ownDays('The rollup of log severities, if not rollupDays.'),
    logTemplateDays: ownDays('The rollup of log templates, if not rollupDays.'),
    metricRollupDays: ownDays('The rollup of gauges and counters, if not rollupDays. It has about a row per point.'),
    lookDays: days(730, 'Looks, from which every verdict can be replayed, are kept this many days.'),
    canaryDays: ownDays("Runs of canaries by Kayenta's API, their series and results, if not rollupDays."),
  },
  { ...closed, default: {}, description: 'How long things are kept, in days.' },
)

const ingest = Type.Object(
  {
    maxBodyBytes: bytes(16 * mebibyte, 'The largest request body as it comes over the wire; a larger one gets 413.'),
    maxDecompressedBytes: bytes(64 * mebibyte, 'The largest request body after decompression; a larger one gets 413.'),
    segmentMaxBytes: bytes(16 * mebibyte, 'Bodies are gathered in a file up to this size before they are stored.'),
    segmentMaxAgeMs: Type.Integer({
      minimum: 50,
      maximum: 60_000,
      default: 1000,
      description: 'A file of bodies is stored after this many milliseconds even when it is small.',
    }),
    inFlightMaxBytes: bytes(256 * mebibyte, 'When bodies in memory are this large together, senders get 429.'),
    backlogMaxBytes: bytes(1024 * mebibyte, 'When this much waits to be stored, senders get 429 with Retry-After.'),
  },
  { ...closed, default: {}, description: 'Limits of what is taken in.' },
)

const deliveries = Type.Object(
  {
    allowedNetworks: Type.Array(Type.String({ minLength: 1 }), {
      default: [],
      description:
        'Networks that endpoints may be in although they are not public, as 10.0.0.0/8. Without them Davy sends nothing to private, link-local and metadata addresses; to loopback only while it listens on loopback itself.',
    }),
  },
  { ...closed, default: {}, description: 'How messages are sent.' },
)

const names = (description: string) =>
  Type.Array(Type.String({ minLength: 1, maxLength: 256 }), { default: [], description })

const webhook = Type.Object(
  {
    name: Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,62}$', description: 'The id of the endpoint.' }),
    format: Type.String({
      minLength: 1,
      default: 'cloudevents',
      description: 'What is sent: cloudevents, or another of the formats that GET /api/v1/formats lists.',
    }),
    url: Type.Optional(
      Type.String({
        description: 'Where it is sent, without user name and password. Some formats know it by themselves.',
      }),
    ),
    secretFile: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'A file with the secret or token of the format, one a line (a PEM key as it is); while it is changed, both.',
      }),
    ),
    urlFile: Type.Optional(
      Type.String({ minLength: 1, description: 'A file with the url, for formats whose url is a secret.' }),
    ),
    events: Type.Optional(
      Type.Array(Type.Enum([...eventTypes]), {
        minItems: 1,
        description:
          'verdict.changed: every change of decision or reason. verdict.decided: promote, rollback and final ones only. deployment.started, deployment.finished. If left out, what the format is about: verdict.changed for cloudevents.',
      }),
    ),
    services: names('Only of these services; empty: of all.'),
    environments: names('Only of these environments; empty: of all.'),
    decisions: Type.Array(Type.Enum(['promote', 'hold', 'rollback']), {
      default: [],
      description: 'Only verdicts with these decisions; empty: all.',
    }),
    options: Type.Record(Type.String(), Type.String(), {
      default: {},
      description: 'Settings of the format, such as a channel, as GET /api/v1/formats lists them.',
    }),
    act: Type.Boolean({
      default: false,
      description:
        'true: a format that can change something, such as a feature flag, does; false: it says what it would do.',
    }),
  },
  closed,
)

/**
 * Everything that can be configured, with its default and its description: the YAML file, the environment variables,
 * the checks and the reference all come from here. A property `ingest.maxBodyBytes` is the variable
 * DAVY_INGEST_MAX_BODY_BYTES. `secret: true` marks what may hold a password and can come from a file by …_FILE;
 * `isPath: true` what is a path, relative to the file that names it.
 */
export const configSchema = Type.Object(
  {
    storageUrl: Type.String({
      default: 'chdb:./data',
      secret: true,
      description:
        'chdb:<directory> for the embedded ClickHouse, or http(s)://[user:password@]host:8123[?cluster=name].',
    }),
    host: Type.String({
      minLength: 1,
      default: '127.0.0.1',
      description: 'The address to listen on. Anything but loopback needs tokensFile.',
    }),
    port: port(8080, 'The HTTP port of the API, the pages, the probes and the metrics. 0 takes a free one.'),
    otlpHttpPort: port(4318, 'The port of OTLP over HTTP. 0 takes a free one.'),
    otlpGrpcPort: port(4317, 'The port of OTLP over gRPC. 0 takes a free one.'),
    drainMs: Type.Integer({
      minimum: 0,
      maximum: 300_000,
      default: 0,
      description:
        'After SIGTERM /readyz answers 503 and everything else is served on for so many milliseconds, until load balancers have noticed. The grace period of whoever stops Davy must be this and 30 seconds.',
    }),
    publicUrl: Type.Optional(
      Type.String({ description: 'How people reach Davy, for links in messages. By default http://localhost:<port>.' }),
    ),
    logLevel: Type.Enum([...logLevels], { default: 'info', description: 'The least level that is logged.' }),
    tokensFile: Type.Optional(
      Type.String({
        minLength: 1,
        isPath: true,
        description: 'A YAML file with the names, roles and hashes of tokens.',
      }),
    ),
    allowedHosts: Type.Array(Type.String({ minLength: 1 }), {
      default: [],
      description: 'Values of the Host header that are taken beside loopback names and the host of publicUrl.',
    }),
    allowedOrigins: Type.Array(Type.String({ minLength: 1 }), {
      default: [],
      description: 'Origins whose pages may write, beside that of publicUrl, as https://console.example.com.',
    }),
    templatesDirectory: Type.Optional(
      Type.String({
        minLength: 1,
        isPath: true,
        description: 'A directory with templates as YAML files, read at start.',
      }),
    ),
    deploymentExpiryHours: Type.Integer({
      minimum: 1,
      maximum: 8760,
      default: 24,
      description: 'A deployment that nobody polls or feeds is closed as EXPIRED after this many hours.',
    }),
    killSwitch: Type.Boolean({
      default: false,
      description: 'true: every gate answers wait, whatever the verdicts are.',
    }),
    retention,
    ingest,
    deliveries,
    sources: sourcesSchema,
    integrations: integrationsSchema,
    webhooks: Type.Array(webhook, { default: [], description: 'Endpoints that get messages.' }),
  },
  closed,
)

/** The configuration as its schema describes it, before defaults that depend on other values. */
export type Settings = Static<typeof configSchema>

/** The part of a JSON Schema that the readers and the reference use. */
export type SettingSchema = {
  readonly type?: string
  readonly enum?: readonly string[]
  readonly items?: SettingSchema
  readonly properties?: Readonly<Record<string, SettingSchema>>
  readonly default?: unknown
  readonly description?: string
  readonly secret?: boolean
  readonly isPath?: boolean
}

/** One value that can be set: its path in the file and its variable (null: only in the file). */
export type Setting = {
  readonly path: readonly string[]
  readonly variable: string | null
  readonly schema: SettingSchema
}

function variableOf(path: readonly string[]): string {
  const words = path.map((part) => part.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase())
  return `DAVY_${words.join('_')}`
}

function leaves(schema: SettingSchema, path: readonly string[]): Setting[] {
  if (schema.properties !== undefined) {
    return Object.entries(schema.properties).flatMap(([key, inner]) => leaves(inner, [...path, key]))
  }
  const isListOfObjects = schema.items?.properties !== undefined
  return [{ path, variable: isListOfObjects ? null : variableOf(path), schema }]
}

/** All settings in the order of the schema. */
export const settings: readonly Setting[] = leaves(configSchema as unknown as SettingSchema, [])
