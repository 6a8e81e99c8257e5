import { seriesJudges } from '../../../src/judges/index.ts'
import { judgeSeries } from '../../../src/judges/series-judge.ts'
import type { TelemetryWindow } from '../../../src/judges/windows/telemetry-window.ts'
import type { DataFolder } from '../data-folder.ts'
import { dataSet, type SetScore } from '../data-set.ts'
import { readWindow, type Split, splitWindow, type WindowLine } from '../faults-window.ts'
import { decisionScore, type Scored } from '../scores.ts'

type WindowPart = { readonly window: string; readonly split?: Split }

type FaultCase = {
  readonly case_id: string
  readonly system: string
  readonly service: string
  readonly kind: string
  readonly baseline: WindowPart | { readonly windows: readonly string[] }
  readonly canary: WindowPart
}

type Truth = { readonly case_id: string; readonly label: 'good' | 'bad' }

type JudgedCase = Pick<FaultCase, 'case_id' | 'system' | 'kind'> & {
  readonly decision: Scored['decision']
  readonly logE: number
}

function judgeCases(folder: DataFolder, progress: (done: number, of: number) => void): JudgedCase[] {
  const cases = folder.jsonLines<FaultCase>('cases.jsonl')
  const windowOf = windowReader(folder)
  return cases.map(({ case_id, system, kind, service, canary, ...one }, at) => {
    const baseline = baselineOf(one).map(windowOf)
    const { decision, logE } = judgeSeries(seriesJudges.windows, { service, canary: windowOf(canary), baseline })
    progress(at + 1, cases.length)
    return { case_id, system, kind, decision, logE }
  })
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

function baselineOf({ baseline }: Pick<FaultCase, 'baseline'>): readonly WindowPart[] {
  return 'windows' in baseline ? baseline.windows.map((window) => ({ window })) : [baseline]
}

/** One score per system and kind of case. @throws Error when a judged case has no truth */
function scoreFaults(judged: readonly JudgedCase[], truths: readonly Truth[]): Record<string, SetScore> {
  const labels = new Map(truths.map(({ case_id, label }) => [case_id, label]))
  const groups = Map.groupBy(judged, ({ system, kind }) => `faults-multimodal/${system}/${kind}`)
  return Object.fromEntries(
    [...groups]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, group]) => [
        name,
        decisionScore(
          group.map(({ case_id, decision, logE }) => {
            const label = labels.get(case_id)
            if (label === undefined) throw new Error(`faults-multimodal: case ${case_id} has no line in truth.jsonl`)
            return { isBad: label === 'bad', decision, harm: logE }
          }),
        ),
      ]),
  )
}

/** Metrics, traces and logs of two systems of microservices, with and without an injected fault. */
export const faultsMultimodal = dataSet<readonly JudgedCase[]>({
  name: 'faults-multimodal',
  references: [
    { who: 'onlineboutique pooled, worst modality around the service', score: { auc: 0.92 } },
    { who: 'trainticket pooled, worst modality around the service', score: { auc: 0.8 } },
    { who: 'onlineboutique pooled, a study of five families', score: { auc: 0.933 } },
    { who: 'trainticket pooled, a study of five families', score: { auc: 0.815 } },
  ],
  judge: judgeCases,
  score: (judged, folder) => scoreFaults(judged, folder.jsonLines<Truth>('truth.jsonl')),
})
