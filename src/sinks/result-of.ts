import type { AttemptResult, HttpResponse, Receipt } from '../domain/sink.ts'
import { retryAfterSeconds } from './retry-after.ts'

/**
 * What an HTTP answer means unless a format knows better. A 2xx is a delivery and a 410 ends them. Every other status
 * is worth a retry, as Standard Webhooks has it: a 401 or 404 is mostly a receiver that is being set up, and the
 * schedule has an end of its own. Redirects are not followed, so that no verdict goes where nobody configured it.
 * @param at The time of the attempt, for a Retry-After that is a date.
 * @param receipt What is kept of a delivery, or of what was done before this answer.
 */
export function resultOf({ status, headers }: HttpResponse, at: Date, receipt?: Receipt): AttemptResult {
  const kept = receipt === undefined ? {} : { receipt }
  if (status >= 200 && status < 300) return { outcome: 'delivered', status, ...kept }
  if (status === 410)
    return { outcome: 'gone', status, error: 'the endpoint answered 410 and wants no more messages', ...kept }
  const isRedirect = status >= 300 && status < 400
  const error = isRedirect ? `a redirect (${status}) is not followed` : `the endpoint answered ${status}`
  const seconds = retryAfterSeconds(headers['retry-after'], at)
  return { outcome: 'retry', status, error, ...(seconds === null ? {} : { retryAfterSeconds: seconds }), ...kept }
}
