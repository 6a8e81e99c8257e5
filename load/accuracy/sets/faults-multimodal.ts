import { judgeViews, type WindowsJudgement } from '../../../src/judges/windows/judge-views.ts'
import { viewWindow, type WindowView } from '../../../src/judges/windows/view-window.ts'
import type { DataFolder } from '../data-folder.ts'
import { dataSet, type SetScore } from '../data-set.ts'
import { readWindow, type Split, splitWindow, type WindowLine } from '../faults-window.ts'
import { decisionScore } from '../scores.ts'

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

type JudgedCase = Pick<FaultCase, 'case_id' | 'system' | 'kind'> & { readonly judgement: WindowsJudgement }

function judgeCases(folder: DataFolder, progress: (done: number, of: number) => void): JudgedCase[] {
  const cases = folder.jsonLines<FaultCase>('cases.jsonl')
  const views = viewAll(folder, cases)
  return cases.map((one, at) => {
    const view = (part: WindowPart): WindowView => views.get(viewKey(one.service, part))!
    const judgement = judgeViews(view(one.canary), baselineOf(one).map(view))
    progress(at + 1, cases.length)
    return { case_id: one.case_id, system: one.system, kind: one.kind, judgement }
  })
}

/** Window by window, so that each is read once and only what the judge looks at stays in memory. */
function viewAll(folder: DataFolder, cases: readonly FaultCase[]): Map<string, WindowView> {
  const wanted = new Map<string, Map<string, { readonly service: string; readonly part: WindowPart }>>()
  for (const one of cases) {
    for (const part of [one.canary, ...baselineOf(one)]) {
      const ofWindow = wanted.get(part.window) ?? new Map()
      wanted.set(part.window, ofWindow.set(viewKey(one.service, part), { service: one.service, part }))
    }
  }
  const views = new Map<string, WindowView>()
  const lines = new Map(folder.jsonLines<WindowLine>('windows.jsonl').map((line) => [line.window, line]))
  for (const [id, parts] of wanted) {
    const line = lines.get(id)
    if (line === undefined) throw new Error(`faults-multimodal: window ${id} has no line in windows.jsonl`)
    const window = readWindow(folder, line)
    for (const [key, { service, part }] of parts) {
      views.set(key, viewWindow(part.split === undefined ? window : splitWindow(window, part.split), service))
    }
  }
  return views
}

function viewKey(service: string, { window, split }: WindowPart): string {
  return `${service} ${window} ${split ?? ''}`
}

function baselineOf({ baseline }: FaultCase): readonly WindowPart[] {
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
          group.map(({ case_id, judgement }) => {
            const label = labels.get(case_id)
            if (label === undefined) throw new Error(`faults-multimodal: case ${case_id} has no line in truth.jsonl`)
            return { isBad: label === 'bad', decision: judgement.decision, harm: judgement.logE }
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
