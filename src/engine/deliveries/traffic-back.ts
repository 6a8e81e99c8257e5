import type { Standing } from '../../domain/approval.ts'
import { isSameUnit, resolveArm } from '../../domain/cohort.ts'
import type { Deployment } from '../../domain/deployment.ts'
import type { Facts } from '../../storage/facts.ts'
import type { RollupReader, TotalRow } from '../../storage/rollup-reader.ts'
import { requestInstruments } from '../request-source.ts'

const minuteMs = 60_000

/** For the first of these times the canary answers nothing while others do, in which it would have: a small share is seldom asked. */
const quietMs = [1, 4, 15, 60].map((minutes) => minutes * minuteMs)

/** So many requests the canary would have had, by its share of before; by chance, none comes in 1 of 22,000 cases. */
const enoughRequests = 10

/** What is younger may still be under way; the newest ten seconds of a rollup are never whole. */
const underWayMs = 30_000

export type TrafficReaders = {
  readonly facts: Pick<Facts, 'existing'>
  readonly rollups: Pick<RollupReader, 'totals' | 'durationTotals'>
  readonly standing: (deploymentId: string) => Promise<Standing>
  readonly now: () => number
  /** Since when this process takes telemetry, Unix milliseconds: what senders kept before does not come all at once. */
  readonly runsSince: number
}

type Requests = { readonly canary: number; readonly others: number }

/**
 * Whether a deployment that Davy decided to roll back is rolled back: its controller or a person said so, or its canary
 * answered no request for a minute, and for as long as it would have had some by its share, while others of its service
 * did; an hour is enough whatever its share. Silence of all says nothing, and neither does that of a canary that was
 * rolled back for its silence; nor of a service whose requests are neither spans nor histograms that Davy gets.
 */
export async function isTrafficBack(readers: TrafficReaders, deployment: Deployment): Promise<boolean> {
  const { id, endedAt, template } = deployment
  if (endedAt === null) return false
  const said = await readers.facts.existing('rolled-back', [id])
  if (said.size > 0) return true
  const ended = Date.parse(endedAt)
  const since = Math.max(ended, readers.runsSince)
  const to = readers.now() - Math.max(underWayMs, template.watermarkSeconds * 1000)
  const spans = quietMs.filter((ms) => to - ms >= since)
  const [shortest] = spans
  if (shortest === undefined) return false
  const { verdict } = await readers.standing(id)
  if (verdict.reason.code === 'CANARY_SILENT') return false
  const count = (from: number, until: number) => requestsOf(readers, deployment, from, until)
  // Mostly the canary still answers, and nothing else need be read.
  if ((await count(to - shortest, to)).canary > 0) return false
  const before = await count(ended - Math.max(...quietMs), ended)
  for (const ms of spans) {
    const { canary, others } = await count(to - ms, to)
    if (canary > 0) return false
    if (others > 0 && isEnough(before, others, ms)) return true
  }
  return false
}

function isEnough(before: Requests, others: number, ms: number): boolean {
  if (before.canary === 0 || before.others === 0 || ms >= Math.max(...quietMs)) return true
  return (others * before.canary) / before.others >= enoughRequests
}

async function requestsOf(
  { rollups }: TrafficReaders,
  deployment: Deployment,
  from: number,
  to: number,
): Promise<Requests> {
  const { service, template } = deployment
  const instruments = requestInstruments(template)
  const rows: readonly TotalRow[] =
    instruments === null
      ? await rollups.totals([service], from, to)
      : await rollups.durationTotals([service], instruments, from, to)
  let canary = 0
  let others = 0
  for (const row of rows) {
    if (!isSameUnit(row, deployment)) continue
    if (resolveArm(row, deployment, deployment) === 'canary') canary += row.requests
    else others += row.requests
  }
  return { canary, others }
}
