import { type Platform, startPlatform } from '../../../sinks/simulators/platform.ts'

export const gitlabSecret = 'a-webhook-secret-of-gitlab'
export const gitlabSha = 'fedcba9876543210fedcba9876543210fedcba98'

const project = {
  id: 15,
  name: 'basket',
  path_with_namespace: 'shop/basket',
  web_url: 'https://gitlab.example.com/shop/basket',
}

type Answer = { readonly path: string; readonly status: string }

/** GitLab's API v4 of one project, simulated from its documents: approvals of deployments and answers to status checks. */
export async function startGitlabProject(): Promise<Platform & { readonly answers: readonly Answer[] }> {
  const answers: Answer[] = []
  const platform = await startPlatform(({ method, path, headers, json }) => {
    if (headers['private-token'] !== 'glpat-token') return { status: 401 }
    const [, rest] = /^\/api\/v4\/projects\/(?:15|shop%2Fbasket)(\/.+)$/.exec(path) ?? []
    if (method !== 'POST' || rest === undefined) return { status: 404, body: { message: '404 Not Found' } }
    const isApproval = /^\/deployments\/\d+\/approval$/.test(rest)
    const isCheck = /^\/merge_requests\/\d+\/status_check_responses$/.test(rest) && json?.sha === gitlabSha
    if (!isApproval && !isCheck) return { status: 404, body: { message: '404 Not Found' } }
    const statuses = isApproval ? ['approved', 'rejected'] : ['pending', 'passed', 'failed']
    if (!statuses.includes(String(json?.status))) return { status: 400 }
    answers.push({ path: rest, status: String(json?.status) })
    return { status: 201, body: {} }
  })
  return Object.assign(platform, { answers })
}

/** The event of a deployment. */
export function gitlabDeployment(number: number, status: string, more: object = {}) {
  return {
    ...{ object_kind: 'deployment', status, deployment_id: number, deployable_id: 1, environment: 'production' },
    ...{
      project,
      short_sha: gitlabSha.slice(0, 8),
      commit_url: `${project.web_url}/-/commit/${gitlabSha}`,
      ref: 'main',
    },
    ...more,
  }
}

/** What an external status check is called with. */
export function gitlabStatusCheck(mergeRequest: number, rule: number) {
  return {
    ...{ object_kind: 'merge_request', event_type: 'merge_request', project },
    object_attributes: { iid: mergeRequest, source_branch: 'faster', last_commit: { id: gitlabSha } },
    external_approval_rule: { id: rule, name: 'davy', external_url: 'https://davy.example.com/integrations/gitlab' },
  }
}
