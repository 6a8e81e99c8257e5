import { seriesJudges } from '../../../src/judges/index.ts'
import { podScatter } from '../../../src/judges/rollout/pod-spread.ts'
import type {
  Edge,
  MeshSeries,
  PodSeries,
  Point,
  RolloutInput,
  RolloutPod,
} from '../../../src/judges/rollout/rollout-input.ts'
import { completePolicy } from '../../../src/judges/rollout/rollout-policy.ts'
import { judgeSeries } from '../../../src/judges/series-judge.ts'
import type { DataFolder } from '../data-folder.ts'
import { dataSet, type SetScore } from '../data-set.ts'
import { decisionScore, type Scored, share } from '../scores.ts'

type Series = {
  readonly group: 'baseline' | 'canary' | 'system'
  readonly entity: string
  readonly metric: string
  readonly labels: { readonly edge?: string }
  readonly t: readonly number[]
  readonly v: readonly (number | null)[]
}

/** One line of `cases.jsonl.gz`; times in seconds. */
export type ReleaseCase = {
  readonly case_id: string
  readonly incident_id: string
  readonly service: string
  readonly change_start: number
  readonly steps: readonly {
    readonly ts: number
    readonly canary_pods: readonly string[]
    readonly removed: readonly string[]
  }[]
  readonly interval_s: number
  readonly series: readonly Series[]
}

type Truth = { readonly case_id: string; readonly label: 'bad' | 'good'; readonly incident_culprit: string }

/** One release as judged; `place` counts from 1 = most suspect of its incident's releases. */
export type JudgedRelease = {
  readonly caseId: string
  readonly incidentId: string
  readonly service: string
  readonly decision: Scored['decision']
  readonly reason: string
  readonly harm: number
  readonly place: number
}

const policy = { onSilence: 'rollback' } as const
const { gauges } = completePolicy(policy)

/** Real canary releases, several at a time and one of them bad: per release a decision, per incident its culprit. */
export const canaryReleases = dataSet<JudgedRelease[]>({
  name: 'canary-releases',
  references: [
    {
      who: 'Mann-Whitney, silent canary = bad',
      score: { precision: 0.63, recall: 0.73, f1: 0.68, falsePositiveRate: 0.12 },
    },
    { who: 'published culprit rankings', score: { hitRateAt1: 0.88 } },
  ],
  judge: judgeReleases,
  score: (judged, folder) => ({ 'canary-releases': scoreReleases(judged, folder.jsonLines<Truth>('truth.jsonl')) }),
})

function judgeReleases(folder: DataFolder, progress: (done: number, of: number) => void): JudgedRelease[] {
  const cases = folder.jsonLines<ReleaseCase>('cases.jsonl.gz')
  const incidents = Map.groupBy(cases, (one) => one.incident_id)
  const scatters = cases.map((one) => ({
    incident: one.incident_id,
    scatter: podScatter(rolloutOf(one, []), gauges),
  }))
  let done = 0
  return [...incidents].flatMap(([incident, members]) => {
    const others = scatters.filter((one) => one.incident !== incident).flatMap(({ scatter }) => scatter)
    const mesh = meshOf(members)
    const rollouts = members.map((one) => rolloutOf(one, mesh))
    const judgement = judgeSeries(seriesJudges.rollouts, { rollouts, history: others, policy })
    done += members.length
    progress(done, cases.length)
    return members.map((one, i) => ({
      caseId: one.case_id,
      incidentId: incident,
      service: one.service,
      decision: judgement.rollouts[i]!.decision,
      reason: judgement.rollouts[i]!.reason.code,
      harm: judgement.rollouts[i]!.harm,
      place: judgement.ranking.indexOf(i) + 1,
    }))
  })
}

/**
 * Decisions over all releases, and the culprit's place over the incidents whose culprit is among the releases.
 *
 * @throws Error when a release has no truth
 */
export function scoreReleases(judged: readonly JudgedRelease[], truths: readonly Truth[]): SetScore {
  const truthOf = new Map(truths.map((truth) => [truth.case_id, truth]))
  const known = judged.map((release) => {
    const truth = truthOf.get(release.caseId)
    if (truth === undefined) throw new Error(`expected a line of truth.jsonl for ${release.caseId}`)
    return { release, truth }
  })
  const culprits = known.filter(({ release, truth }) => release.service === truth.incident_culprit)
  const within = (most: number) => culprits.filter(({ release }) => release.place <= most).length
  return {
    ...decisionScore(
      known.map(({ release, truth }) => ({
        isBad: truth.label === 'bad',
        decision: release.decision,
        harm: release.harm,
      })),
    ),
    hitRateAt1: share(within(1), culprits.length),
    hitRateAt3: share(within(3), culprits.length),
  }
}

/** One case in the judge's words. Latency is repeated for every edge of a pod: the first stands for all. */
export function rolloutOf(one: ReleaseCase, mesh: readonly MeshSeries[]): RolloutInput {
  const ofPods = one.series.filter(({ group }) => group !== 'system')
  const seen = new Set<string>()
  const series = ofPods.flatMap((raw): PodSeries[] => {
    if (raw.metric === 'success_rate_pct') {
      const points = sharesOf(raw)
      const edge = edgeOf(raw)
      return [{ kind: 'proportion', pod: raw.entity, metric: 'success', direction: 'decrease', edge, points }]
    }
    const metric = gaugeNames.get(raw.metric)
    const key = `${raw.entity} ${raw.metric}`
    if (metric === undefined || seen.has(key)) return []
    seen.add(key)
    const points = raw.t.map((at, i) => ({ at, value: raw.v[i] ?? null }))
    return [{ kind: 'gauge', pod: raw.entity, metric, direction: 'increase', points }]
  })
  return {
    service: one.service,
    changeStart: one.change_start,
    intervalSeconds: one.interval_s,
    pods: podsOf(one, ofPods),
    series,
    mesh,
  }
}

/** Memory is left out: `mem_pct` is the machine's, equal for all pods on it, and node_* say so themselves. */
const gaugeNames = new Map([
  ['latency_ms', 'latency'],
  ['cpu_pct', 'cpu'],
])

function podsOf(one: ReleaseCase, ofPods: readonly Series[]): RolloutPod[] {
  const removedAt = new Map(one.steps.flatMap(({ ts, removed }) => removed.map((name) => [name, ts] as const)))
  const baselines = Map.groupBy(
    ofPods.filter(({ group }) => group === 'baseline'),
    ({ entity }) => entity,
  )
  return [
    ...[...baselines].map(([name, series]) => ({
      name,
      role: 'baseline' as const,
      readyAt: Math.min(...series.map(({ t }) => t[0] ?? Infinity)),
      removedAt: removedAt.get(name) ?? null,
    })),
    ...one.steps.flatMap(({ ts, canary_pods }) =>
      canary_pods.map((name) => ({ name, role: 'canary' as const, readyAt: ts, removedAt: null })),
    ),
  ]
}

/** All edges that the releases of one incident know, each once: as the caller saw it, else as the called one did. */
function meshOf(members: readonly ReleaseCase[]): MeshSeries[] {
  const system = members.flatMap(({ series }) => series.filter(({ group }) => group === 'system'))
  const edges = new Map<string | undefined, MeshSeries>()
  for (const metric of ['source_success_pct', 'destination_success_pct']) {
    for (const raw of system) {
      if (raw.metric !== metric || edges.has(raw.labels.edge)) continue
      edges.set(raw.labels.edge, { edge: edgeOf(raw), points: sharesOf(raw) })
    }
  }
  return [...edges.values()]
}

/** Percent as shares of 1. */
function sharesOf({ t, v }: Series): Point[] {
  return t.map((at, i) => ({ at, value: v[i] === null || v[i] === undefined ? null : v[i] / 100 }))
}

function edgeOf({ metric, entity, labels }: Series): Edge {
  const [from, to] = labels.edge?.split('>') ?? []
  if (from === undefined || to === undefined) {
    throw new Error(`${metric} of ${entity}: expected an edge like caller>callee, got ${labels.edge}`)
  }
  return { from, to }
}
