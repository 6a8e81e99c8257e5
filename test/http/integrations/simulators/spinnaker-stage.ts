import type { Caller } from '../../client.ts'

export type StageEnd = 'SUCCEEDED' | 'TERMINAL' | 'RUNNING'

const successStatuses = ['PROMOTE']
const terminalStatuses = ['ROLLBACK', 'INCONCLUSIVE']

/**
 * The webhook stage of Spinnaker, simulated from its source, as deploy/spinnaker has it: the create call, the address of
 * its Location header, and one reading of the status: 5xx is asked again, another error ends the stage. No answer is
 * asked for again with GET and not with POST.
 */
export function spinnakerStage(call: Caller) {
  return {
    async create(payload: object): Promise<{ readonly end: StageEnd; readonly statusUrl: string }> {
      const answer = await call('POST', '/integrations/spinnaker/runs', payload).catch(() => null)
      if (answer === null) return { end: 'TERMINAL', statusUrl: '' }
      const { status, headers } = answer
      if (status >= 500) return { end: 'RUNNING', statusUrl: '' }
      const location = headers.get('location')
      if (status >= 400 || location === null) return { end: 'TERMINAL', statusUrl: '' }
      return { end: 'RUNNING', statusUrl: location }
    },
    async monitor(statusUrl: string): Promise<StageEnd> {
      const { pathname, search } = new URL(statusUrl)
      const answer = await call('GET', pathname + search).catch(() => null)
      if (answer === null) return 'RUNNING'
      const { status, body } = answer
      if (status >= 500 || status === 429) return 'RUNNING'
      if (status >= 400 || typeof body.status !== 'string' || typeof body.progress !== 'string') return 'TERMINAL'
      if (successStatuses.includes(body.status.toUpperCase())) return 'SUCCEEDED'
      return terminalStatuses.includes(body.status.toUpperCase()) ? 'TERMINAL' : 'RUNNING'
    },
  }
}
