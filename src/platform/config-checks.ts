import type { EventType } from '../domain/sink.ts'
import { isNetwork } from './address-guard.ts'
import { readIntegrationSecrets } from './config-integrations.ts'
import type { Settings } from './config-schema.ts'
import { checkSourceSettings } from './config-sources.ts'
import { placeOfUrl } from './hide-credentials.ts'
import { isLoopbackHost } from './loopback.ts'
import { shownValue } from './schema-faults.ts'

/**
 * An endpoint of the configuration as it is written, with its files read: whether it fits its format is for whoever
 * knows the formats. `secrets` are those of its file, the current one first; `where` is the position of its entry.
 */
export type WebhookConfig = Omit<Settings['webhooks'][number], 'url' | 'events' | 'secretFile' | 'urlFile'> & {
  readonly url: string | null
  readonly events: readonly EventType[] | null
  readonly secrets: readonly string[]
  readonly where: string
}

type Fault = (pointer: string, expected: string, got: string) => void

function httpUrl(text: string): URL | null {
  const url = URL.canParse(text) ? new URL(text) : null
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:') ? url : null
}

function checkStorageUrl(url: string, fault: Fault): void {
  if (/^chdb:.+/.test(url) || httpUrl(url) !== null) return
  fault('/storageUrl', 'chdb:<directory> or an http or https URL', placeOfUrl(url))
}

function checkPorts(value: Settings, fault: Fault): void {
  const seen = new Map<number, string>()
  for (const name of ['port', 'otlpHttpPort', 'otlpGrpcPort'] as const) {
    const taken = seen.get(value[name])
    if (taken !== undefined && value[name] !== 0) fault(`/${name}`, `another port than ${taken}'s`, String(value[name]))
    else seen.set(value[name], name)
  }
}

function checkLimits(value: Settings, fault: Fault): void {
  const { maxBodyBytes, maxDecompressedBytes, inFlightMaxBytes, segmentMaxBytes, backlogMaxBytes } = value.ingest
  if (maxDecompressedBytes < maxBodyBytes) {
    fault('/ingest/maxDecompressedBytes', `at least maxBodyBytes (${maxBodyBytes})`, String(maxDecompressedBytes))
  }
  const largestInMemory = maxBodyBytes + maxDecompressedBytes
  if (inFlightMaxBytes < largestInMemory) {
    const wanted = `at least maxBodyBytes and maxDecompressedBytes together (${largestInMemory})`
    fault('/ingest/inFlightMaxBytes', wanted, String(inFlightMaxBytes))
  }
  if (backlogMaxBytes < segmentMaxBytes) {
    fault('/ingest/backlogMaxBytes', `at least segmentMaxBytes (${segmentMaxBytes})`, String(backlogMaxBytes))
  }
}

function checkedPublicUrl(text: string | undefined, fault: Fault): string | undefined {
  if (text === undefined) return undefined
  const url = httpUrl(text)
  if (url === null || url.username !== '' || url.search !== '' || url.hash !== '') {
    fault('/publicUrl', 'an http or https URL without user, query and fragment', shownValue(text))
  }
  return text.replace(/\/+$/, '')
}

function checkedOrigin(text: string, position: number, fault: Fault): string {
  const origin = httpUrl(text)?.origin
  if (origin !== text.toLowerCase().replace(/\/$/, '')) {
    fault(`/allowedOrigins/${position}`, 'an origin as https://console.example.com', shownValue(text))
  }
  return origin ?? text
}

function checkedHost(text: string, position: number, fault: Fault): string {
  const isHost = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?$/i.test(text)
  if (!isHost)
    fault(`/allowedHosts/${position}`, 'a host as davy.example.com or davy.example.com:8443', shownValue(text))
  return text.toLowerCase()
}

/** One secret a line, without comments; a PEM key, which has several lines, is one secret. */
function secretsIn(text: string): readonly string[] {
  if (/^-----BEGIN [A-Z ]+-----$/m.test(text)) return [text.trim()]
  const lines = text.split('\n').map((line) => line.trim())
  return lines.filter((line) => line !== '' && !line.startsWith('#'))
}

function readSecrets(path: string, pointer: string, readFile: (path: string) => string, fault: Fault) {
  try {
    const secrets = secretsIn(readFile(path))
    if (secrets.length === 0) fault(pointer, 'a file with a secret in a line of it', `an empty file ${path}`)
    return secrets
  } catch (error) {
    fault(pointer, 'a readable file', (error as Error).message)
    return []
  }
}

function checkedWebhook(
  { secretFile, urlFile, url, events, ...webhook }: Settings['webhooks'][number],
  pointer: string,
  whereIs: (pointer: string) => string,
  readFile: (path: string) => string,
  fault: Fault,
): WebhookConfig {
  if (url !== undefined && urlFile !== undefined) fault(`${pointer}/urlFile`, 'either it or url', 'both')
  const fromFile = urlFile === undefined ? [] : readSecrets(urlFile, `${pointer}/urlFile`, readFile, fault)
  if (fromFile.length > 1) fault(`${pointer}/urlFile`, 'a file with one URL', `${fromFile.length} lines`)
  const secrets = secretFile === undefined ? [] : readSecrets(secretFile, `${pointer}/secretFile`, readFile, fault)
  return { ...webhook, url: url ?? fromFile[0] ?? null, events: events ?? null, secrets, where: whereIs(pointer) }
}

function checkNetworks(networks: readonly string[], fault: Fault): void {
  for (const [index, network] of networks.entries()) {
    if (!isNetwork(network))
      fault(`/deliveries/allowedNetworks/${index}`, 'a network as 10.0.0.0/8 or fd00::/8', shownValue(network))
  }
}

/**
 * What the schema cannot say: URLs, ports that collide, files that must be there, and no address beyond loopback
 * without tokens. Every fault is added to `errors` as `<where>: expected …, got …`.
 * @param whereIs The file position or the variable of a JSON pointer.
 * @returns The values that are kept in another form than they are written in.
 */
export function checkSettings(
  value: Settings,
  whereIs: (pointer: string) => string,
  readFile: (path: string) => string,
  errors: string[],
) {
  const fault: Fault = (pointer, expected, got) =>
    errors.push(`${whereIs(pointer)}: ${pointer}: expected ${expected}, got ${got}`)
  checkStorageUrl(value.storageUrl, fault)
  checkPorts(value, fault)
  checkLimits(value, fault)
  checkSourceSettings(value.sources, readFile, fault)
  checkNetworks(value.deliveries.allowedNetworks, fault)
  if (!isLoopbackHost(value.host) && value.tokensFile === undefined) {
    const help = 'a loopback address, or DAVY_TOKENS_FILE (tokensFile) with the tokens of those who may connect'
    fault('/host', help, `${shownValue(value.host)} without tokens`)
  }
  const webhooks = value.webhooks.map((webhook, index) =>
    checkedWebhook(webhook, `/webhooks/${index}`, whereIs, readFile, fault),
  )
  for (const [index, { name }] of webhooks.entries()) {
    const isTaken = webhooks.findIndex((other) => other.name === name) < index
    if (isTaken) fault(`/webhooks/${index}/name`, 'a name that no other webhook has', shownValue(name))
  }
  return {
    publicUrl: checkedPublicUrl(value.publicUrl, fault),
    allowedHosts: value.allowedHosts.map((host, index) => checkedHost(host, index, fault)),
    allowedOrigins: value.allowedOrigins.map((origin, index) => checkedOrigin(origin, index, fault)),
    webhooks,
    integrations: readIntegrationSecrets(
      value.integrations,
      (path, pointer) => readSecrets(path, pointer, readFile, fault),
      fault,
    ),
  }
}
