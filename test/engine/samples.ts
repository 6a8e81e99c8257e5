import type { Deployment } from '../../src/domain/deployment.ts'
import type { Conclusion, Verdict } from '../../src/domain/verdict.ts'
import type { SliceRows } from '../../src/engine/slices.ts'
import { type VerdictFrame, verdictOf } from '../../src/judges/verdict/verdict-of.ts'
import type { RollupRow, VersionRow } from '../../src/storage/rollup-reader.ts'
import { quick } from './lab.ts'

export const startedAt = Date.UTC(2026, 10, 21, 10, 0, 4)

export function aDeployment(changes: Partial<Deployment> = {}): Deployment {
  return {
    namespace: '',
    service: 'checkout',
    environment: 'default',
    id: '01D',
    key: 'key',
    attempt: 1,
    strategy: 'canary',
    canary: { version: '2' },
    baseline: { version: '1' },
    baselineFrom: 'traffic',
    origin: 'api',
    mode: 'enforce',
    template: quick,
    templateDigest: 'sha256:quick',
    plannedWeight: null,
    startedAt: new Date(startedAt).toISOString(),
    createdAt: new Date(startedAt).toISOString(),
    status: 'open',
    outcome: null,
    endedAt: null,
    progress: [],
    override: null,
    supersededBy: null,
    ...changes,
  }
}

function aConclusion(changes: Partial<Conclusion> = {}): Conclusion {
  return {
    decision: 'hold',
    reason: { code: 'UNDERPOWERED', summary: 'Not enough yet.', detail: 'Not enough yet, in detail.' },
    score: 50,
    confidence: { falseRollbackRate: 0.01, falsePromoteRate: 0.05, eValue: 1, promoteEValue: 1 },
    expectedDecisionAt: startedAt + 600_000,
    metrics: [],
    ...changes,
  }
}

export const frame: VerdictFrame = {
  id: '01V',
  look: 3,
  at: startedAt + 60_000,
  engine: 'davy/test',
  publicUrl: 'http://davy.test',
}

export function aVerdict(deployment: Partial<Deployment> = {}, conclusion: Partial<Conclusion> = {}): Verdict {
  return verdictOf(aDeployment(deployment), aConclusion(conclusion), frame)
}

export function aRow(changes: Partial<RollupRow> = {}): RollupRow {
  return {
    namespace: '',
    service: 'checkout',
    environment: 'default',
    version: '1',
    cohort: '',
    replicaSet: '',
    pod: 'a-1',
    at: Math.floor(startedAt / 10_000) * 10_000,
    region: '',
    operation: 'GET /',
    failed: false,
    requests: 10,
    adjusted: 10,
    withThreshold: 0,
    latency: { '800': 6, '810': 4 },
    ...changes,
  }
}

/** Rows of a slice that has requests and whatever else is given. */
export function rowsOf(requests: readonly RollupRow[], others: Partial<SliceRows> = {}): SliceRows {
  return { requests, durations: [], gauges: [], counters: [], counts: [], answers: [], callees: [], ...others }
}

export function aVersion(changes: Partial<VersionRow> = {}): VersionRow {
  return {
    namespace: '',
    service: 'checkout',
    environment: 'default',
    version: '1',
    requests: 1000,
    errors: 10,
    pods: 3,
    firstSeen: startedAt - 3_600_000,
    lastSeen: startedAt,
    ...changes,
  }
}
