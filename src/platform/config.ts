import { dirname, resolve } from 'node:path'
import { Value } from 'typebox/value'
import { DavyError } from '../domain/errors.ts'
import { checkSettings, type WebhookConfig } from './config-checks.ts'
import { type Environment, readEnvironment } from './config-env.ts'
import { placeIntegrationFiles, type SignedIntegration } from './config-integrations.ts'
import { configSchema, type Settings, settings } from './config-schema.ts'
import { placeSourceFiles } from './config-sources.ts'
import { type LocatedYaml, parseLocatedYaml } from './config-yaml.ts'
import { isLoopbackHost } from './loopback.ts'
import { schemaFaults } from './schema-faults.ts'

type OwnKeys = 'publicUrl' | 'tokensFile' | 'templatesDirectory' | 'webhooks' | 'allowedHosts' | 'allowedOrigins'

/** What Davy runs with. The properties are described in the schema; paths are absolute or relative to the process. */
export type Config = Readonly<Omit<Settings, OwnKeys | 'retention' | 'ingest' | 'integrations'>> & {
  readonly retention: Readonly<Settings['retention']>
  readonly ingest: Readonly<Settings['ingest']>
  /** Without a slash at its end. With port 0 and none configured it ends in `:0` until a port is chosen. */
  readonly publicUrl: string
  readonly tokensFile: string | null
  readonly templatesDirectory: string | null
  readonly allowedHosts: readonly string[]
  readonly allowedOrigins: readonly string[]
  readonly webhooks: readonly WebhookConfig[]
  /** Secrets that platforms sign their calls with, by their name; the current one first. */
  readonly integrations: Readonly<Record<SignedIntegration, readonly string[]>>
  /** Where Davy's own traces go, the full URL; null: nowhere. */
  readonly tracesEndpoint: string | null
}

/** How Davy is reached when nobody configured it: the bound host, or localhost for loopback and wildcard addresses. */
export function defaultPublicUrl(host: string, port: number): string {
  const isWildcard = host === '0.0.0.0' || host === '::'
  const name = isWildcard || isLoopbackHost(host) ? 'localhost' : host.includes(':') ? `[${host}]` : host
  return `http://${name}:${port}`
}

function readYaml(path: string, readFile: (path: string) => string, errors: string[]): LocatedYaml {
  try {
    const yaml = parseLocatedYaml(readFile(path), path)
    errors.push(...yaml.errors)
    return yaml
  } catch (error) {
    errors.push(`DAVY_CONFIG: expected a readable file, got ${(error as Error).message}`)
    return parseLocatedYaml('', path)
  }
}

function setAt(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let here = target
  for (const key of path.slice(0, -1)) here = here[key] as Record<string, unknown>
  here[path.at(-1)!] = value
}

function besideConfig(file: string, path: string): string {
  return resolve(dirname(file), path)
}

/** The file's settings with defaults filled in, its paths made absolute. Faults go to `errors`. */
function fileSettings(yaml: LocatedYaml, file: string, errors: string[]): Settings {
  const given = yaml.value ?? {}
  const value = Value.Default(configSchema, structuredClone(given)) as Settings
  for (const fault of schemaFaults(configSchema, Value.Errors(configSchema, value), value)) {
    errors.push(`${yaml.locate(fault.pointer)}: ${fault.pointer}: expected ${fault.expected}, got ${fault.got}`)
  }
  if (errors.length > 0) return Value.Create(configSchema)
  for (const { path, schema } of settings) {
    const name = path[0] as 'tokensFile' | 'templatesDirectory'
    if (path.length === 1 && schema.isPath === true && value[name] !== undefined)
      value[name] = besideConfig(file, value[name])
  }
  placeSourceFiles(value.sources, (path) => besideConfig(file, path))
  placeIntegrationFiles(value.integrations, (path) => besideConfig(file, path))
  for (const webhook of value.webhooks) {
    if (webhook.secretFile !== undefined) webhook.secretFile = besideConfig(file, webhook.secretFile)
    if (webhook.urlFile !== undefined) webhook.urlFile = besideConfig(file, webhook.urlFile)
  }
  return value
}

function tracesEndpoint(env: Environment): string | null {
  if (env.OTEL_SDK_DISABLED?.toLowerCase() === 'true' || env.OTEL_TRACES_EXPORTER === 'none') return null
  if (env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) return env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT
  if (!env.OTEL_EXPORTER_OTLP_ENDPOINT) return null
  return `${env.OTEL_EXPORTER_OTLP_ENDPOINT.replace(/\/+$/, '')}/v1/traces`
}

function raise(errors: readonly string[]): never {
  const count = errors.length === 1 ? 'one error' : `${errors.length} errors`
  throw new DavyError('CONFIG', `The configuration has ${count}:\n${errors.map((each) => `  ${each}`).join('\n')}`)
}

/**
 * The configuration from the YAML file that DAVY_CONFIG names, overridden by DAVY_ variables, and the standard OTEL_
 * variables for Davy's own traces.
 * @param readFile The text of a file; throws when there is none.
 * @throws DavyError CONFIG with all errors, each with its file, line and column or its variable. Never with a secret.
 */
export function loadConfig(env: Environment, readFile: (path: string) => string): Config {
  const errors: string[] = []
  const file = env.DAVY_CONFIG ?? ''
  const yaml = file === '' ? parseLocatedYaml('', '') : readYaml(file, readFile, errors)
  const value = fileSettings(yaml, file, errors)
  const environment = readEnvironment(env, readFile)
  errors.push(...environment.errors)
  if (errors.length > 0) raise(errors)
  const variables = new Map<string, string>()
  for (const { setting, variable, value: override } of environment.values) {
    setAt(value, setting.path, override)
    variables.set(`/${setting.path.join('/')}`, variable)
  }
  const whereIs = (pointer: string) => variables.get(pointer) ?? (file === '' ? pointer : yaml.locate(pointer))
  const { webhooks, integrations, ...checked } = checkSettings(value, whereIs, readFile, errors)
  if (errors.length > 0) raise(errors)
  return {
    ...value,
    ...checked,
    publicUrl: checked.publicUrl ?? defaultPublicUrl(value.host, value.port),
    tokensFile: value.tokensFile ?? null,
    templatesDirectory: value.templatesDirectory ?? null,
    webhooks,
    integrations,
    tracesEndpoint: tracesEndpoint(env),
  }
}
