import type { Delivery, HttpResponse } from '../../domain/sink.ts'
import { type Fault, jsonIn, platformFault } from '../platform-answer.ts'

/** What Slack's Web API said of a call; `error` is one of its own words, such as `ratelimited`. */
export type SlackAnswer =
  | { readonly ok: true; readonly channel: string; readonly ts: string }
  | { readonly ok: false; readonly error: string }

/** Errors of which Slack says that they pass. */
const passing: ReadonlySet<string> = new Set([
  'ratelimited',
  'rate_limited',
  'message_limit_exceeded',
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
  'team_added_to_org',
])

/** Errors of an edit of a message, or of a reply to one, that is not there any more: a new one takes its place. */
const lost: ReadonlySet<string> = new Set([
  ...['message_not_found', 'cant_update_message', 'edit_window_closed'],
  ...['thread_not_found', 'cannot_reply_to_message'],
])

/** Whether the message that was to be edited or replied to is lost. */
export function isLost(answer: SlackAnswer | null): boolean {
  return answer !== null && !answer.ok && lost.has(answer.error)
}

/** A Web API answer: a 200 says in its body whether it was done. Null when it is no such answer. */
export function slackAnswer({ status, text }: HttpResponse): SlackAnswer | null {
  if (status !== 200) return null
  const body = jsonIn(text)
  if (typeof body !== 'object' || body === null) return null
  const { ok, error, channel, ts } = body as Record<string, unknown>
  if (ok === false) return { ok, error: typeof error === 'string' ? error.slice(0, 64) : 'unknown error' }
  if (ok !== true || typeof channel !== 'string' || typeof ts !== 'string') return null
  return { ok, channel, ts }
}

/** What an answer that is no success means: Slack says it by status or, with 200, by a word. */
export function slackFault(response: HttpResponse, answer: SlackAnswer | null, delivery: Delivery): Fault {
  if (answer === null || answer.ok) {
    if (response.status !== 200) return platformFault(response, delivery, 'Slack')
    return { outcome: 'retry', status: 200, error: 'Slack answered 200 with something else than its API does' }
  }
  const error = `Slack refused the message: ${answer.error}`
  return { outcome: passing.has(answer.error) ? 'retry' : 'failed', status: response.status, error }
}

/** Incoming webhooks answer in words; these mean that the address will never work again. */
const ended = /^(?:no_service|no_service_id|no_team|team_disabled)$/

/** What the answer of an incoming webhook means when it is no success. */
export function incomingFault(response: HttpResponse, delivery: Delivery): Fault {
  const { status, text } = response
  if (status === 410 || (status >= 400 && status < 500 && ended.test(text.trim()))) {
    return { outcome: 'gone', status, error: `Slack says that the webhook is no more (${status})` }
  }
  return platformFault(response, delivery, 'Slack')
}
