import { seriesJudges } from '../../../src/judges/index.ts'
import { judgeSeries } from '../../../src/judges/series-judge.ts'
import type { TelemetryWindow } from '../../../src/judges/windows/telemetry-window.ts'
import { openViews, type WindowView, type WindowViews } from '../../../src/judges/windows/view-window.ts'
import type { DataFolder } from '../data-folder.ts'
import { dataSet, goal, type SetScore } from '../data-set.ts'
import { readWindow, type Split, splitWindow, type WindowLine } from '../faults-window.ts'
import { halvesOf } from '../halves.ts'
import { judgeAsDeployment } from '../judge-as-deployment.ts'
import { isMislabelled } from '../mislabelled-minutes.ts'
import { decisionScore, type Scored, share } from '../scores.ts'

type WindowPart = { readonly window: string; readonly split?: Split }

type FaultCase = {
  readonly case_id: string
  readonly system: string
  readonly service: string
  readonly kind: string
  readonly baseline: WindowPart | { readonly windows: readonly string[] }
  readonly canary: WindowPart
}

type Truth = { readonly case_id: string; readonly label: 'good' | 'bad'; readonly service?: string }

/** What a window against up to six is judged beyond a decision. */
type Pooled = {
  readonly coverage: TelemetryWindow['coverage']
  /** The canary's window and the others, as the deployed service's requests look in them. */
  readonly view: WindowView
  readonly others: readonly WindowView[]
  /** All services of the system, the likeliest root cause first. */
  readonly causes: readonly string[]
}

type JudgedCase = Pick<FaultCase, 'case_id' | 'system' | 'service' | 'kind'> & {
  readonly decision: Scored['decision']
  readonly logE: number
  readonly pooled: Pooled | null
  /** One minute against one minute: what the judge of deployments says. */
  readonly asDeployment: Scored['decision'] | null
}

/** `all` is the context of `scored`: which minutes are mislabelled is told by cases of either half. */
type Judged = { readonly all: readonly JudgedCase[]; readonly scored: readonly JudgedCase[] }

type KnownCase = JudgedCase & { readonly truth: Truth }

function judgeCases(folder: DataFolder, progress: (done: number, of: number) => void): JudgedCase[] {
  const cases = folder.jsonLines<FaultCase>('cases.jsonl')
  const windowOf = windowReader(folder)
  const viewsOf = viewReader()
  return cases.map(({ case_id, system, kind, service, canary: part, ...one }, at) => {
    const canary = windowOf(part)
    const baseline = baselineOf(one).map(windowOf)
    const { decision, logE } = judgeSeries(seriesJudges.windows, { service, canary, baseline })
    const pooled = 'windows' in one.baseline ? judgePooled(service, canary, baseline, viewsOf) : null
    const asDeployment = 'windows' in one.baseline ? null : judgeAsDeployment(service, canary, baseline[0]!)
    progress(at + 1, cases.length)
    return { case_id, system, service, kind, decision, logE, pooled, asDeployment }
  })
}

function judgePooled(
  service: string,
  canary: TelemetryWindow,
  baseline: readonly TelemetryWindow[],
  viewsOf: (window: TelemetryWindow) => WindowViews,
): Pooled {
  return {
    coverage: canary.coverage,
    view: viewsOf(canary).viewOf(service),
    others: baseline.map((window) => viewsOf(window).viewOf(service)),
    causes: judgeSeries(seriesJudges['window-causes'], { canary, baseline }).ranked.map((one) => one.service),
  }
}

/** Reads each window once: cases share them, and all of them together are some hundred megabytes. */
function windowReader(folder: DataFolder): (part: WindowPart) => TelemetryWindow {
  const lines = new Map(folder.jsonLines<WindowLine>('windows.jsonl').map((line) => [line.window, line]))
  const read = new Map<string, TelemetryWindow>()
  return function windowOf({ window: id, split }: WindowPart): TelemetryWindow {
    const key = `${id} ${split ?? ''}`
    const known = read.get(key)
    if (known !== undefined) return known
    const line = lines.get(id)
    if (line === undefined) throw new Error(`faults-multimodal: window ${id} has no line in windows.jsonl`)
    const window = split === undefined ? readWindow(folder, line) : splitWindow(windowOf({ window: id }), split)
    read.set(key, window)
    return window
  }
}

/** Links each window's spans once. */
function viewReader(): (window: TelemetryWindow) => WindowViews {
  const open = new Map<TelemetryWindow, WindowViews>()
  return (window) => {
    const views = open.get(window) ?? openViews(window)
    open.set(window, views)
    return views
  }
}

function baselineOf({ baseline }: Pick<FaultCase, 'baseline'>): readonly WindowPart[] {
  return 'windows' in baseline ? baseline.windows.map((window) => ({ window })) : [baseline]
}

/**
 * One score per system and kind of case; of windows against up to six also without the mislabelled minutes (`clean`),
 * and how far up the service with the fault is in the ranking of causes (`root-cause`); of one minute against one minute
 * also what the judge of deployments decides (`as-deployment`).
 *
 * @throws Error when a judged case has no truth, or a fault no service
 */
function scoreFaults({ all, scored }: Judged, truths: readonly Truth[]): Record<string, SetScore> {
  const byId = new Map(truths.map((truth) => [truth.case_id, truth]))
  const known = all.map((one): KnownCase => {
    const truth = byId.get(one.case_id)
    if (truth === undefined) throw new Error(`faults-multimodal: case ${one.case_id} has no line in truth.jsonl`)
    return { ...one, truth }
  })
  const mislabelled = mislabelledCases(known)
  const names = new Set(scored.map((one) => one.case_id))
  const cases = known.filter((one) => names.has(one.case_id))
  const pooled = cases.filter((one) => one.pooled !== null)
  const groups = [
    ...Map.groupBy(cases, ({ system, kind }) => `${system}/${kind}`),
    ...Map.groupBy(
      pooled.filter(({ case_id }) => !mislabelled.has(case_id)),
      ({ system, kind }) => `${system}/${kind}/clean`,
    ),
  ].map(([name, group]) => [name, decisionScore(group.map(scoredCase))] as const)
  const deployments = cases.flatMap((one) =>
    one.asDeployment === null ? [] : [{ ...one, decision: one.asDeployment }],
  )
  const asDeployments = [...Map.groupBy(deployments, ({ system, kind }) => `${system}/${kind}/as-deployment`)].map(
    ([name, group]) => [name, { ...decisionScore(group.map(scoredCase)), auc: undefined }] as const,
  )
  const faults = pooled.filter(({ truth }) => truth.label === 'bad')
  const causes = [
    ...Map.groupBy(faults, ({ system }) => `${system}/root-cause`),
    ...(faults.length === 0 ? [] : [['root-cause', faults] as const]),
  ].map(([name, group]) => [name, causeScore(group)] as const)
  return Object.fromEntries(
    [...groups, ...asDeployments, ...causes]
      .map(([name, score]) => [`faults-multimodal/${name}`, score] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}

function scoredCase({ truth, decision, logE }: KnownCase): Scored {
  return { isBad: truth.label === 'bad', decision, harm: logE }
}

function causeScore(faults: readonly KnownCase[]): SetScore {
  const within = (top: number) =>
    faults.filter(({ case_id, truth, pooled }) => {
      if (truth.service === undefined)
        throw new Error(`faults-multimodal: expected the service with the fault ${case_id}`)
      return pooled!.causes.slice(0, top).includes(truth.service)
    }).length
  return {
    cases: faults.length,
    hitRateAt1: share(within(1), faults.length),
    hitRateAt3: share(within(3), faults.length),
  }
}

/** A labelled fault begins this soon after the fault-free minute before it. */
const followsWithinSeconds = 15

/** Fault-free minutes that already hold the fault which is labelled right after them, by {@link isMislabelled}. */
function mislabelledCases(cases: readonly KnownCase[]): Set<string> {
  const pooled = cases.filter((one) => one.pooled !== null && one.pooled.coverage !== null)
  const faults = pooled.filter(({ truth }) => truth.label === 'bad')
  const mislabelled = new Set<string>()
  for (const { case_id, system, service, truth, pooled: minute } of pooled) {
    if (truth.label === 'bad') continue
    const next = faults.find((fault) => {
      const pause = fault.pooled!.coverage!.fromSeconds - minute!.coverage!.toSeconds
      return fault.system === system && fault.service === service && pause >= 0 && pause <= followsWithinSeconds
    })
    if (next !== undefined && isMislabelled(minute!.view, next.pooled!.view, minute!.others)) mislabelled.add(case_id)
  }
  return mislabelled
}

const onlineboutique = 'faults-multimodal/onlineboutique'
const trainticket = 'faults-multimodal/trainticket'

/** Metrics, traces and logs of two systems of microservices, with and without an injected fault. */
export const faultsMultimodal = dataSet<Judged>({
  name: 'faults-multimodal',
  references: [
    { who: 'onlineboutique pooled, worst modality around the service', score: { auc: 0.92 } },
    { who: 'trainticket pooled, worst modality around the service', score: { auc: 0.8 } },
    { who: 'onlineboutique pooled, a study of five families', score: { auc: 0.933 } },
    { who: 'trainticket pooled, a study of five families', score: { auc: 0.815 } },
  ],
  goals: [
    goal('pooled, AUC', 'auc', { least: 0.93 }, `${onlineboutique}/pooled_baseline`),
    goal('pooled, AUC', 'auc', { least: 0.81 }, `${trainticket}/pooled_baseline`),
    goal('pooled, AUC', 'auc', { least: 0.92 }, `${trainticket}/pooled_baseline/clean`),
    goal('A/A rolled back', 'falsePositiveRate', { most: 0.05 }, `${onlineboutique}/pooled_baseline/clean`),
    goal('A/A rolled back', 'falsePositiveRate', { most: 0.05 }, `${trainticket}/pooled_baseline/clean`),
    ...['before_after', 'before_after/as-deployment', 'same_minute_split', 'same_minute_split/as-deployment'].flatMap(
      (kind) => [
        goal('A/A rolled back', 'falsePositiveRate', { most: 0.01 }, `${trainticket}/${kind}`),
        goal('mostly held', 'holdShare', { least: 0.5 }, `${trainticket}/${kind}`),
      ],
    ),
    goal('cause in the first place', 'hitRateAt1', { least: 0.6 }, 'faults-multimodal/root-cause'),
    goal('cause in the first three', 'hitRateAt3', { least: 0.85 }, 'faults-multimodal/root-cause'),
  ],
  judge(folder, progress) {
    const all = judgeCases(folder, progress)
    return { all, scored: all }
  },
  score: (judged, folder) => scoreFaults(judged, folder.jsonLines<Truth>('truth.jsonl')),
  halve: ({ all }) => halvesOf(all, ({ case_id }) => case_id).map((scored) => ({ all, scored })),
})
