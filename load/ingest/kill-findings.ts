import type { Storage } from '../../src/domain/storage.ts'
import type { Ledger, SentBody } from './kill-senders.ts'
import { type Signal, signals } from './otlp-bodies.ts'

/** What is in the tables of a signal, beside what was acknowledged. */
export type SignalFindings = {
  readonly signal: Signal
  readonly sent: number
  readonly acknowledged: number
  readonly stored: number
  /** Rows beyond the first of an id. */
  readonly doubled: number
  /** Rows with an id that nobody sent. */
  readonly foreign: number
  /** Acknowledged items without a row, by the kill before which they were sent. */
  readonly lost: ReadonlyMap<number, number>
  /** Items in the rollup of the signal. */
  readonly rolledUp: number
}

type IdCount = { readonly id: number; readonly n: number }

const idsOf: Readonly<Record<Signal, string>> = {
  traces: 'SELECT reinterpretAsUInt64(reverse(unhex(SpanId))) AS id FROM otel_traces',
  logs: "SELECT reinterpretAsUInt64(reverse(unhex(LogAttributes['id']))) AS id FROM otel_logs",
  metrics: `SELECT reinterpretAsUInt64(reverse(unhex(Attributes['id']))) AS id FROM otel_metrics_gauge
    UNION ALL SELECT reinterpretAsUInt64(reverse(unhex(Attributes['id']))) AS id FROM otel_metrics_sum`,
}

const rollupOf: Readonly<Record<Signal, string>> = {
  traces: 'rollup_traces_10s',
  logs: 'rollup_logs_10s',
  metrics: 'rollup_metrics_10s',
}

const idsAtOnce = 200_000

/** Compares every id of the ledger with the tables. */
export async function findingsOf(storage: Storage, ledger: Ledger): Promise<readonly SignalFindings[]> {
  const findings: SignalFindings[] = []
  for (const signal of signals) findings.push(await signalFindings(storage, ledger, signal))
  return findings
}

/** Whether everything that was acknowledged is stored, and nothing twice. */
export function isFaultless({ lost, doubled, foreign, stored, rolledUp }: SignalFindings): boolean {
  return lost.size === 0 && doubled === 0 && foreign === 0 && stored === rolledUp
}

async function signalFindings(storage: Storage, ledger: Ledger, signal: Signal): Promise<SignalFindings> {
  const bodies = ledger.bodies[signal]
  const end = ledger.next[signal]
  const lost = new Map<number, number>()
  let stored = 0
  let distinct = 0
  let body = 0
  for (let from = 1; from < end; from += idsAtOnce) {
    const to = Math.min(end, from + idsAtOnce)
    const sql = `SELECT id, count() AS n FROM (${idsOf[signal]}) WHERE id >= {from:UInt64} AND id < {to:UInt64} GROUP BY id`
    const counts = new Map((await storage.query<IdCount>(sql, { from, to })).map(({ id, n }) => [id, n]))
    distinct += counts.size
    for (const n of counts.values()) stored += n
    for (let id = from; id < to; id += 1) {
      while (id >= bodies[body]!.first + bodies[body]!.count) body += 1
      const { isAcknowledged, round } = bodies[body] as SentBody
      if (isAcknowledged && !counts.has(id)) lost.set(round, (lost.get(round) ?? 0) + 1)
    }
  }
  const [all] = await storage.query<{ n: number }>(`SELECT count() AS n FROM (${idsOf[signal]})`)
  const [rollup] = await storage.query<{ n: number }>(`SELECT sum(N) AS n FROM ${rollupOf[signal]}`)
  const acknowledged = bodies.reduce((sum, { isAcknowledged, count }) => sum + (isAcknowledged ? count : 0), 0)
  const rows = all?.n ?? 0
  return {
    ...{ signal, sent: end - 1, acknowledged, stored: rows, doubled: stored - distinct, foreign: rows - stored, lost },
    rolledUp: rollup?.n ?? 0,
  }
}
