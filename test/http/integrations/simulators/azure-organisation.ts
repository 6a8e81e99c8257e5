import { type Platform, startPlatform } from '../../../sinks/simulators/platform.ts'

type Completed = { readonly path: string; readonly result: string }

/** An organisation of Azure DevOps, simulated from its documents: takes the end of checks that wait. */
export async function startAzureOrganisation(): Promise<Platform & { readonly completed: readonly Completed[] }> {
  const completed: Completed[] = []
  const platform = await startPlatform(({ method, path, query, headers, json }) => {
    const token = Buffer.from((headers.authorization ?? '').replace(/^Basic /, ''), 'base64').toString()
    if (token !== ':personal-access-token') return { status: 203, body: '<html>Sign in' }
    if (method !== 'POST' || query.get('api-version') !== '7.1') return { status: 404 }
    if (!/^\/[\w-]+\/_apis\/distributedtask\/hubs\/\w+\/plans\/[\w-]+\/events$/.test(path)) return { status: 404 }
    const { name, taskId, jobId, result } = (json ?? {}) as Record<string, string>
    if (name !== 'TaskCompleted' || !taskId || !jobId || !['succeeded', 'failed'].includes(`${result}`))
      return { status: 400 }
    completed.push({ path, result: `${result}` })
    return { status: 200, body: {} }
  })
  return Object.assign(platform, { completed })
}

/** The body of a check, with what Azure adds by itself. */
export function azureCheck(url: string, plan: string, more: object) {
  return {
    ...{ JobId: 'j-1', PlanId: plan, TimelineId: 't-1', ProjectId: 'p-1', VstsUrl: `${url}/`, AuthToken: 'job-secret' },
    ...{ HubName: 'checks', TaskInstanceId: 'i-1' },
    ...more,
  }
}
