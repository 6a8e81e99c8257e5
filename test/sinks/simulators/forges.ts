import { createPublicKey, generateKeyPairSync, type KeyObject, verify } from 'node:crypto'
import { type Platform, type PlatformAnswer, type PlatformRequest, startPlatform } from './platform.ts'

export const commitHash = '0123456789abcdef0123456789abcdef01234567'
export const githubToken = 'ghp_personal-secret'
const installationToken = 'ghs_installation-secret'

/** A GitHub App's key pair: PKCS#1, as GitHub hands it out. */
export function appKey(): { readonly pem: string; readonly publicKey: KeyObject } {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return { pem: privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(), publicKey: createPublicKey(privateKey) }
}

function isAppToken(token: string, publicKey: KeyObject, at: Date): boolean {
  const [head = '', body = '', signature = ''] = token.split('.')
  if (!verify('sha256', Buffer.from(`${head}.${body}`), publicKey, Buffer.from(signature, 'base64url'))) return false
  const { iss, iat, exp } = JSON.parse(Buffer.from(body, 'base64url').toString())
  const now = at.getTime() / 1000
  return iss === '4711' && iat <= now && exp > now && exp - iat <= 660
}

/** GitHub's REST API, simulated: commits, deployments and both kinds of statuses of the repository shop/checkout. */
export async function startGithub(
  options: { readonly appPublicKey?: KeyObject; readonly at?: Date; readonly deployedRef?: string } = {},
): Promise<Platform> {
  const { appPublicKey, at = new Date(), deployedRef = '2.4.1' } = options
  const description = ({ json }: PlatformRequest) =>
    typeof json?.description === 'string' && json.description.length <= 140

  function answer(request: PlatformRequest): PlatformAnswer {
    const { method, path, query, json } = request
    const rest = path.slice('/repos/shop/checkout'.length)
    if (method === 'GET' && rest === '') return { status: 200, body: { id: 1 } }
    if (method === 'GET' && rest === '/commits/2.4.1') {
      return request.headers.accept === 'application/vnd.github.sha'
        ? { status: 200, body: commitHash }
        : { status: 200, body: { sha: commitHash } }
    }
    if (method === 'GET' && rest === '/deployments') {
      const isMine =
        query.get('environment') === 'production' &&
        (query.get('ref') === deployedRef || query.get('sha') === commitHash)
      return { status: 200, body: isMine ? [{ id: 42 }] : [] }
    }
    if (method === 'POST' && rest === '/deployments/42/statuses') {
      const states = ['error', 'failure', 'inactive', 'in_progress', 'queued', 'pending', 'success']
      return states.includes(String(json?.state)) && description(request)
        ? { status: 201, body: { id: 1 } }
        : { status: 422 }
    }
    if (method === 'POST' && rest === `/statuses/${commitHash}`) {
      const states = ['error', 'failure', 'pending', 'success']
      return states.includes(String(json?.state)) && description(request)
        ? { status: 201, body: { id: 1 } }
        : { status: 422 }
    }
    return { status: 404, body: { message: 'Not Found' } }
  }

  return startPlatform((request) => {
    const token = (request.headers.authorization ?? '').replace(/^Bearer /, '')
    if (request.path === '/app/installations/99/access_tokens') {
      const isApp = appPublicKey !== undefined && isAppToken(token, appPublicKey, at)
      return isApp
        ? { status: 201, body: { token: installationToken } }
        : { status: 401, body: { message: 'Bad credentials' } }
    }
    if (token !== githubToken && token !== installationToken)
      return { status: 401, body: { message: 'Bad credentials' } }
    if (!request.path.startsWith('/repos/shop/checkout')) return { status: 404, body: { message: 'Not Found' } }
    return answer(request)
  })
}

export const gitlabToken = 'glpat-secret-token'

/** GitLab's API v4, simulated: one project, a commit with an open merge request, and a blocked deployment. */
export function startGitlab(): Promise<Platform & { readonly approvals: unknown[] }> {
  const approvals: unknown[] = []
  let state: string | null = null
  const project = '/api/v4/projects/shop%2Fcheckout'

  function answer({ method, path, json, query }: PlatformRequest): PlatformAnswer {
    const rest = path.slice(project.length)
    if (method === 'GET' && rest === '') return { status: 200, body: { id: 1 } }
    if (method === 'GET' && rest === '/repository/commits/2.4.1') return { status: 200, body: { id: commitHash } }
    if (method === 'GET' && rest === `/repository/commits/${commitHash}/merge_requests`)
      return {
        status: 200,
        body: [
          { iid: 6, state: 'merged' },
          { iid: 7, state: 'opened' },
        ],
      }
    if (method === 'GET' && rest === '/deployments') {
      const isMine = query.get('environment') === 'production' && query.get('status') === 'blocked'
      return { status: 200, body: isMine ? [{ id: 9, ref: '2.4.1', sha: commitHash }] : [] }
    }
    if (method === 'POST' && rest === `/statuses/${commitHash}`) {
      if (!['pending', 'running', 'success', 'failed', 'canceled', 'skipped'].includes(String(json?.state)))
        return { status: 400 }
      if (String(json?.description).length > 255 || String(json?.target_url).length > 255) return { status: 400 }
      if (state === json?.state)
        return {
          status: 400,
          body: { message: `Cannot transition status via :run from :${state} (Reason(s): Status cannot transition)` },
        }
      state = String(json?.state)
      return { status: 201, body: { id: 1 } }
    }
    if (method === 'POST' && rest === '/merge_requests/7/status_check_responses') {
      const isFit = json?.sha === commitHash && json?.external_status_check_id === 3
      return isFit && ['pending', 'passed', 'failed'].includes(String(json?.status))
        ? { status: 201, body: {} }
        : { status: 400 }
    }
    if (method === 'POST' && rest === '/deployments/9/approval') {
      if (!['approved', 'rejected'].includes(String(json?.status))) return { status: 400 }
      approvals.push(json)
      return { status: 201, body: {} }
    }
    return { status: 404, body: { message: '404 Not Found' } }
  }

  return startPlatform((request) => {
    if (request.headers['private-token'] !== gitlabToken) return { status: 401, body: { message: '401 Unauthorized' } }
    return request.path.startsWith(project)
      ? answer(request)
      : { status: 404, body: { message: '404 Project Not Found' } }
  }).then((platform) => ({ ...platform, approvals }))
}
