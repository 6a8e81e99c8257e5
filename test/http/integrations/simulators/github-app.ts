import { createHmac } from 'node:crypto'
import { appKey } from '../../../sinks/simulators/forges.ts'
import { type Platform, type PlatformRequest, startPlatform } from '../../../sinks/simulators/platform.ts'

export const webhookSecret = 'a-webhook-secret-of-github'
export const sha = '0123456789abcdef0123456789abcdef01234567'

const repository = { id: 1, name: 'checkout', full_name: 'shop/checkout' }

type Review = { readonly run: string; readonly environment: string; readonly state: string; readonly comment: string }

/**
 * GitHub, simulated from its documents: signs webhooks of an App, gives tokens of its installation, and takes reviews of
 * runs that wait for a deployment protection rule, once each.
 */
export type GithubApp = Platform & {
  readonly pem: string
  readonly reviews: readonly Review[]
  /** Answers 503 to reviews as long as it is down. */
  readonly state: { isDown: boolean }
}

export async function startGithubApp(): Promise<GithubApp> {
  const { pem } = appKey()
  const reviews: Review[] = []
  const state = { isDown: false }
  const platform = await startPlatform(({ method, path, headers, json }: PlatformRequest) => {
    if (method === 'POST' && path === '/app/installations/99/access_tokens')
      return { status: 201, body: { token: 'ghs_of-the-installation' } }
    const [, run] = /^\/repos\/shop\/checkout\/actions\/runs\/(\d+)\/deployment_protection_rule$/.exec(path) ?? []
    if (method !== 'POST' || run === undefined) return { status: 404, body: { message: 'Not Found' } }
    if (headers.authorization !== 'Bearer ghs_of-the-installation') return { status: 401 }
    if (state.isDown) return { status: 503 }
    const { environment_name: environment, state: given, comment } = (json ?? {}) as Record<string, string>
    if (environment === undefined || !['approved', 'rejected'].includes(`${given}`) || `${comment}`.length > 1024)
      return { status: 422, body: { message: 'Validation Failed' } }
    if (reviews.some((review) => review.run === run && review.environment === environment))
      return { status: 422, body: { message: 'No pending deployment requests to approve or reject' } }
    reviews.push({ run, environment, state: `${given}`, comment: `${comment}` })
    return { status: 204 }
  })
  return Object.assign(platform, { pem, reviews, state })
}

/** A webhook as GitHub sends it. */
export function hook(event: string, payload: object, secret = webhookSecret) {
  const body = JSON.stringify(payload)
  const headers = {
    'x-github-event': event,
    'x-github-delivery': crypto.randomUUID(),
    'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
  }
  return { body, headers }
}

function deploymentOf(id: number, more: object = {}) {
  return { id, sha, ref: 'v2.4.1', task: 'deploy', environment: 'production', payload: {}, ...more }
}

export function deploymentPayload(id: number, more: object = {}) {
  return { action: 'created', deployment: deploymentOf(id, more), repository, installation: { id: 99 } }
}

export function statusPayload(id: number, state: string, more: object = {}, status: object = {}) {
  return { ...deploymentPayload(id, more), deployment_status: { id: 1, state, log_url: '', target_url: '', ...status } }
}

export function rulePayload(run: number, more: object = {}, api = 'https://api.github.com') {
  return {
    action: 'requested',
    environment: 'production',
    event: 'push',
    deployment_callback_url: `${api}/repos/shop/checkout/actions/runs/${run}/deployment_protection_rule`,
    deployment: deploymentOf(run, more),
    repository,
    installation: { id: 99 },
  }
}
