import type { Delivery, HttpResponse } from '../../domain/sink.ts'
import { type Fault, platformFault, refusalText } from '../platform-answer.ts'

/** No limit of GitHub's lasts longer. */
const longestWaitSeconds = 3600

/** The headers of every call. */
export function githubHeaders(token: string): Record<string, string> {
  return {
    accept: 'application/vnd.github+json',
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    'user-agent': 'davy',
    'x-github-api-version': '2022-11-28',
  }
}

/**
 * What an answer that is no success means: GitHub tells of its rate limits with 403 or 429, the primary one by
 * `x-ratelimit-remaining: 0` and the time of its end, the secondary one by `retry-after` or in words alone.
 */
export function githubFault(response: HttpResponse, delivery: Delivery): Fault {
  const { status, headers } = response
  const fault = platformFault(response, delivery, 'GitHub')
  if (status !== 403 && status !== 429) return fault
  const isPrimary = headers['x-ratelimit-remaining'] === '0'
  const isSecondary =
    headers['retry-after'] !== undefined || /rate limit/i.test(refusalText(response, delivery.secrets))
  if (!isPrimary && !isSecondary) return fault
  const reset = Number(headers['x-ratelimit-reset'])
  const untilReset = Number.isFinite(reset) ? Math.ceil(reset - delivery.at.getTime() / 1000) : 60
  const asked = Number(headers['retry-after'])
  const seconds = Number.isFinite(asked) ? asked : isPrimary ? untilReset : 60
  const retryAfterSeconds = Math.min(Math.max(1, seconds), longestWaitSeconds)
  return { outcome: 'retry', status, error: `GitHub's rate limit is reached (${status})`, retryAfterSeconds }
}
