import type { Settings } from './config-schema.ts'
import { isLoopbackHost } from './loopback.ts'
import { shownValue } from './schema-faults.ts'
import { webhookSecretKey, webhookSecretShape } from './webhook-secret.ts'

/** An endpoint of the configuration; `secrets` are the `whsec_` lines of its file, the current one first. */
export type WebhookConfig = {
  readonly name: string
  readonly url: string
  readonly secrets: readonly string[]
  readonly events: readonly ('verdict.changed' | 'verdict.decided')[]
}

type Fault = (pointer: string, expected: string, got: string) => void

function httpUrl(text: string): URL | null {
  const url = URL.canParse(text) ? new URL(text) : null
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:') ? url : null
}

function checkStorageUrl(url: string, fault: Fault): void {
  if (/^chdb:.+/.test(url) || httpUrl(url) !== null) return
  fault('/storageUrl', 'chdb:<directory> or an http or https URL', shownValue(url))
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

function readSecrets(path: string, pointer: string, readFile: (path: string) => string, fault: Fault): string[] {
  try {
    const lines = readFile(path).split('\n')
    const secrets = lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'))
    if (secrets.length === 0) fault(pointer, `a file with a line of ${webhookSecretShape}`, `an empty file ${path}`)
    for (const [index, secret] of secrets.entries()) {
      if (webhookSecretKey(secret) === null)
        fault(pointer, webhookSecretShape, `another form in secret ${index + 1} of ${path}`)
    }
    return secrets
  } catch (error) {
    fault(pointer, 'a readable file', (error as Error).message)
    return []
  }
}

function checkedWebhook(
  webhook: Settings['webhooks'][number],
  pointer: string,
  readFile: (path: string) => string,
  fault: Fault,
): WebhookConfig {
  const url = httpUrl(webhook.url)
  if (url === null || url.username !== '' || url.password !== '') {
    fault(`${pointer}/url`, 'an http or https URL without user name and password', shownValue(webhook.url))
  }
  const secrets = readSecrets(webhook.secretFile, `${pointer}/secretFile`, readFile, fault)
  return { name: webhook.name, url: webhook.url, secrets, events: webhook.events }
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
  if (!isLoopbackHost(value.host) && value.tokensFile === undefined) {
    const help = 'a loopback address, or DAVY_TOKENS_FILE (tokensFile) with the tokens of those who may connect'
    fault('/host', help, `${shownValue(value.host)} without tokens`)
  }
  const webhooks = value.webhooks.map((webhook, index) =>
    checkedWebhook(webhook, `/webhooks/${index}`, readFile, fault),
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
  }
}
