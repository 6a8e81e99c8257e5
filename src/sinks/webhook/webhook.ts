import { context, propagation } from '@opentelemetry/api'
import { type Dispatcher, request } from 'undici'
import type { AttemptResult, Endpoint, Message, Sink } from '../../domain/sink.ts'
import { webhookSecretKey, webhookSecretShape } from '../../platform/webhook-secret.ts'
import { cloudEventBody } from './cloud-event.ts'
import { retryAfterSeconds } from './retry-after.ts'
import { signatureHeaders } from './signature.ts'

export type WebhookSinkOptions = {
  /** The source of the events. */
  readonly publicUrl: string
  /** Where connections come from; undici's own when absent. It must not follow redirects. */
  readonly dispatcher?: Dispatcher
  /** For one attempt as a whole; 15 s when absent. */
  readonly timeoutMs?: number
}

const defaultTimeoutMs = 15_000
const drainedBytes = 16_384

/** Network errors hold addresses, which are no secret; nothing else of the message is repeated. */
function networkError(error: unknown, timeoutMs: number, isStopped: boolean): string {
  if (isStopped) return 'stopped before an answer came'
  const { name, code } = error as { name?: string; code?: string | number }
  const isTimeout = name === 'TimeoutError' || /TIMEOUT/.test(String(code))
  return isTimeout ? `no answer within ${timeoutMs} ms` : `the connection failed: ${code ?? name ?? 'unknown error'}`
}

/**
 * A 2xx is a delivery and a 410 ends them. Every other status is worth a retry, as Standard Webhooks has it: a 401 or
 * 404 is mostly a receiver that is being set up, and the schedule has an end of its own. Redirects are not followed,
 * so that no signed verdict goes where nobody configured it.
 */
function resultOf(response: Dispatcher.ResponseData, at: Date): AttemptResult {
  const status = response.statusCode
  if (status >= 200 && status < 300) return { outcome: 'delivered', status }
  if (status === 410) return { outcome: 'gone', status, error: 'the endpoint answered 410 and wants no more messages' }
  const error = status < 400 ? `a redirect (${status}) is not followed` : `the endpoint answered ${status}`
  const seconds = retryAfterSeconds(response.headers['retry-after'], at)
  return { outcome: 'retry', status, error, ...(seconds === null ? {} : { retryAfterSeconds: seconds }) }
}

function keysOf(secrets: readonly string[]): readonly [Buffer, ...Buffer[]] | string {
  const keys: Buffer[] = []
  for (const [index, secret] of secrets.entries()) {
    const key = webhookSecretKey(secret)
    if (key === null) return `secret ${index + 1} of ${secrets.length} is not ${webhookSecretShape}`
    keys.push(key)
  }
  const [first, ...more] = keys
  return first === undefined ? 'the endpoint has no secret, and nothing is sent unsigned' : [first, ...more]
}

function failed(error: string): AttemptResult {
  return { outcome: 'failed', status: null, error }
}

/**
 * A sink that posts CloudEvents, signed by Standard Webhooks. `failed` means that the attempt could not even be made;
 * what the network and the receiver do is `delivered`, `retry` or `gone`. It never throws, and no error text holds a
 * secret or the endpoint's URL.
 */
export function createWebhookSink(options: WebhookSinkOptions): Sink {
  const { publicUrl, dispatcher, timeoutMs = defaultTimeoutMs } = options

  async function deliver(
    endpoint: Endpoint,
    secrets: readonly string[],
    message: Message,
    at: Date,
    signal: AbortSignal,
  ): Promise<AttemptResult> {
    const keys = keysOf(secrets)
    if (typeof keys === 'string') return failed(keys)
    const url = URL.canParse(endpoint.url) ? new URL(endpoint.url) : null
    if (url?.protocol !== 'http:' && url?.protocol !== 'https:') return failed('the URL is not an http or https URL')
    const body = cloudEventBody(message, publicUrl)
    const headers = {
      'content-type': 'application/cloudevents+json',
      'user-agent': 'davy',
      ...signatureHeaders(message.id, at, body, keys),
    }
    propagation.inject(context.active(), headers)
    try {
      const response = await request(url, {
        method: 'POST',
        headers,
        body,
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
        ...(dispatcher === undefined ? {} : { dispatcher }),
      })
      // The status decides. The rest is only read so that the connection can be used again.
      response.body.dump({ limit: drainedBytes }).catch(() => {})
      return resultOf(response, at)
    } catch (error) {
      return { outcome: 'retry', status: null, error: networkError(error, timeoutMs, signal.aborted) }
    }
  }

  return { deliver }
}
