import { createHash, createHmac } from 'node:crypto'

/** A static key of AWS; one that is temporary has a session token. */
export type AwsCredentials = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

export type SignedRequest = {
  readonly method: 'GET' | 'POST'
  /** Without a path and a query but `/`. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * The headers that sign a request: `authorization`, `x-amz-date`, and `x-amz-security-token` for temporary keys.
 * Source: AWS, "Signature Version 4", "Create a signed AWS API request".
 *
 * @param at Unix milliseconds
 */
export function signRequest(
  { method, url, headers, body }: SignedRequest,
  { accessKeyId, secretAccessKey, sessionToken }: AwsCredentials,
  { region, service, at }: { readonly region: string; readonly service: string; readonly at: number },
): Readonly<Record<string, string>> {
  const date = new Date(at).toISOString().replace(/[:-]|\.\d{3}/g, '')
  const added = { 'x-amz-date': date, ...(sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }) }
  const signed = Object.entries({ ...headers, ...added, host: new URL(url).host })
    .map(([name, value]) => [name.toLowerCase(), value.trim().replace(/ +/g, ' ')] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  const names = signed.map(([name]) => name).join(';')
  const canonical = [method, '/', '', ...signed.map(([name, value]) => `${name}:${value}`), '', names, sha256(body)]
  const scope = `${date.slice(0, 8)}/${region}/${service}/aws4_request`
  const text = ['AWS4-HMAC-SHA256', date, scope, sha256(canonical.join('\n'))].join('\n')
  const key = scope.split('/').reduce<string | Buffer>((secret, part) => hmac(secret, part), `AWS4${secretAccessKey}`)
  const signature = hmac(key, text).toString('hex')
  const authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`
  return { ...added, authorization }
}

function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex')
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'utf8').digest()
}
