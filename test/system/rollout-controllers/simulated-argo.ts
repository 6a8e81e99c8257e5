import { setTimeout as sleep } from 'node:timers/promises'

/*
 * A simulation of Argo Rollouts' web metric, written from what its sources say it does, for tests without a cluster. The
 * real controller is run by test/controllers.
 */

/** What the shipped gate sets, with an interval that a test can wait for. */
export type MetricRules = {
  readonly intervalMs: number
  readonly errorRetryMs: number
  readonly failureLimit: number
  readonly inconclusiveLimit: number
  readonly consecutiveErrorLimit: number
  readonly consecutiveSuccessLimit: number
  readonly timeoutMs: number
}

type RunPhase = 'Successful' | 'Failed' | 'Inconclusive' | 'Error'

/** How a run ended, and the phase of each measurement. */
export type AnalysisRun = { readonly phase: RunPhase; readonly measurements: readonly string[]; readonly last: unknown }

/** Measures until the rules end the run: `promote` succeeds, `rollback` fails, all else is inconclusive. */
export async function runAnalysis(url: string, body: object, rules: MetricRules): Promise<AnalysisRun> {
  const counts = { failed: 0, inconclusive: 0, consecutiveErrors: 0, consecutiveSuccesses: 0 }
  const measurements: string[] = []
  for (;;) {
    const { phase, result } = await measure(url, body, rules.timeoutMs)
    measurements.push(phase === 'Error' ? `Error: ${result}` : phase)
    counts.consecutiveErrors = phase === 'Error' ? counts.consecutiveErrors + 1 : 0
    if (phase !== 'Error') counts.consecutiveSuccesses = phase === 'Successful' ? counts.consecutiveSuccesses + 1 : 0
    if (phase === 'Failed') counts.failed += 1
    if (phase === 'Inconclusive') counts.inconclusive += 1
    const over = (end: RunPhase): AnalysisRun => ({ phase: end, measurements, last: result })
    if (counts.failed > rules.failureLimit) return over('Failed')
    if (counts.inconclusive > rules.inconclusiveLimit) return over('Inconclusive')
    if (counts.consecutiveErrors > rules.consecutiveErrorLimit) return over('Error')
    if (counts.consecutiveSuccesses >= rules.consecutiveSuccessLimit) return over('Successful')
    await sleep(phase === 'Error' ? rules.errorRetryMs : rules.intervalMs)
  }
}

/** One measurement: anything but a 2xx answer with `gate` in a JSON object is an Error. */
async function measure(url: string, body: object, timeoutMs: number) {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': 'Go-http-client/1.1' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(timeoutMs),
    })
    const text = await response.text()
    if (response.status < 200 || response.status >= 300) return { phase: 'Error' as const, result: response.status }
    const { gate } = JSON.parse(text) as { gate?: { verdict?: string } }
    if (gate === undefined) return { phase: 'Error' as const, result: text }
    if (gate.verdict === 'rollback') return { phase: 'Failed' as const, result: gate }
    return { phase: gate.verdict === 'promote' ? ('Successful' as const) : ('Inconclusive' as const), result: gate }
  } catch (error) {
    return { phase: 'Error' as const, result: String(error) }
  }
}
