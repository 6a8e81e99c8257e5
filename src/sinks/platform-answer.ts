import type { AttemptResult, Delivery, HttpResponse, Receipt } from '../domain/sink.ts'
import { clip, plainText } from '../report/messages/plain-text.ts'
import { retryAfterSeconds } from './retry-after.ts'

const longestReason = 200

/** What an attempt ended with when it did not deliver. */
export type Fault = Exclude<AttemptResult, { readonly outcome: 'delivered' | 'skipped' }>

type Secrets = Pick<Delivery, 'secrets'>['secrets']

/** What the platform says of a refusal, cut, on one line and without the endpoint's secrets; '' when it says nothing. */
export function refusalText({ text }: HttpResponse, secrets: Secrets): string {
  const said = messageIn(text)
  const parts = secrets.flatMap((secret) => [secret, ...secret.split(/[\s:]+/)]).filter((part) => part.length >= 4)
  const hidden = parts.toSorted((a, b) => b.length - a.length).reduce((all, part) => all.replaceAll(part, '•••'), said)
  return clip(plainText(hidden), longestReason)
}

/** A part of a path that is so long is no word of an API any more but a key. */
const shortestKey = 16

/** What of an address may be a key, as the addresses of incoming webhooks have it. */
function secretsIn(url: string): readonly string[] {
  const parsed = URL.canParse(url) ? new URL(url) : null
  if (parsed === null) return []
  return [...parsed.searchParams.values(), ...parsed.pathname.split('/').filter((part) => part.length >= shortestKey)]
}

/** APIs put it into one of these fields; another text is repeated when it is short and no page. */
function messageIn(text: string): string {
  const body = jsonIn(text)
  if (typeof body === 'string') return body
  if (typeof body !== 'object' || body === null)
    return text.length <= longestReason && !text.startsWith('<') ? text : ''
  const { message, error, errors, detail } = body as Record<string, unknown>
  const said = [message, error, detail, errors].flatMap((part) => {
    if (typeof part === 'string') return [part]
    return part === undefined || part === null ? [] : [JSON.stringify(part)]
  })
  return said.join(': ')
}

/** The JSON of an answer, or undefined when it is none. */
export function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Statuses of which the same request may be answered otherwise later. */
const passing: ReadonlySet<number> = new Set([408, 409, 423, 425, 429])

const meanings: Readonly<Record<number, string>> = {
  401: 'refused the credentials',
  403: 'does not allow this with these credentials',
  404: 'knows nothing at this address or by this name',
}

/**
 * What an answer that is no success means at a platform whose API is known: what may pass is retried at the time that
 * it names, all else fails at once, since the same request would be refused again. A redirect is not followed.
 * @param platform for the error: 'Grafana'. @param receipt of what was done before this answer.
 */
export function platformFault(response: HttpResponse, delivery: Delivery, platform: string, receipt?: Receipt): Fault {
  const { status, headers } = response
  const kept = receipt === undefined ? {} : { receipt }
  if (passing.has(status) || status >= 500) {
    const seconds = retryAfterSeconds(headers['retry-after'], delivery.at)
    const wait = seconds === null ? {} : { retryAfterSeconds: seconds }
    return { outcome: 'retry', status, error: `${platform} answered ${status}`, ...wait, ...kept }
  }
  if (status >= 300 && status < 400)
    return { outcome: 'failed', status, error: `${platform} redirects (${status}), which is not followed`, ...kept }
  const said = refusalText(response, [...delivery.secrets, ...secretsIn(delivery.endpoint.url)])
  const error = `${platform} ${meanings[status] ?? 'refused the message'} (${status})${said === '' ? '' : `: ${said}`}`
  return { outcome: 'failed', status, error, ...kept }
}

/** Whether a status is a success. */
export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300
}

/** {@link platformFault}, or a delivery. */
export function platformResult(
  response: HttpResponse,
  delivery: Delivery,
  platform: string,
  receipt?: Receipt,
): AttemptResult {
  if (!isSuccess(response.status)) return platformFault(response, delivery, platform, receipt)
  return { outcome: 'delivered', status: response.status, ...(receipt === undefined ? {} : { receipt }) }
}

/** A fault of what the endpoint or the deployment is, that no other attempt would mend. */
export function failed(error: string, status: number | null = null): Fault {
  return { outcome: 'failed', status, error }
}

/** Nothing was sent, and why. */
export function skipped(note: string): AttemptResult {
  return { outcome: 'skipped', note }
}
