import type { Caller } from '../../client.ts'

/**
 * One evaluation of an Azure check in the mode ApiResponse, simulated from its documents: passed when 2xx came in time
 * and `eq(root['verdict'], 'promote')`; else evaluated again until the check's own time is over, and then it fails.
 */
export async function evaluateAzureCheck(call: Caller, body: object): Promise<'passed' | 'evaluated again'> {
  const answer = await call('POST', '/integrations/azure/check', body).catch(() => null)
  const isPassed = answer !== null && answer.status >= 200 && answer.status < 300 && answer.body?.verdict === 'promote'
  return isPassed ? 'passed' : 'evaluated again'
}
