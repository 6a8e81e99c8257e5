import { type Arm, resolveArm } from '../../domain/cohort.ts'
import type { SourceAnswer, SourceQuestion } from '../../domain/metric-source.ts'
import type { CallsRollupReader } from '../../storage/calls-rollup-reader.ts'
import type { PlacedCallsReader } from '../../storage/placed-calls-reader.ts'
import { CallSum } from './call-sums.ts'
import { callsQueryOf } from './calls-query.ts'

/** So far back a service counts as a caller: one that calls once in a while has had a call. */
const callerMs = 600_000

/** About so many calls are looked at for ten seconds, and for one question: raw spans are read for it. */
const callsATick = 20_000
const mostCalls = 200_000

/**
 * The calls that others make to a service, as they saw them, by the arm that answered: by caller, since callers differ
 * and a version may serve more of one than the other does. What befalls a caller or its network befalls its calls to
 * both arms, so that the difference between the arms at the same time is the canary's.
 */
export async function askCallers(
  reader: Pick<CallsRollupReader, 'requestTimes'>,
  placed: Pick<PlacedCallsReader, 'callers' | 'calls'>,
  { deployment, metric, windows }: SourceQuestion,
  signal: AbortSignal,
): Promise<readonly SourceAnswer[]> {
  const { service } = deployment
  const [from, to] = [windows[0]?.from ?? 0, windows.at(-1)?.to ?? 0]
  const { caller } = callsQueryOf(metric)
  const [named, times] = await Promise.all([
    caller === undefined ? placed.callers(service, from - callerMs, to, signal) : [caller],
    reader.requestTimes(service, from, to, signal),
  ])
  const requests = times.reduce((sum, row) => sum + row.requests, 0)
  const most = Math.min(mostCalls, callsATick * Math.max(1, Math.round((to - from) / 10_000)))
  const oneIn = Math.max(1, Math.ceil(requests / most))
  const rows = await placed.calls({ service, callers: named, from, to, oneIn }, signal)
  return windows.map((window) => {
    const sums: Record<Arm, CallSum> = { baseline: new CallSum(), canary: new CallSum() }
    for (const row of rows) {
      const arm = row.at >= window.from && row.at < window.to ? resolveArm(row, deployment, deployment) : null
      if (arm !== null) sums[arm].add(row.caller, row)
    }
    return { baseline: sums.baseline.slice(), canary: sums.canary.slice() }
  })
}
